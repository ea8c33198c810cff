"""The tools that a program names, as a stub for the checker of Python, and what of it is certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from toolscript.schema.python import stub
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import Object, Ref, Shape, parts_of
from toolscript.tools import Schema, Tool

MAX_OBJECTS = 60  # in one type; some APIs have types that reach all others, and take a third of a second to print


@dataclass(frozen=True, slots=True)
class Stub:
    """The declarations of some tools; `keys` are those of every class, `closed` the classes without further ones."""

    tools: tuple[Tool, ...]
    text: str
    keys: Mapping[str, frozenset[str]]
    closed: frozenset[str]


def stub_of(tools: Sequence[Tool]) -> Stub:
    """The stub of these tools: what was only observed, or is too large to be declared in time, is not promised."""
    promised = [_without_the_unsaid(tool) for tool in tools]
    text = f"{stub(promised)}\n\ninput: Any\n"
    keys: dict[str, frozenset[str]] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.ClassDef(name=name, bases=[ast.Name(id="TypedDict")], body=body):
                keys[name] = frozenset(
                    line.target.id
                    for line in body
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                )
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[_, ast.Dict(keys=held), *_])):
                keys[name] = frozenset(str(key.value) for key in held if isinstance(key, ast.Constant))
            case _:
                pass
    is_closed: dict[frozenset[str], bool] = {}
    for tool in promised:
        for schema in (tool.input_schema, tool.output_schema):
            for found in _objects(Shaped(schema)) if schema is not None else ():
                names = frozenset(prop.name for prop in found.properties)
                is_closed[names] = is_closed.get(names, True) and found.extra is None
    closed = frozenset(name for name, held in keys.items() if is_closed.get(held, False))
    return Stub(tuple(tools), text, keys, closed)


def _without_the_unsaid(tool: Tool) -> Tool:
    """A tool without a type that was only observed, or that is too large to be declared in time."""
    if tool.output_schema is not None and (tool.observed or _is_large(tool.output_schema)):
        tool = replace(tool, output_schema=None)
    return replace(tool, input_schema={"type": "object"}) if _is_large(tool.input_schema) else tool


def _is_large(schema: Schema) -> bool:
    return sum(1 for _ in islice(_objects(Shaped(schema)), MAX_OBJECTS + 1)) > MAX_OBJECTS


def _objects(shaped: Shaped) -> Iterator[Object]:
    """Every object in a schema."""
    waiting: list[Shape] = [shaped.root]
    seen: set[str] = set()
    while waiting:
        match waiting.pop():
            case Ref(name) as ref:
                if name not in seen:
                    seen.add(name)
                    waiting.append(shaped.resolve(ref))
            case found:
                if isinstance(found, Object):
                    yield found
                waiting += parts_of(found)
