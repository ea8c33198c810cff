"""Documentation of namespaces and methods, within a budget of tokens.

1. A namespace gives an index of its methods; a method gives its description, effect, types and an example call.
2. A part of a method's types is asked for by `namespace.method:part`: the name of a type (`crm.find:Person`), or
   `input` or `output`, and members from there on (`crm.find:input.address`, `crm.find:Person.tags`).
3. Several paths share the budget, and their named types; what one does not need goes to the others.
4. What was left out is said, with the path to ask for. A path that is not there is listed with near ones.
5. The budget is never exceeded, by `tokens.estimate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolscript.catalog.catalog import Catalog, Namespace
from toolscript.catalog.letters import bare
from toolscript.catalog.method_text import Outlook, Part, Writer, paragraphs
from toolscript.catalog.search import namespaces_text
from toolscript.catalog.summary import summary_of
from toolscript.schema.quoting import comment
from toolscript.schema.syntax import Syntax
from toolscript.tokens import cut, estimate
from toolscript.tools import Tool

MAX_PATHS = 50
ROOM = 48  # that a text is given beyond what it took: sums of estimates are a little off, and it must not be cut
MAX_NAMED = 10  # paths that are listed as left out
MARGIN = 24  # what the line breaks, and the line that says how many methods are left, may take
MIN_TOKENS = 60  # less than this says nothing of a method


@dataclass(frozen=True, slots=True)
class Page:
    """A text that is there already."""

    path: str
    text: str


Subject = Namespace | Tool | Part | Page


def describe(
    catalog: Catalog,
    paths: Sequence[str],
    *,
    budget_tokens: int = 2000,
    language: Syntax = "typescript",
    outlook: Outlook | None = None,
    manual: Mapping[str, str] | None = None,
) -> str:
    """The documentation of the paths: namespaces, methods, upstream names, or parts of a method's types.

    `outlook` says what the policy makes of a tool; with it, every method says whether it will ask for approval.
    `manual` has the texts, by path, of a namespace that is in no catalogue; whatever else is asked of it gets the
    first of them.
    """
    asked = list(dict.fromkeys(path.strip() for path in paths if path.strip()))
    if not asked:
        return cut(f"Name what to describe, a path such as namespace.method. {namespaces_text(catalog)}", budget_tokens)
    unknown: list[str] = []
    found: list[Subject] = []
    for path in asked[:MAX_PATHS]:
        subject = _page(manual or {}, path) or _subject(catalog, path)
        if isinstance(subject, str):
            unknown.append(subject)
        elif subject not in found:
            found.append(subject)
    budget, text = budget_tokens, ""
    for _ in range(3):  # sums of estimates are a little off: then once more with a little less
        text = _within(Writer(catalog, language, outlook), found, unknown, asked[MAX_PATHS:], budget)
        over = estimate(text) - budget_tokens
        if over <= 0:
            return text
        budget -= over + 4
    return _beginning(text, budget_tokens)


def missing_part(catalog: Catalog, path: str) -> str:
    """The sentence that a path stands for nothing, or no text where it stands for something."""
    subject = _subject(catalog, path)
    return subject if isinstance(subject, str) else ""


def _page(manual: Mapping[str, str], path: str) -> Page | None:
    whole = next(iter(manual), "")
    if path in manual:
        return Page(path, manual[path])
    return Page(whole, manual[whole]) if whole and path.startswith(f"{whole}.") else None


def _subject(catalog: Catalog, path: str) -> Subject | str:
    """What a path stands for, or the sentence that there is no such thing."""
    subject = _namespace(catalog, path) or catalog.meant(path)
    method, colon, place = path.partition(":")
    if isinstance(subject, Tool) and colon and subject.raw_name not in (path, path.partition(".")[2]):
        subject = None  # it only looks alike when the part is left out
    if subject is not None:
        return subject
    tool = catalog.meant(method.strip()) if colon else None
    if tool is not None and not place.strip():
        return tool
    if tool is not None:
        part = Part(tool, place.strip())
        writer = Writer(catalog)
        if writer.part(part, MIN_TOKENS) is not None:
            return part
        return f"{tool.path} has no part {comment(place, 60)!r}. Ask for one of {writer.parts_of(tool)}."
    return _unknown(catalog, method.strip() if colon else path)


def _within(writer: Writer, found: list[Subject], unknown: list[str], over: list[str], budget_tokens: int) -> str:
    unknown = _as_many(unknown, budget_tokens // 2 if found else budget_tokens)
    left = budget_tokens - sum(estimate(line) + 2 for line in unknown)
    parts: list[str] = []
    skipped: list[str] = []
    needs = _needs(writer, found, left)
    for place, subject in enumerate(found):
        share = _share(needs[place:], left)
        if share < min(MIN_TOKENS, needs[place]) and len(found) > 1:
            skipped.append(_path(subject))
            continue
        text, _ = _text(writer, subject, share)
        parts.append(text)
        left -= estimate(text) + 2
    parts += unknown
    if skipped or over:
        listed = skipped + over
        names = ", ".join(comment(name, 60) for name in listed[:MAX_NAMED])
        more = f" and {len(listed) - MAX_NAMED} more" if len(listed) > MAX_NAMED else ""
        parts.append(f"Left out, ask again for: {names}{more}")
    return "\n\n".join(parts)


def _needs(writer: Writer, found: list[Subject], budget_tokens: int) -> list[int]:
    """What each subject would take: that of small ones is known, a large one takes whatever it gets."""
    if len(found) == 1:
        return [budget_tokens]
    fair = budget_tokens // max(1, len(found))
    needs: list[int] = []
    for subject in found:
        apart = Writer(writer.catalog, writer.language, writer.outlook)
        text, whole = _text(apart, subject, fair) if fair >= MIN_TOKENS else ("", False)
        needs.append(estimate(text) + ROOM if whole else budget_tokens)
    return needs


def _share(needs: list[int], left: int) -> int:
    """What the first of several may take, when small ones get what they need and the large ones equal parts."""
    share, waiting = 0, sorted(needs)
    while waiting:
        fair = max(left, 0) // len(waiting)
        need = waiting.pop(0)
        share = min(need, fair)
        if need >= needs[0]:
            return min(needs[0], fair)
        left -= share
    return share


def _as_many(lines: list[str], budget_tokens: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        budget_tokens -= estimate(line) + 2
        if budget_tokens < 0 and kept:
            return [*kept, f"{len(lines) - len(kept)} more paths are not there."]
        kept.append(line)
    return kept


def _beginning(text: str, budget_tokens: int) -> str:
    """The beginning of a text for a budget in which hardly anything can be said; no code block stays open."""
    text = cut(text, budget_tokens - 1)
    return text[: text.rfind("```")] if text.count("```") % 2 else text


def overview(catalog: Catalog, *, budget_tokens: int) -> str:
    """The namespaces with their sizes and, as far as the budget goes, what each is about."""
    telling = [each for each in catalog.namespaces.values() if each.methods or each.state != "ready"]
    if not telling:
        return "No tools are connected."
    spaces = sorted(telling, key=lambda each: (-len(each.methods), each.name))
    for chars in (100, 60, 30):
        lines = [f"{_heading(space)}{_about(space, chars)}" for space in spaces]
        text = "\n".join(lines)
        if estimate(text) <= budget_tokens:
            return text
    text = namespaces_text(catalog, budget_tokens=budget_tokens - 4)
    if estimate(text) <= budget_tokens:
        return text
    return f"{len(catalog.namespaces)} namespaces, {len(catalog)} tools"


def _of_namespace(writer: Writer, namespace: Namespace, budget_tokens: int) -> tuple[str, bool]:
    head = [_heading(namespace)]
    if namespace.about.strip():
        head.append(paragraphs(namespace.about, budget_tokens // 4))
    if namespace.state != "ready":
        head.append(f"It is {namespace.state}; its tools may be missing.")
    tools = sorted(namespace.methods.values(), key=lambda tool: tool.path)
    if not tools:
        return "\n".join(head), True
    last = f'describe("{tools[0].path}") gives its types; search with namespace "{namespace.name}" finds methods.'
    left = budget_tokens - estimate("\n".join([*head, last])) - MARGIN
    rows, whole = _rows(writer, tools, left)
    return "\n".join([*head, rows, last]), whole


def _rows(writer: Writer, tools: list[Tool], budget_tokens: int) -> tuple[str, bool]:
    """One line a method in the form that lets all of them fit; else as many names as do."""
    for arguments, words in ((110, 80), (110, 40), (70, 0)):
        rows = _all_rows(writer, tools, arguments, words, budget_tokens)
        if rows is not None:
            return "\n".join(rows), words > 40  # noqa: PLR2004 - the first of the forms above
    shown: list[str] = []
    for tool in tools:
        name = f"{tool.path.method}{_effect(writer, tool)}"
        budget_tokens -= estimate(name) + 1
        if budget_tokens < 0 and shown:
            shown.append(f"…{len(tools) - len(shown)} more: search with namespace {tool.path.namespace!r}")
            break
        shown.append(name)
    return ", ".join(shown), False


def _all_rows(writer: Writer, tools: list[Tool], arguments: int, words: int, budget_tokens: int) -> list[str] | None:
    """One line a method, or None where they do not all fit."""
    rows: list[str] = []
    for tool in tools:
        rows.append(_row(writer, tool, arguments, words))
        budget_tokens -= estimate(rows[-1]) + 1
        if budget_tokens < 0:
            return None
    return rows


def _row(writer: Writer, tool: Tool, arguments: int, words: int) -> str:
    summary = summary_of(tool, words) if words else ""
    return f"{writer.outline(tool, arguments)}{_effect(writer, tool)}{f' — {summary}' if summary else ''}"


def _effect(writer: Writer, tool: Tool) -> str:
    marks = writer.marks(tool)
    return "" if marks == "write" else f" [{marks}]" if tool.effect == "read" or writer.outlook else ""


def _heading(namespace: Namespace) -> str:
    count = len(namespace.methods)
    state = "" if namespace.state == "ready" else f", {namespace.state}"
    return f"{namespace.name} ({count} tool{'' if count == 1 else 's'}{state})"


def _about(namespace: Namespace, max_chars: int) -> str:
    text = namespace.about.strip()
    if text:
        return f": {comment(text.lstrip('#*-> '), max_chars)}"
    names: list[str] = []
    for method in namespace.methods:
        if sum(map(len, names)) + len(method) > max_chars * 0.7:
            names.append("…")
            break
        names.append(method)
    return f": {', '.join(names)}" if names else ""


def _namespace(catalog: Catalog, path: str) -> Namespace | None:
    held = catalog.namespaces.get(path)
    if held is not None or "." in path:
        return held
    same = [each for each in catalog.namespaces.values() if bare(each.name) == bare(path)]
    return same[0] if len(same) == 1 and catalog.meant(path) is None else None


def _unknown(catalog: Catalog, path: str) -> str:
    near = [str(tool.path) for tool in catalog.near(path)]
    text = f"There is no {comment(path, 80)!r}."
    if near:
        return f"{text} Did you mean {' or '.join(near)}?"
    return f"{text} {namespaces_text(catalog, budget_tokens=80)}"


def _path(subject: Subject) -> str:
    match subject:
        case Namespace(name=name):
            return name
        case Tool(path=path) | Page(path=path):
            return str(path)
        case Part():
            return str(subject)


def _text(writer: Writer, subject: Subject, budget_tokens: int) -> tuple[str, bool]:
    """The text of a subject, and whether it says all there is to say."""
    match subject:
        case Namespace():
            return _of_namespace(writer, subject, budget_tokens)
        case Tool():
            return writer.method(subject, budget_tokens)
        case Part():
            return writer.part(subject, budget_tokens) or ("", True)
        case Page(text=text):
            return cut(text, budget_tokens), estimate(text) <= budget_tokens
