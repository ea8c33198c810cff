"""What a client is offered at one moment: the four tools, and the exposed ones beside them.

Worked out from the catalogue and the options alone, so equal catalogues give equal bytes. The words that grow with
the catalogue (the overview of namespaces) take what the constant words leave of the budget.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import overview
from toolscript.codec import digest
from toolscript.schema.syntax import declarations
from toolscript.surfaces.mcp_server.gaps import gaps_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.texts import OWN, connecting, tools
from toolscript.tokens import estimate
from toolscript.tools import Tool

MAX_TOKENS = 640  # of the four tools together; the estimate is a little off, and the promise is 650
MAX_PYTHON_TOKENS = 790  # the same where Python is offered: the promise is 800
UPFRONT_TOKENS = 1_500  # up to here reading all declarations costs less than the turns that searching takes
MIN_DECLARATION_TOKENS = 8  # no declaration is shorter: a catalogue with too many tools is told apart without printing
MAX_NAME_CHARS = 64  # model providers accept ^[a-zA-Z0-9_-]{1,64}$

_odd = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The tools as they go on the wire, and the path that each exposed name stands for."""

    tools: Sequence[Mapping[str, Any]]
    exposed: Mapping[str, str]


def offer_of(catalog: Catalog, options: ServeOptions) -> Offer:
    """What is offered once the upstreams are known."""
    words: dict[str, Any] = {"syntaxes": options.syntaxes, "gaps": gaps_of(options)}
    most = MAX_PYTHON_TOKENS if "python" in options.syntaxes else MAX_TOKENS
    spare = most - count(tools("", **words))
    listed = tools(overview(catalog, budget_tokens=spare), _declared(catalog, options), **words)
    exposed = _exposed(catalog, options.expose)
    listed += [_direct(name, tool) for name, tool in exposed.items()]
    return Offer(tools=listed, exposed={name: str(tool.path) for name, tool in exposed.items()})


def first_offer(configured: Sequence[str], options: ServeOptions) -> Offer:
    """What is offered while the upstreams connect."""
    listed = tools(connecting(configured), syntaxes=options.syntaxes, gaps=gaps_of(options))
    return Offer(tools=listed, exposed={})


def count(listed: Iterable[Mapping[str, Any]]) -> int:
    """The tokens of what a model reads of these tools: names, descriptions and input schemas."""
    return sum(
        estimate(f"{tool['name']} {tool['description']} {json.dumps(tool['inputSchema'], separators=(',', ':'))}")
        for tool in listed
    )


def _declared(catalog: Catalog, options: ServeOptions) -> str:
    """The declarations that stand in the description of `execute`, or nothing."""
    if options.types == "search":
        return ""
    if options.types == "auto" and len(catalog) * MIN_DECLARATION_TOKENS > UPFRONT_TOKENS:
        return ""
    parts: list[str] = []
    spent = 0
    for tool in sorted(catalog.tools, key=lambda tool: tool.path):
        parts.append(declarations(tool, options.syntaxes[0]))
        spent += estimate(parts[-1]) + 1
        if options.types == "auto" and spent > UPFRONT_TOKENS:
            return ""
    return "\n".join(parts)


def _exposed(catalog: Catalog, patterns: Sequence[str]) -> dict[str, Tool]:
    """The chosen tools by the name that a client sees."""
    if not patterns:
        return {}
    chosen: dict[str, Tool] = {}
    for tool in sorted(catalog.tools, key=lambda tool: tool.path):
        if any(fnmatch.fnmatchcase(str(tool.path), pattern) for pattern in patterns):
            name = _name(tool, plain=True)
            if name in chosen or name in OWN:
                name = _name(tool, plain=False)
            chosen[name] = tool
    return chosen


def _name(tool: Tool, *, plain: bool) -> str:
    """`namespace__method` in the letters that model providers accept; marked where that loses or repeats something."""
    path = f"{tool.path.namespace}__{tool.path.method}"
    name = _odd.sub("_", path)
    if plain and name == path and len(name) <= MAX_NAME_CHARS:
        return name
    return f"{name[: MAX_NAME_CHARS - 7]}_{digest(str(tool.path))[:6]}"


def _direct(name: str, tool: Tool) -> dict[str, Any]:
    schema: dict[str, Any] = dict(tool.input_schema) if isinstance(tool.input_schema, Mapping) else {}
    if schema.get("type") != "object":
        nothing: dict[str, Any] = {"type": "object", "properties": {}}
        schema = nothing | ({"allOf": [schema]} if schema else {})
    return {
        "name": name,
        "description": tool.description,
        "inputSchema": schema,
        "annotations": {
            "readOnlyHint": tool.effect == "read",
            "destructiveHint": tool.destructive,
            "idempotentHint": tool.idempotent,
        },
    }
