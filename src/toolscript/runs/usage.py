"""How programs call the built-in tools: they take plain arguments, which no schema says.

One table serves errors, which show a call, and `describe`, which tells what `codemode` has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolscript.schema.one_line import SIGNATURE_CHARS
from toolscript.schema.syntax import Syntax, signature
from toolscript.tools import Tool

EXPECTED_CHARS = 400  # 100 tokens, at the one moment at which a model needs them
BUILTIN = "codemode"
"""The namespace of our own tools."""
_HEAD = f"{BUILTIN}: what every program has beside its tools. Await each call."
_ALSO = {
    "typescript": """\
A large or binary result is a blob: `size`, `type`, and `text()`, `json()`, `bytes()`, `slice(start, end)` to await. A \
failed call throws an error with `message`, `code`, and `content` where the tool said more.""",
    "python": """\
A large or binary result is a blob: `size`, `media_type`, and `text()`, `json()`, `bytes()`, `slice(start, end)` to \
await. A failed call raises an exception: `str(error)`, `error.code`, and `error.content` where the tool said more.""",
}


@dataclass(frozen=True, slots=True)
class _Own:
    """A method: its call in TypeScript, what it does, the tool behind it, and its call in Python where that differs."""

    typescript: str
    about: str
    tool: str
    python: str = ""

    def call(self, syntax: Syntax) -> str:
        return f"{BUILTIN}.{(self.python or self.typescript) if syntax == 'python' else self.typescript}"


_OWN = (
    _Own(
        "search(query, { limit?, offset?, namespace? })",
        "finds tools by what they do; an array asks several things. "
        "Gives `{ hits: [{ path, signature, summary, effect, approval, score }], total, weak, note }`",
        "search",
        "search(query, limit=..., offset=..., namespace=...)",
    ),
    _Own("describe(paths)", "documentation and types, as text", "describe"),
    _Own(
        "pages(tool, { ... }, { limit? })",
        "iterates over the items of all pages, with `for await` or `async for`",
        "next_page",
        "pages(tool, {...}, limit=...)",
    ),
    _Own("show(value)", "shows a value, or an image by its blob, beside the result", "show"),
    _Own("sleep(seconds)", "a timer, for days too: the run is put away meanwhile", "sleep"),
    _Own(
        "step(name, async () => { ... })",
        "names a piece of work in the log; gives what the function gives",
        "step",
        "step(name, function)",
    ),
    _Own("state.get(key)", "a small value that this or an earlier run kept, if any", "state_get"),
    _Own("state.set(key, value)", "keeps one", "state_set"),
    _Own("state.delete(key)", "forgets it", "state_delete"),
    _Own("state.keys()", "the keys that have a value", "state_keys"),
    _Own("run(name, input)", "runs a snippet, a saved program, as `snippets.NAME(...)` does", "run"),
    _Own("result(run)", "the whole value of an earlier run", "result"),
)


def usage(tool: Tool, syntax: Syntax = "typescript", *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The signature of a tool; of a built-in one, the call as programs write it."""
    own = _BY_TOOL.get(str(tool.path))
    return signature(tool, syntax, max_chars=max_chars) if own is None else own.call(syntax)


def expected_call(tool: Tool, syntax: Syntax) -> str:
    """What stands beside arguments that do not fit: the signature, with more of what is nested than elsewhere."""
    return f"Expected: {usage(tool, syntax, max_chars=EXPECTED_CHARS)}"


def manual(tools: Iterable[Tool], syntax: Syntax) -> Mapping[str, str]:
    """What `describe` says of `codemode`, whose tools these are, and of each of its methods: texts by path."""
    lines: dict[str, str] = {}
    for tool in tools:
        own = _BY_TOOL.get(str(tool.path))
        if own is not None:
            lines[f"{BUILTIN}.{own.typescript.partition('(')[0]}"] = f"{own.call(syntax)} — {own.about}"
        elif tool.path.method not in _BEHIND:
            lines[str(tool.path)] = f"{signature(tool, syntax)} — {tool.description}"
    return {BUILTIN: "\n".join([_HEAD, *lines.values(), _ALSO[syntax]]), **lines}


_BY_TOOL = {f"{BUILTIN}.{own.tool}": own for own in _OWN}
_BEHIND = frozenset(("read_blob",))  # made by the methods of a blob
