"""What a client reads of us before any call: the four tools, and who we are.

1. These are the product's most-read words. All four tools together stay under 650 tokens, with no tools behind them
   and with ten thousand; a test counts them, and another runs the example.
2. They are the same on every list, byte for byte, as long as the catalogue is: clients cache prompts by prefix.
3. Standard library only: they are on the wire before anything else is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

VERSION = "0.1.0"  # of the distribution; a test compares them, because reading metadata costs 30 ms at every start

INSTRUCTIONS = (
    "Work with many tools through one program: find tools with search, then write a program for execute that calls "
    "them, loops, joins and filters, and returns only the answer."
)

EXAMPLE = """\
const people = await crm.find({ name: "Ada" });
const orders = await Promise.all(people.map((p) => shop.orders({ customer: p.id })));
return orders.flat().filter((o) => o.total > 100).length;"""

_SEARCH = """\
Find tools by what they do, in plain words; an array asks several things at once. Answers call signatures, best first. \
Use it whenever you are not sure of a tool's name or arguments."""

_DESCRIBE = """\
Documentation and TypeScript types of tools ("crm.find"), or of a whole namespace ("crm")."""

_EXECUTE = f"""\
Run a TypeScript program that calls tools, and get what it returns. Do the whole job in one program: loops, joins and \
filters cost nothing there, and only the answer comes back.

```ts
// crm and shop stand for namespaces found with search
{EXAMPLE}
```

- Call tools as `await namespace.method({{...}})`, with one object. They are globals: import nothing.
- The value that you `return` is the answer. `console.log` is shown beside it; `codemode.show(blob)` shows an image.
- A tool's error is an exception with its words: catch it, or let it end the program.
- Look first when unsure, with search and describe, or inside with `codemode.search(query)`. Return a sample to learn \
an unknown shape.
- Sandboxed: no fetch, require, process or files. The outside world is reached through tools only."""

_RESUME = """\
Ask after a run that was handed back before its end: a person must approve it, it sleeps, or it is slow."""

OWN = ("search", "describe", "execute", "resume")

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def tools(overview: str, declarations: str = "") -> list[dict[str, Any]]:
    """The four tools as they go on the wire; `overview` says what there is to search, in a line or a few."""
    execute = _EXECUTE
    if declarations:
        execute += f"\n\nAll tools:\n\n```ts\n{declarations}\n```"
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
                },
                "query",
            ),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        {
            "name": "describe",
            "description": _DESCRIBE,
            "inputSchema": _object({"paths": _TEXTS}, "paths"),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        {
            "name": "execute",
            "description": execute,
            "inputSchema": _object(
                {
                    "code": _TEXT,
                    "input": {"description": "what the program reads as `input`"},
                    "retry_of": {
                        "type": "string",
                        "description": "failed run that this corrects: what it did is not repeated",
                    },
                },
                "code",
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


def connecting(configured: Sequence[str], *, max_chars: int = 340) -> str:
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


def _object(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [required]}
