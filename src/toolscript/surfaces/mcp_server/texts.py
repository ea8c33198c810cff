"""What a client reads of us before any call: the four tools, and who we are.

1. These are the product's most-read words. All four tools together stay under 650 tokens where programs are written in
   TypeScript, and under 800 where Python is offered, with no tools behind them and with ten thousand; a test counts
   them, and another runs the examples.
2. They are the same on every list, byte for byte, as long as the catalogue is: clients cache prompts by prefix.
3. Where one language is offered, no other is spoken of, and nobody is asked for it.
4. Standard library only: they are on the wire before anything else is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

VERSION = "0.1.0"  # of the distribution; a test compares them, because reading metadata costs 30 ms at every start

INSTRUCTIONS = (
    "Work with many tools through one program: find tools with search, then write a program for execute that calls "
    "them, loops, joins and filters, and returns only the answer."
)

EXAMPLES = {
    "typescript": """\
const people = await crm.find({ name: "Ada" });
const orders = await Promise.all(people.map((p) => shop.orders({ customer: p.id })));
return orders.flat().filter((o) => o.total > 100).length;""",
    "python": """\
import asyncio
people = await crm.find(name="Ada")
orders = await asyncio.gather(*[shop.orders(customer=p["id"]) for p in people])
return len([o for each in orders for o in each if o["total"] > 100])""",
}
"""The same program in each syntax."""

_FENCES = {"typescript": ("ts", "//"), "python": ("py", "#")}

_SEARCH = """\
Find tools by what they do, in plain words; an array asks several things at once. Answers call signatures, best first. \
Use it whenever you are not sure of a tool's name or arguments."""

_TYPES = {"typescript": "TypeScript types", "python": "Python types", "both": "types"}

_PROGRAM = {
    "typescript": "a TypeScript program",
    "python": "a Python program",
    "both": "a TypeScript or Python program",
}

_CALLS = {
    "typescript": "Call tools as `await namespace.method({...})`, with one object. They are globals: import nothing.",
    "python": """\
Call tools as `await namespace.method(name=value)`. They are globals: import nothing for them. Results are plain dicts \
and lists.""",
    "both": """\
Tools take one object in TypeScript, keyword arguments in Python, and give plain dicts and lists there. They are \
globals: import nothing for them.""",
}

_PRINTED = {"typescript": "`console.log`", "python": "`print`", "both": "`console.log` or `print`"}

_ABSENT = {
    "typescript": "no fetch, require, process or files",
    "python": "no network, files or processes",
    "both": "no network, files or processes",
}

_RESUME = """\
Ask after a run that was handed back before its end: a person must approve it, it sleeps, or it is slow."""

OWN = ("search", "describe", "execute", "resume")

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def tools(
    overview: str, declarations: str = "", *, syntaxes: Sequence[str] = ("typescript",), gaps: str = ""
) -> list[dict[str, Any]]:
    """The four tools as they go on the wire.

    `overview` says what there is to search, in a line or a few; `declarations` are in the first of the `syntaxes`, in
    which programs may be written; `gaps` says what Python programs cannot do.
    """
    execute = _execute(syntaxes, gaps)
    if declarations:
        execute += f"\n\nAll tools:\n\n```{_FENCES[syntaxes[0]][0]}\n{declarations}\n```"
    language: dict[str, Any] = {"language": {"enum": list(syntaxes)}} if len(syntaxes) > 1 else {}
    return [
        {
            "name": "search",
            "description": f"{_SEARCH}\n\n{overview}" if overview else _SEARCH,
            "inputSchema": _object(
                {
                    "query": {"anyOf": [_TEXT, _TEXTS]},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 50},
                    "offset": {"type": "integer"},
                    "namespace": _TEXT,
                    **language,
                },
                "query",
            ),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        {
            "name": "describe",
            "description": (
                f'Documentation and {_TYPES[_key(syntaxes)]} of tools ("crm.find"), or of a namespace ("crm", or '
                '"codemode" for what is built in).'
            ),
            "inputSchema": _object({"paths": _TEXTS, **language}, "paths"),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        {
            "name": "execute",
            "description": execute,
            "inputSchema": _object(
                {
                    "code": _TEXT,
                    **language,
                    "input": {"description": "what the program reads as `input`"},
                    "retry_of": {
                        "type": "string",
                        "description": "failed run that this corrects: what it did is not repeated",
                    },
                },
                "code",
                *language,
            ),
            "annotations": {"readOnlyHint": False, "openWorldHint": True},
        },
        {
            "name": "resume",
            "description": _RESUME,
            "inputSchema": _object({"run": _TEXT}, "run"),
            "annotations": {"readOnlyHint": True, "openWorldHint": True},
        },
    ]


def _execute(syntaxes: Sequence[str], gaps: str) -> str:
    key = _key(syntaxes)
    answer = "The value that you `return` is the answer."
    lines = [
        _CALLS[key],
        f"{answer} {_PRINTED[key]} is shown beside it; `codemode.show(blob)` shows an image.",
        "A tool's error is an exception with its words: catch it, or let it end the program.",
        "Look first when unsure, with search and describe, or inside with `codemode.search(query)`, which gives "
        "`{ hits, total }`. Return a sample to learn an unknown shape.",
        f"Sandboxed: {_ABSENT[key]}. The outside world is reached through tools only.",
        *([gaps] if gaps else []),
    ]
    return "\n".join(
        [
            f"Run {_PROGRAM[key]} that calls tools, and get what it returns. Do the whole job in one program: loops, "
            "joins and filters cost nothing there, and only the answer comes back.",
            "",
            *("\n".join(_example(syntax, place)) for place, syntax in enumerate(syntaxes)),
            *(f"- {line}" for line in lines),
        ]
    )


def _example(syntax: str, place: int) -> list[str]:
    fence, mark = _FENCES[syntax]
    words = "the same" if place else "crm and shop stand for namespaces found with search"
    return [f"```{fence}", f"{mark} {words}", EXAMPLES[syntax], "```", ""]


def _key(syntaxes: Sequence[str]) -> str:
    return syntaxes[0] if len(syntaxes) == 1 else "both"


def connecting(configured: Sequence[str], *, max_chars: int = 300) -> str:
    """The overview while nothing but the configured names is known."""
    if not configured:
        return ""
    named: list[str] = []
    length = 0
    for name in sorted(configured):
        if length + len(name) > max_chars:
            break
        named.append(name)
        length += len(name) + 2
    more = f" and {len(configured) - len(named)} more" if len(named) < len(configured) else ""
    return f"Namespaces: {', '.join(named)}{more}."


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}
