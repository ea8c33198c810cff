"""From a question to the tools that answer it.

1. An exact path or name wins outright, in any spelling; then the ranking decides, ties in the order of paths.
2. The answer is empty only where there is no tool at all: without a match the nearest names stand in, marked weak.
3. An empty question, a filter that names nothing and sources that cannot be reached are answered in words, in `note`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from toolscript.catalog.catalog import Catalog, Namespace
from toolscript.catalog.index import Index
from toolscript.catalog.nearness import bare, nearest
from toolscript.catalog.ranking import Scored
from toolscript.catalog.terms import document_terms, name_key, query_terms
from toolscript.schema.quoting import comment
from toolscript.schema.typescript import outline, signature
from toolscript.tokens import estimate
from toolscript.tools import Effect, Tool, ToolPath

MAX_LIMIT = 50
MAX_QUESTIONS = 10
SUMMARY_CHARS = 110
ANSWER_TOKENS = 300
WRAPPED = 60  # characters of a line that its author may have wrapped
WEAK = 0.3  # of a question's weight: below it even the best tool matches hardly more than a word in passing
EXACT = 10_000.0  # above any score that words can reach

_sentence_end = re.compile(r"(?<=[\w)`'\"][\w)`'\"])[.!?。] ")  # no end: `e.g. `


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One tool that was found. `outline` is the call with its arguments' names, `signature` has their types too."""

    path: str
    signature: str
    outline: str
    summary: str
    effect: Effect
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer: the best hits, how many tools matched, whether the match is weak, and what else is to be said."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    weak: bool = False
    note: str = ""


def search(catalog: Catalog, query: str | Sequence[str], *, limit: int = 10, namespace: str | None = None) -> Found:
    """The tools that fit the question best; of several questions, the best of each in turn."""
    limit = max(1, min(limit, MAX_LIMIT))
    chosen = _chosen(catalog, namespace)
    if not chosen:
        wrong = f"There is no namespace {comment(namespace or '', 60)!r}. " if catalog.namespaces else ""
        return Found(note=f"{wrong}{namespaces_text(catalog)}")
    questions = [query] if isinstance(query, str) else list(dict.fromkeys(query))
    questions = [text for text in questions if text.strip()][:MAX_QUESTIONS]
    if not questions:
        return _browsed(catalog, chosen, limit, filtered=namespace is not None)
    answers = [_answered(catalog, text, chosen, limit) for text in questions]
    return answers[0] if len(answers) == 1 else _shuffled(answers, limit)


def _answered(catalog: Catalog, text: str, chosen: list[Namespace], limit: int) -> Found:
    scored, total = _exact_first(catalog, text, chosen, limit)
    if not scored:
        return _guessed(catalog, text, chosen, limit)
    weak = scored[0].coverage < WEAK
    note = _absent(chosen)
    if weak:
        note = _joined("Nothing matches well; these are the nearest. Try other words, or search one namespace.", note)
    hits = _hits(catalog, ((str(each.path), each.score) for each in scored))
    return Found(hits=hits, total=total, weak=weak, note=note)


def _shuffled(answers: list[Found], limit: int) -> Found:
    hits: dict[str, Hit] = {}
    for row in zip_longest(*(answer.hits for answer in answers)):
        for hit in row:
            if hit is not None and len(hits) < limit:
                hits.setdefault(hit.path, hit)
    return Found(
        hits=tuple(hits.values()),
        total=max(len(hits), *(answer.total for answer in answers)),
        weak=all(answer.weak for answer in answers),
        note=_joined(*dict.fromkeys(answer.note for answer in answers)),
    )


def found_text(found: Found, *, budget_tokens: int = ANSWER_TOKENS) -> str:
    """What a model reads of an answer: one line a tool, the best ones with types as far as the budget goes."""
    tail = [found.note] if found.note else []
    if found.hits and found.total > len(found.hits):
        tail.insert(0, f"({len(found.hits)} of {found.total} matches; narrow the query, or raise `limit`)")
    left = budget_tokens - sum(map(estimate, tail))
    forms = [[(form, estimate(form) + 1) for form in _forms(hit)] for hit in found.hits]
    chosen = [0] * len(forms)
    left -= sum(of_hit[0][1] for of_hit in forms)
    # Types for the best hit, then a fuller form for every one, in order: names of arguments before types.
    for places, level in ((slice(1), 2), (slice(None), 1), (slice(None), 2)):
        for place in range(len(forms))[places]:
            more = forms[place][level][1] - forms[place][chosen[place]][1]
            if chosen[place] < level and more <= left:
                chosen[place] = level
                left -= more
    return "\n".join([of_hit[level][0] for of_hit, level in zip(forms, chosen, strict=True)] + tail)


def namespaces_text(catalog: Catalog, *, budget_tokens: int = 200) -> str:
    """The namespaces with the number of their tools, in one line."""
    if not catalog.namespaces:
        return "No tools are connected."
    parts: list[str] = []
    left = budget_tokens
    for namespace in sorted(catalog.namespaces.values(), key=lambda each: each.name):
        part = f"{namespace.name} ({_size(namespace)})"
        left -= estimate(part) + 1
        if left < 0:
            parts.append(f"…{len(catalog.namespaces) - len(parts)} more")
            break
        parts.append(part)
    return f"Namespaces: {', '.join(parts)}."


def summary_of(tool: Tool, max_chars: int = SUMMARY_CHARS) -> str:
    """The first sentence of a description."""
    lines = [line.strip() for line in tool.description.strip().splitlines()]
    telling = [place for place, line in enumerate(lines) if any(char.isalnum() for char in line)]
    first = telling[0] if telling else 0
    words = lines[first : first + 1]
    # A long line without an end goes on in the next one: authors wrap their texts.
    for line in lines[first + 1 : first + 6]:
        if len(words[-1]) < WRAPPED or words[-1].endswith((".", ":", "!", "?")) or not line:
            break
        words.append(line)
    text = comment(" ".join(words).lstrip("#*-> "), 400)
    end = _sentence_end.search(text, 8)
    return comment(text[: end.start()] if end else text, max_chars).rstrip(".")


def _forms(hit: Hit) -> tuple[str, str, str]:
    """A hit in one line, from the shortest form to the fullest."""
    mark = " [read]" if hit.effect == "read" else ""
    typed = hit.signature.removesuffix(": Promise<unknown>")
    summary = f" — {hit.summary}" if hit.summary else ""
    short = f" — {comment(hit.summary, 50)}" if hit.summary else ""
    return f"{hit.path}{mark}{short}", f"{hit.outline}{mark}{short}", f"{typed}{mark}{summary}"


def _chosen(catalog: Catalog, namespace: str | None) -> list[Namespace]:
    if namespace is None:
        return list(catalog.namespaces.values())
    held = catalog.namespaces.get(namespace)
    if held is not None:
        return [held]
    return [each for each in catalog.namespaces.values() if bare(each.name) == bare(namespace)]


def _exact_first(catalog: Catalog, text: str, chosen: list[Namespace], limit: int) -> tuple[list[Scored], int]:
    scored, total = catalog.ranking.ranked(text, _indexes(catalog, chosen), limit)
    key = name_key(text[:200])
    named = catalog.ranking.named(key)
    if len(chosen) < len(catalog.namespaces):
        names = {namespace.name for namespace in chosen}
        named = [path for path in named if path.namespace in names]
    if not named:
        return scored, total
    asked = bare(text)
    known = {each.path: each.score for each in scored}
    exact: dict[ToolPath, Scored] = {}
    for path in named:
        tool = catalog.find(str(path))
        literal = tool is not None and asked in (bare(str(path)), bare(path.method), bare(tool.raw_name))
        exact[path] = Scored(path, EXACT * (1 + (text == str(path)) + literal) + known.get(path, 0.0), 1.0)
    first = sorted(exact.values(), key=lambda each: (-each.score, each.path))
    return (first + [each for each in scored if each.path not in exact])[:limit], max(total, len(exact))


def _indexes(catalog: Catalog, chosen: list[Namespace]) -> list[Index] | None:
    return None if len(chosen) == len(catalog.namespaces) else [namespace.index for namespace in chosen]


def _browsed(catalog: Catalog, chosen: list[Namespace], limit: int, *, filtered: bool) -> Found:
    if not filtered:
        return Found(total=len(catalog), note=f"The query is empty. {namespaces_text(catalog)}")
    tools = sorted((tool for each in chosen for tool in each.methods.values()), key=lambda tool: tool.path)
    note = _absent(chosen)
    return Found(hits=_plain(catalog, tools[:limit]), total=len(tools), note=note)


def _guessed(catalog: Catalog, text: str, chosen: list[Namespace], limit: int) -> Found:
    """The nearest to a question that matches no tool: sources that speak of it, words and then names spelt alike."""
    asked = set(query_terms(text[:200]))
    speaking = [each for each in chosen if each.about and asked & set(document_terms(each.about)) and each.methods]
    if speaking:
        tools = [tool for each in speaking for tool in each.methods.values()][:limit]
        names = _listed([each.name for each in speaking])
        words = f"No tool matches {comment(text, 60)!r}, but the description of {names} does."
        return Found(hits=_plain(catalog, tools), total=len(tools), weak=True, note=words)
    scored = catalog.ranking.respelt(text, _indexes(catalog, chosen), min(limit, 5))
    among = {namespace.name: namespace for namespace in chosen}
    tools = [tool for each in scored if (tool := catalog.find(str(each.path))) is not None]
    tools = tools or list(nearest(text, among, min(limit, 5), like=0.5) or nearest(text, among, min(limit, 3), like=0))
    words = f"Nothing matches {comment(text, 60)!r}{'; these are the nearest' if tools else ''}."
    note = f"{words} {namespaces_text(catalog)}"
    return Found(hits=_plain(catalog, tools), total=len(tools), weak=True, note=note)


def _absent(chosen: list[Namespace]) -> str:
    """Which of the searched namespaces could not answer, because their tools are not here."""
    connecting = [each.name for each in chosen if each.state == "connecting" and not each.methods]
    unreachable = [each.name for each in chosen if each.state == "unreachable"]
    parts: list[str] = []
    if connecting:
        parts.append(f"Still connecting, not searched: {_listed(connecting)}.")
    if unreachable:
        parts.append(f"Unreachable: {_listed(unreachable)}.")
    return " ".join(parts)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")  # noqa: PLR2004 - one line


def _size(namespace: Namespace) -> str:
    count = len(namespace.methods)
    if namespace.state == "ready" or (namespace.state == "connecting" and count):
        return f"{count} tool{'' if count == 1 else 's'}"
    return namespace.state if not count else f"{count} tools, {namespace.state}"


def _hits(catalog: Catalog, scored: Iterable[tuple[str, float]]) -> tuple[Hit, ...]:
    return tuple(_hit(catalog, path, score) for path, score in scored)


def _plain(catalog: Catalog, tools: Iterable[Tool]) -> tuple[Hit, ...]:
    return _hits(catalog, ((str(tool.path), 0.0) for tool in tools))


def _hit(catalog: Catalog, path: str, score: float) -> Hit:
    space, _, method = path.partition(".")
    namespace = catalog.namespaces[space]
    tool = namespace.methods[method]
    lines = namespace.lines.get(method)
    if lines is None:
        lines = namespace.lines[method] = (signature(tool), outline(tool), summary_of(tool))
    typed, named, summary = lines
    return Hit(path=path, signature=typed, outline=named, summary=summary, effect=tool.effect, score=round(score, 2))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
