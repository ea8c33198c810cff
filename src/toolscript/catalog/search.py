"""From a question to the tools that answer it.

1. An exact path or name wins outright, in any spelling; then the ranking decides, ties in the order of paths.
2. The answer is empty only where there is no tool at all: without a match the nearest names stand in, marked weak.
3. A page is cut out of the best after `offset`; it is the same however the pages before it were asked for, and what is
   denied is neither on it nor counted.
4. A word that no tool has is taken for what is spelt like it, and the answer says so.
5. An empty question, a filter that names nothing and sources that cannot be reached are answered in words, in `note`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from toolscript.catalog.catalog import Catalog, Namespace
from toolscript.catalog.index import Index
from toolscript.catalog.letters import bare
from toolscript.catalog.nearness import nearest
from toolscript.catalog.questions import Query, questions, wish
from toolscript.catalog.ranking import Ranked, Scored
from toolscript.catalog.spelling import unknown_text
from toolscript.catalog.summary import summary_of
from toolscript.catalog.terms import document_terms, name_key, query_terms
from toolscript.schema.quoting import comment
from toolscript.schema.syntax import Syntax, outline, signature
from toolscript.tokens import estimate
from toolscript.tools import Effect, Tool, ToolPath

MAX_LIMIT = 50
MAX_READ = 1_000  # hits, on all pages; further on nobody reads
GUESSES = 5  # tools that stand in where nothing matches
ANSWER_TOKENS = 300
WEAK = 0.3  # of a question's weight: below it even the best tool matches hardly more than a word in passing
EXACT = 10_000.0  # above any score that words can reach

Outlook = Callable[[Tool], Literal["allow", "ask", "deny", "depends"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One tool that was found. `outline` is the call with its arguments' names, `signature` has their types too.

    `approval`: whether a person will be asked before a call; None if that is not known, or depends on the arguments.
    """

    path: str
    signature: str
    outline: str
    summary: str
    effect: Effect
    score: float
    approval: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer: a page of hits after the first `offset` ones, how many tools matched, whether the match is weak, and
    what else is to be said."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    weak: bool = False
    note: str = ""
    offset: int = 0

    def plain(self) -> dict[str, object]:
        """The answer as programs and scripts read it: `{hits, total, weak, note}`, of values that are JSON."""
        hits = [
            {
                "path": hit.path,
                "signature": hit.signature,
                "summary": hit.summary,
                "effect": hit.effect,
                "approval": hit.approval,
                "score": round(hit.score, 3),
            }
            for hit in self.hits
        ]
        return {"hits": hits, "total": self.total, "weak": self.weak, "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Searched:
    """What is searched, and how many of the best are wanted."""

    catalog: Catalog
    chosen: list[Namespace]
    best: int
    outlook: Outlook | None
    language: Syntax

    @property
    def indexes(self) -> list[Index] | None:
        whole = len(self.chosen) == len(self.catalog.namespaces)
        return None if whole else [namespace.index for namespace in self.chosen]

    def denies(self, path: str) -> bool:
        """Whether calls of a tool are denied."""
        tool = self.catalog.find(path)
        return self.outlook is not None and tool is not None and self.outlook(tool) == "deny"

    def tools(self, namespaces: Iterable[Namespace]) -> Iterator[Tool]:
        """The tools of namespaces that are not denied."""
        for namespace in namespaces:
            yield from (tool for tool in namespace.methods.values() if not self.denies(str(tool.path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query taken apart: its questions, with an answer of the best hits for each, and what to say about all.

    The seam for whoever ranks in another way: exchange the answers (`fusion.fused`), then take a page.
    """

    questions: tuple[str, ...]
    answers: tuple[Found, ...]
    note: str = ""

    def page(self, limit: int = 10, offset: int = 0) -> Found:
        """The hits after the first `offset` ones, the best of each question in turn."""
        limit, offset = _bounded(limit, offset)
        found = self.answers[0] if len(self.answers) == 1 else _shuffled(self.answers)
        hits = found.hits[:MAX_READ][offset : offset + limit]
        end = "" if hits or not found.hits else f"There are no more than {len(found.hits)}."
        if end and found.total > MAX_READ:
            end = f"Only the first {MAX_READ:,} can be read: narrow the query."
        return replace(found, hits=hits, offset=offset, note=_joined(self.note, end, found.note))


def search(
    catalog: Catalog,
    query: Query,
    *,
    limit: int = 10,
    offset: int = 0,
    namespace: str | Sequence[str] | None = None,
    outlook: Outlook | None = None,
    language: Syntax = "typescript",
) -> Found:
    """The tools that fit the question best; of several questions, the best of each in turn.

    `namespace` is one or several to search, all if it is empty. `outlook` says what becomes of
    calls of a tool; what it denies is left out.
    Raises ValueError for a query of the wrong form, with the right one in its words.
    """
    asked = ask(catalog, query, limit=limit, offset=offset, namespace=namespace, outlook=outlook, language=language)
    return asked.page(limit, offset)


def ask(
    catalog: Catalog,
    query: Query,
    *,
    limit: int = 10,
    offset: int = 0,
    depth: int = 0,
    namespace: str | Sequence[str] | None = None,
    outlook: Outlook | None = None,
    language: Syntax = "typescript",
) -> Asked:
    """As `search`, before a page is taken: with at least `depth` hits for each question, as far as that many match."""
    asked = questions(query)
    limit, offset = _bounded(limit, offset)
    names = [name for name in ([namespace] if isinstance(namespace, str) else namespace or ()) if name.strip()]
    chosen, wrong = _chosen(catalog, names)
    if not chosen:
        return Asked(questions=(), answers=(Found(note=_joined(wrong, namespaces_text(catalog))),))
    best = max(depth, min(offset + limit, MAX_READ))
    searched = _Searched(catalog=catalog, chosen=chosen, best=best, outlook=outlook, language=language)
    if asked:
        return Asked(questions=asked, answers=tuple(_answered(searched, text) for text in asked), note=wrong)
    if names:
        return Asked(questions=(), answers=(_browsed(searched),), note=wrong)
    there = len(catalog.namespaces)
    told = namespaces_text(catalog, offset=offset) if offset < max(1, there) else f"There are {there} namespaces."
    note = f"The query is empty. {told}"
    return Asked(questions=(), answers=(Found(total=len(catalog), note=note),))


def _bounded(limit: int, offset: int) -> tuple[int, int]:
    return max(1, min(limit, MAX_LIMIT)), max(0, offset)


def _answered(searched: _Searched, text: str) -> Found:
    ranked, denied = _allowed(searched, text)
    if not ranked.best:
        return _guessed(searched, text)
    hits = _hits(searched, ((str(each.path), each.score) for each in ranked.best))
    weak = ranked.best[0].coverage < WEAK
    nearest = "Nothing matches well; these are the nearest. Try other words, or search one namespace." if weak else ""
    words = unknown_text(ranked.unknown, all_of_them=weak)
    note = _joined(nearest, words, _absent(searched.chosen))
    return Found(hits=hits, total=ranked.total - denied, weak=weak or ranked.guessed, note=note)


def _allowed(searched: _Searched, text: str) -> tuple[Ranked, int]:
    """The ranking without tools that are denied, and how many of those lie among its best."""
    wanted = searched.best
    while True:
        ranked = _exact_first(searched, text, wanted)
        kept = [each for each in ranked.best if not searched.denies(str(each.path))]
        denied = len(ranked.best) - len(kept)
        if not denied or len(kept) >= searched.best or len(ranked.best) < wanted:
            return replace(ranked, best=kept[: searched.best]), denied
        wanted *= 2


def _shuffled(answers: Sequence[Found]) -> Found:
    hits: dict[str, Hit] = {}
    for row in zip_longest(*(answer.hits for answer in answers)):
        for hit in row:
            if hit is not None:
                hits.setdefault(hit.path, hit)
    return Found(
        hits=tuple(hits.values()),
        total=max(len(hits) if any(answer.total for answer in answers) else 0, *(answer.total for answer in answers)),
        weak=all(answer.weak for answer in answers),
        note=_joined(*dict.fromkeys(answer.note for answer in answers)),
    )


def found_text(found: Found, *, budget_tokens: int = ANSWER_TOKENS) -> str:
    """What a model reads of an answer: one line a tool, the best ones with types as far as the budget goes."""
    tail = [found.note] if found.note else []
    after = found.offset + len(found.hits)
    if found.hits and found.total > after:
        first = found.offset + 1
        shown = f"{first}-{after}" if 1 < first < after else f"number {after}" if first > 1 else str(after)
        more = f", or go on with `offset: {after}`" if after < MAX_READ else ": no more can be read"
        tail.insert(0, f"({shown} of {found.total} matches; narrow the query{more})")
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


def namespaces_text(catalog: Catalog, *, budget_tokens: int = 200, offset: int = 0) -> str:
    """The namespaces with the number of their tools, in one line, after the first `offset` ones."""
    if not catalog.namespaces:
        return "No tools are connected."
    parts: list[str] = []
    left = budget_tokens
    ordered = [namespace for _, namespace in sorted(catalog.namespaces.items())]
    offset = offset if offset < len(ordered) else 0
    for namespace in ordered[offset:]:
        part = f"{namespace.name} ({_size(namespace)})"
        left -= estimate(part) + 1
        if left < 0:
            parts.append(f"…{len(ordered) - offset - len(parts)} more")
            break
        parts.append(part)
    return f"Namespaces: {', '.join(parts)}."


def _forms(hit: Hit) -> tuple[str, str, str]:
    """A hit in one line, from the shortest form to the fullest."""
    marks = ", ".join(["read"] * (hit.effect == "read") + ["asks"] * bool(hit.approval))
    mark = f" [{marks}]" if marks else ""
    typed = hit.signature.removesuffix(": Promise<unknown>").removesuffix(" -> Any")
    summary = f" — {hit.summary}" if hit.summary else ""
    short = f" — {comment(hit.summary, 50)}" if hit.summary else ""
    return f"{hit.path}{mark}{short}", f"{hit.outline}{mark}{short}", f"{typed}{mark}{summary}"


def _chosen(catalog: Catalog, names: Sequence[str]) -> tuple[list[Namespace], str]:
    """The namespaces to search, all if none is named, and words about those that there are not."""
    if not names:
        return list(catalog.namespaces.values()), ""
    chosen: dict[str, Namespace] = {}
    wrong: list[str] = []
    for name in names:
        held = catalog.namespaces.get(name)
        same = (
            [each for each in catalog.namespaces.values() if bare(each.name) == bare(name)] if held is None else [held]
        )
        chosen.update((each.name, each) for each in same)
        if not same and catalog.namespaces:
            near = catalog.near_spaces(name[:60], 3)
            wrong.append(f"There is no namespace {comment(name, 60)!r}{f'; near: {_listed(near)}' if near else ''}.")
    return list(chosen.values()), " ".join(wrong[:3])


def _exact_first(searched: _Searched, text: str, limit: int) -> Ranked:
    catalog = searched.catalog
    named = catalog.ranking.named(name_key(text[:200]))
    if not named:
        text = wish(text)
        named = catalog.ranking.named(name_key(text[:200]))
    ranked = catalog.ranking.ranked(text, searched.indexes, limit)
    if searched.indexes is not None:
        names = {namespace.name for namespace in searched.chosen}
        named = [path for path in named if path.namespace in names]
    if not named:
        return ranked
    asked = bare(text)
    known = {each.path: each.score for each in ranked.best}
    exact: dict[ToolPath, Scored] = {}
    for path in named:
        tool = catalog.find(str(path))
        literal = tool is not None and asked in (bare(str(path)), bare(path.method), bare(tool.raw_name))
        exact[path] = Scored(path, EXACT * (1 + (text == str(path)) + literal) + known.get(path, 0.0), 1.0)
    first = sorted(exact.values(), key=lambda each: (-each.score, each.path))
    best = first + [each for each in ranked.best if each.path not in exact]
    return replace(ranked, best=best[:limit], total=max(ranked.total, len(exact)))


def _browsed(searched: _Searched) -> Found:
    """The tools of the chosen namespaces, in the order of their paths."""
    tools = sorted(searched.tools(searched.chosen), key=lambda tool: tool.path)
    return Found(hits=_plain(searched, tools[: searched.best]), total=len(tools), note=_absent(searched.chosen))


def _guessed(searched: _Searched, text: str) -> Found:
    """The nearest to a question that matches no tool: sources that speak of it, words and then names spelt alike."""
    chosen, few = searched.chosen, min(searched.best, GUESSES)
    asked = set(query_terms(text[:200]))
    speaking = [each for each in chosen if each.about and asked & set(document_terms(each.about)) and each.methods]
    if speaking:
        tools = list(searched.tools(speaking))
        names = _listed([each.name for each in speaking])
        words = f"No tool matches {comment(text, 60)!r}, but the description of {names} does."
        return Found(hits=_plain(searched, tools[: searched.best]), total=len(tools), weak=True, note=words)
    scored = searched.catalog.ranking.respelt(text, searched.indexes, few)
    tools = [tool for each in scored if (tool := searched.catalog.find(str(each.path))) is not None]
    if not tools:
        spaces, letters = {namespace.name: namespace for namespace in chosen}, searched.catalog.letters
        alike = nearest(text, spaces, letters, few, among=len(spaces) < len(searched.catalog.namespaces), like=0)
        tools = list(alike[:3])
    words = f"Nothing matches {comment(text, 60)!r}{'; these are the nearest' if tools else ''}."
    note = _joined(words, _absent(chosen), namespaces_text(searched.catalog))
    return Found(hits=_plain(searched, tools), weak=True, note=note)


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


def _plain(searched: _Searched, tools: Iterable[Tool]) -> tuple[Hit, ...]:
    return _hits(searched, ((str(tool.path), 0.0) for tool in tools))


def _hits(searched: _Searched, scored: Iterable[tuple[str, float]]) -> tuple[Hit, ...]:
    return tuple(hit for path, score in scored if (hit := _hit(searched, path, score)) is not None)


def _hit(searched: _Searched, path: str, score: float) -> Hit | None:
    space, _, method = path.partition(".")
    namespace = searched.catalog.namespaces[space]
    tool = namespace.methods[method]
    outcome = "depends" if searched.outlook is None else searched.outlook(tool)
    if outcome == "deny":
        return None
    lines = namespace.lines.get((method, searched.language))
    if lines is None:
        lines = (signature(tool, searched.language), outline(tool, searched.language), summary_of(tool))
        namespace.lines[method, searched.language] = lines
    typed, named, summary = lines
    return Hit(
        path=path,
        signature=typed,
        outline=named,
        summary=summary,
        effect=tool.effect,
        score=round(score, 2),
        approval=None if outcome == "depends" else outcome == "ask",
    )


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
