"""Python signatures as tools see them: one schema for the arguments, one for the result, and the way into the call.

1. An annotation becomes the schema that pydantic gives it, and the argument arrives as the annotated type. Pydantic is
   loaded at the first annotation or value that is not plain.
2. A parameter without annotation takes anything. `Annotated[T, "words"]`, `Field(description=...)` and the docstring
   describe it, in this order.
3. A parameter of type `CallContext` is filled in by us and is not part of the schema. Neither is what a
   `functools.partial` has bound: it may be a secret.
4. `**rest: T` allows further arguments; `*args` cannot be called by name and is refused.
5. A return annotation that has no schema gives a result of unknown type.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite
from types import NoneType
from typing import Any, Literal, cast, get_args

from toolscript.connectors.docstrings import Docs, read_docstring
from toolscript.connectors.plain_types import Convert, Mismatch, NotPlain, Reading, read_plain
from toolscript.errors import ConfigError
from toolscript.runtime.plugs import load
from toolscript.schema.secrets import has_secrets
from toolscript.tools import CallContext

Mode = Literal["validation", "serialization"]

_EMPTY = inspect.Parameter.empty


class BadArgument(ValueError):
    """An argument that is not of the annotated type; its text says which part, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How to call a function by name."""

    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    docs: Docs
    converts: Mapping[str, Convert] = field(default_factory=dict[str, Convert])
    convert_rest: Convert | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    positional: tuple[str, ...] = ()
    context: str | None = None

    def bind(self, args: Mapping[str, Any], context: CallContext) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for the function; raises `BadArgument`."""
        named = dict(args)
        for name, convert in self.converts.items():
            if name in named:
                named[name] = _converted(name, convert, named[name])
        if self.convert_rest is not None:
            known = self.input_schema["properties"]
            rest = {name: value for name, value in named.items() if name not in known}
            named |= {name: _converted(name, self.convert_rest, value) for name, value in rest.items()}
        for name, value in self.defaults.items():
            named.setdefault(name, value)
        if self.context is not None:
            named[self.context] = context
        if not self.positional:
            return [], named
        return [named.pop(name) for name in self.positional if name in named], named


def read_signature(fn: Callable[..., Any], name: str, scope: Mapping[str, Any]) -> Signature:
    """The signature of a function; `scope` resolves annotations that name types local to the caller.

    Raises `ConfigError` for what cannot be called by name or has no schema.
    """
    target, bound = _unwrapped(fn)
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}: Python cannot read its signature; wrap it in a function of your own") from error
    hints = _hints(target, name, scope)
    docs = read_docstring(getattr(target, "__doc__", None))
    return _Reader(name, hints, docs).read({key: one for key, one in parameters.items() if key not in bound})


class _Reader:
    """Collects one signature, parameter by parameter."""

    def __init__(self, name: str, hints: dict[str, Any], docs: Docs) -> None:
        self.name = name
        self.hints = hints
        self.docs = docs
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []
        self.defs: dict[str, Any] = {}
        self.converts: dict[str, Convert] = {}
        self.defaults: dict[str, Any] = {}
        self.positional: list[str] = []
        self.context: str | None = None
        self.rest: Any = False
        self.convert_rest: Convert | None = None

    def read(self, parameters: Mapping[str, inspect.Parameter]) -> Signature:
        for key, parameter in parameters.items():
            self._parameter(key, parameter)
        schema: dict[str, Any] = {"type": "object", "properties": self.properties}
        if self.required:
            schema["required"] = self.required
        schema["additionalProperties"] = self.rest
        if self.defs:
            schema["$defs"] = self.defs
        return Signature(
            input_schema=schema,
            output_schema=self._output(),
            docs=self.docs,
            converts=self.converts,
            convert_rest=self.convert_rest,
            defaults=self.defaults,
            positional=tuple(self.positional),
            context=self.context,
        )

    def _parameter(self, key: str, parameter: inspect.Parameter) -> None:
        annotation = self.hints.get(key, Any)
        if CallContext in (annotation, *get_args(annotation)):
            self.context = key
            if parameter.kind is parameter.POSITIONAL_ONLY:
                self.positional.append(key)
            return
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                raise ConfigError(
                    f"{self.name}: arguments are passed by name, so `*{key}` cannot be; take a list instead"
                )
            case inspect.Parameter.VAR_KEYWORD:
                known = self._known(f"**{key}", annotation)
                self.rest, self.convert_rest = self._merged(known) or True, known.convert
                return
            case inspect.Parameter.POSITIONAL_ONLY:
                self.positional.append(key)
            case _:
                pass
        default = parameter.default
        if _is_field(default):
            annotation, default = load(_with_default)(annotation, default, _EMPTY)
            if default is not _EMPTY:
                self.defaults[key] = default
        known = self._known(key, annotation)
        self.properties[key] = self._described(key, dict(self._merged(known)), default)
        if default is _EMPTY:
            self.required.append(key)
        if known.convert is not None:
            self.converts[key] = known.convert

    def _known(self, key: str, annotation: Any) -> Reading:
        try:
            return _reading(annotation)
        except TypeError as error:
            shown = getattr(annotation, "__name__", None) or str(annotation)
            raise ConfigError(
                f"{self.name}: parameter `{key}` is annotated {shown}, which no JSON value can become; "
                f"use plain types, a dataclass, a TypedDict or a pydantic model ({error})"
            ) from error

    def _merged(self, known: Reading) -> dict[str, Any]:
        """The schema, its definitions moved to ours; one that has another's name gets a number after it."""
        schema = known.schema
        renamed: dict[str, str] = {}
        for key, definition in known.defs.items():
            free, number = key, 2
            while free in self.defs and self.defs[free] != definition:
                free, number = f"{key}_{number}", number + 1
            renamed[key] = free
        if any(key != free for key, free in renamed.items()):
            references = {f"#/$defs/{key}": f"#/$defs/{free}" for key, free in renamed.items()}
            self.defs |= {renamed[key]: _redirected(one, references) for key, one in known.defs.items()}
            return _redirected(schema, references)
        self.defs |= known.defs
        return schema

    def _described(self, key: str, schema: dict[str, Any], default: Any) -> dict[str, Any]:
        if "description" not in schema and (text := self.docs.parameters.get(key)):
            schema["description"] = text
        if default is not _EMPTY and has_secrets(schema):
            schema.pop("default", None)
        elif default is not _EMPTY and "default" not in schema:
            with suppress(ValueError):  # it has no plain form
                schema["default"] = default if _plain_default(default) else load(_jsonable)(default)
        return schema

    def _output(self) -> dict[str, Any] | None:
        annotation = self.hints.get("return", Any)
        if annotation is Any:
            return None
        try:
            known = _reading(annotation, "serialization")
        except TypeError:
            return None
        schema = known.schema | ({"$defs": known.defs} if known.defs else {})
        if self.docs.returns and "description" not in schema:
            schema = schema | {"description": self.docs.returns}
        return schema or None


_read_annotation = "toolscript.connectors.pydantic_types:read_annotation"
_with_default = "toolscript.connectors.pydantic_types:with_default"
_jsonable = "pydantic_core:to_jsonable_python"
_cache: dict[tuple[Any, Mode], Reading] = {}


def _reading(annotation: Any, mode: Mode = "validation") -> Reading:
    """How an annotation reads; raises `TypeError` for one that has no schema."""
    try:
        found = _cache.get((annotation, mode))
    except TypeError:  # unhashable metadata in Annotated
        return load(_read_annotation)(annotation, mode)
    if found is None:
        found = _cache[annotation, mode] = _learned(annotation, mode)
    return found


def _learned(annotation: Any, mode: Mode) -> Reading:
    plain = read_plain(annotation)
    if plain is None:
        return load(_read_annotation)(annotation, mode)
    return plain if plain.convert is None else replace(plain, convert=_either_road(annotation, plain.convert))


def _either_road(annotation: Any, take: Convert) -> Convert:
    """Values that are plain as they are; pydantic decides on all others."""

    @cache
    def decide() -> Convert:
        return load(_read_annotation)(annotation, "validation").convert

    def convert(value: Any) -> Any:
        try:
            return take(value)
        except NotPlain:
            pass
        return decide()(value)

    return convert


def _plain_default(default: Any) -> bool:
    """Whether a default is JSON already."""
    if type(default) is str:
        return default.isascii() or default.isprintable()  # no lone surrogates
    return type(default) in (NoneType, bool, int) or (type(default) is float and isfinite(default))


def _is_field(default: Any) -> bool:
    """Whether a default is pydantic's `Field(...)`: then pydantic is loaded."""
    fields = sys.modules.get("pydantic.fields")
    return fields is not None and isinstance(default, fields.FieldInfo)


def _redirected(schema: Any, references: dict[str, str]) -> Any:
    match schema:
        case dict():
            members = cast("dict[str, Any]", schema)
            return {
                key: references.get(one, one)
                if key == "$ref" and isinstance(one, str)
                else _redirected(one, references)
                for key, one in members.items()
            }
        case list():
            return [_redirected(one, references) for one in cast("list[Any]", schema)]
        case _:
            return schema


def _unwrapped(fn: Callable[..., Any]) -> tuple[Any, frozenset[str]]:
    """What carries annotations and docstring, and the names of arguments that a partial has bound."""
    bound: set[str] = set()
    target: Any = fn
    while isinstance(target, functools.partial):
        bound |= set(target.keywords)
        target = cast("functools.partial[Any]", target).func
    if not inspect.isroutine(target) and callable(target):
        target = type(target).__call__
    return inspect.unwrap(target), frozenset(bound)


def _hints(target: Any, name: str, scope: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError:
        pass
    except (TypeError, AttributeError):
        return {}  # a builtin: it has no annotations
    try:
        return typing.get_type_hints(target, localns=dict(scope), include_extras=True)
    except NameError as error:
        raise ConfigError(
            f"{name}: its annotations name `{error.name}`, which is not defined where the function is; "
            "define it at the module's top, or import it outside of `if TYPE_CHECKING`"
        ) from error


def _converted(name: str, convert: Convert, value: Any) -> Any:
    try:
        return convert(value)
    except Mismatch as error:
        raise BadArgument(f"`{name}{error.where}`: {error}") from error
