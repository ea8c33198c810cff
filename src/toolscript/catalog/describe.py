"""Documentation of namespaces and methods, within a budget of tokens.

1. A namespace gives an index of its methods; a method gives its description, effect, types and an example call.
2. Several paths share the budget; what one does not need goes to the others.
3. What was left out is said, with the path to ask for. A path that is not there is listed with near ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolscript.catalog.catalog import Catalog, Namespace
from toolscript.catalog.nearness import bare
from toolscript.catalog.search import namespaces_text, summary_of
from toolscript.schema.quoting import comment
from toolscript.schema.typescript import Declarations, example, outline
from toolscript.tokens import estimate
from toolscript.tools import Tool

MAX_PATHS = 50
MARGIN = 24  # what the line breaks, and the line that says how many methods are left, may take
CHARS_PER_TOKEN = 4.5  # of declarations at most, by `estimate`, on the recorded tools
MIN_TOKENS = 60  # less than this says nothing of a method


def describe(catalog: Catalog, paths: Sequence[str], *, budget_tokens: int = 2000) -> str:
    """The documentation of the paths: namespaces, methods, or upstream names."""
    asked = list(dict.fromkeys(path.strip() for path in paths if path.strip()))
    if not asked:
        return f"Name what to describe, a path such as namespace.method. {namespaces_text(catalog)}"
    over = asked[MAX_PATHS:]
    parts: list[str] = []
    unknown: list[str] = []
    found: list[Tool | Namespace] = []
    for path in asked[:MAX_PATHS]:
        subject = _namespace(catalog, path) or catalog.meant(path)
        if subject is None:
            unknown.append(_unknown(catalog, path))
        elif subject not in found:
            found.append(subject)
    left = budget_tokens - sum(estimate(line) for line in unknown)
    skipped: list[str] = []
    for subject, share, whole in _shares(found, left):
        need = estimate(whole)
        if need <= share:
            parts.append(whole)
        elif share < MIN_TOKENS and len(found) > 1:
            skipped.append(_path(subject))
        else:
            parts.append(_text(subject, share))
    parts += unknown
    if skipped or over:
        names = ", ".join(comment(name, 60) for name in (skipped + over)[:10])
        more = f" and {len(skipped + over) - 10} more" if len(skipped + over) > 10 else ""  # noqa: PLR2004 - one line
        parts.append(f"Left out, ask again for: {names}{more}")
    return "\n\n".join(parts)


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


def _of_tool(tool: Tool, budget_tokens: int) -> str:
    effect = "read" if tool.effect == "read" else "write, destructive" if tool.destructive else "write"
    head = f"{tool.path} [{effect}]"
    if bare(tool.raw_name) != bare(tool.path.method):
        head += f" (upstream name: {comment(tool.raw_name, 80)})"
    sample = f"Example: {comment(example(tool), 300)}"
    left = budget_tokens - estimate(head) - 12
    description = _paragraphs(tool.description, max(40, left // 3))
    left -= estimate(description)
    types = _types(tool, left)
    left -= estimate(types)
    lines = [head, description, f"```ts\n{types}\n```"]
    if estimate(sample) <= left:
        lines.append(sample)
    if "…" in types:
        lines.append(f"… marks what was left out: describe {tool.path} alone with a larger budget.")
    return "\n".join(line for line in lines if line)


def _types(tool: Tool, budget_tokens: int) -> str:
    """The declarations in the most detail that fits."""
    chars = max(120, int(budget_tokens * CHARS_PER_TOKEN))
    printer = Declarations(tool)
    while True:
        text = printer.text(chars)
        if estimate(text) <= budget_tokens or chars <= 120:  # noqa: PLR2004 - a bare signature
            return text
        chars = min(int(chars * 0.8), int(len(text) * 0.95))


def _of_namespace(namespace: Namespace, budget_tokens: int) -> str:
    head = [_heading(namespace)]
    if namespace.about.strip():
        head.append(_paragraphs(namespace.about, budget_tokens // 4))
    if namespace.state != "ready":
        head.append(f"It is {namespace.state}; its tools may be missing.")
    tools = sorted(namespace.methods.values(), key=lambda tool: tool.path)
    if not tools:
        return "\n".join(head)
    last = f'describe("{tools[0].path}") gives its types; search with namespace "{namespace.name}" finds methods.'
    left = budget_tokens - estimate("\n".join([*head, last])) - MARGIN
    return "\n".join([*head, _rows(tools, left), last])


def _rows(tools: list[Tool], budget_tokens: int) -> str:
    """One line a method in the form that lets all of them fit; else as many names as do."""
    for arguments, words in ((110, 80), (110, 40), (70, 0)):
        rows = _all_rows(tools, arguments, words, budget_tokens)
        if rows is not None:
            return "\n".join(rows)
    shown: list[str] = []
    for tool in tools:
        name = f"{tool.path.method}{_effect(tool)}"
        budget_tokens -= estimate(name) + 1
        if budget_tokens < 0 and shown:
            shown.append(f"…{len(tools) - len(shown)} more: search with namespace {tool.path.namespace!r}")
            break
        shown.append(name)
    return ", ".join(shown)


def _all_rows(tools: list[Tool], arguments: int, words: int, budget_tokens: int) -> list[str] | None:
    """One line a method, or None where they do not all fit."""
    rows: list[str] = []
    for tool in tools:
        rows.append(_row(tool, arguments, words))
        budget_tokens -= estimate(rows[-1]) + 1
        if budget_tokens < 0:
            return None
    return rows


def _row(tool: Tool, arguments: int, words: int) -> str:
    summary = summary_of(tool, words) if words else ""
    return f"{outline(tool, max_chars=arguments)}{_effect(tool)}{f' — {summary}' if summary else ''}"


def _effect(tool: Tool) -> str:
    return " [read]" if tool.effect == "read" else ""


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


def _paragraphs(text: str, budget_tokens: int) -> str:
    """A description with its lines kept, cut to a budget."""
    lines = [line for line in (comment(line, 2_000) for line in text.strip().splitlines()) if line]
    kept: list[str] = []
    for line in lines:
        cost = estimate(line) + 1
        if cost > budget_tokens:
            chars = int(len(line) * budget_tokens / cost)
            kept.append(comment(line, chars) if chars > 20 else "…")  # noqa: PLR2004 - a few words at least
            break
        budget_tokens -= cost
        kept.append(line)
    return "\n".join(kept)


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


def _path(subject: Tool | Namespace) -> str:
    return subject.name if isinstance(subject, Namespace) else str(subject.path)


def _shares(subjects: list[Tool | Namespace], budget_tokens: int) -> Iterator[tuple[Tool | Namespace, int, str]]:
    """Every subject with its fair share and its whole text; what small ones leave goes to the large."""
    texts = [_text(subject, budget_tokens) for subject in subjects]
    needs = [estimate(text) + 2 for text in texts]
    shares = [0] * len(subjects)
    left, waiting = budget_tokens, sorted(range(len(subjects)), key=needs.__getitem__)
    while waiting:
        fair = max(left, 0) // len(waiting)
        place = waiting.pop(0)
        shares[place] = min(needs[place], fair)
        left -= shares[place]
    yield from zip(subjects, shares, texts, strict=True)


def _text(subject: Tool | Namespace, budget_tokens: int) -> str:
    match subject:
        case Namespace():
            return _of_namespace(subject, budget_tokens)
        case Tool():
            return _of_tool(subject, budget_tokens)
