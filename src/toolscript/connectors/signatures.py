"""Python signatures as tools see them: one schema for the arguments, one for the result, and the way into the call.

1. An annotation becomes the schema that pydantic gives it, and the argument arrives as the annotated type.
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
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, cast, get_args, get_origin

import typing_extensions
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_jsonable_python

from toolscript.codec import Blob
from toolscript.connectors.docstrings import Docs, read_docstring
from toolscript.errors import ConfigError
from toolscript.tools import CallContext, Media

Convert = Callable[[Any], Any]
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
        if isinstance(default, FieldInfo):
            annotation = Annotated[annotation, default]
            default = default.get_default(call_default_factory=True, validated_data={})
            default = _EMPTY if default is PydanticUndefined else default
            if default is not _EMPTY:
                self.defaults[key] = default
        known = self._known(key, annotation)
        self.properties[key] = self._described(key, dict(self._merged(known)), default)
        if default is _EMPTY:
            self.required.append(key)
        if known.convert is not None:
            self.converts[key] = known.convert

    def _known(self, key: str, annotation: Any) -> _Known:
        try:
            return _known(annotation)
        except _NO_SCHEMA as error:
            shown = getattr(annotation, "__name__", None) or str(annotation)
            raise ConfigError(
                f"{self.name}: parameter `{key}` is annotated {shown}, which no JSON value can become; "
                f"use plain types, a dataclass, a TypedDict or a pydantic model ({_first_line(error)})"
            ) from error

    def _merged(self, known: _Known) -> dict[str, Any]:
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
        if default is not _EMPTY and "default" not in schema:
            try:
                schema["default"] = to_jsonable_python(default)
            except (PydanticSerializationError, ValueError):
                schema.pop("default", None)
        return schema

    def _output(self) -> dict[str, Any] | None:
        annotation = self.hints.get("return", Any)
        if annotation is Any:
            return None
        try:
            known = _known(annotation, "serialization")
        except _NO_SCHEMA:
            return None
        schema = known.schema | ({"$defs": known.defs} if known.defs else {})
        if self.docs.returns and "description" not in schema:
            schema = schema | {"description": self.docs.returns}
        return schema or None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an annotation. `convert` is None where a decoded value is what the function wants already."""

    schema: dict[str, Any]
    defs: dict[str, Any]
    convert: Convert | None


_BLOB: dict[str, Any] = {
    "type": "object",
    "description": "a blob: await its text() or bytes()",
    "properties": {"type": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["type", "size"],
}
_NO_SCHEMA = (PydanticUserError, PydanticSchemaGenerationError, TypeError, NameError, RecursionError)
_AS_IT_IS = (Any, object, str, bool, list, dict, None, type(None))
_cache: dict[tuple[Any, str], _Known] = {}


def _known(annotation: Any, mode: typing.Literal["validation", "serialization"] = "validation") -> _Known:
    try:
        found = _cache.get((annotation, mode))
    except TypeError:  # unhashable metadata in Annotated
        return _learned(annotation, mode)
    if found is None:
        found = _cache[annotation, mode] = _learned(annotation, mode)
    return found


def _learned(annotation: Any, mode: typing.Literal["validation", "serialization"]) -> _Known:
    if annotation is Any or annotation is object:
        return _Known({}, {}, None)
    annotation, words = _words(annotation)
    adapter = TypeAdapter[Any](_modern(annotation))
    schema = adapter.json_schema(mode=mode, schema_generator=_Untitled)
    defs = schema.pop("$defs", {})
    if words and "description" not in schema:
        schema["description"] = words
    convert = None if any(annotation is one for one in _AS_IT_IS) else adapter.validate_python
    return _Known(schema, defs, convert)


class _Untitled(GenerateJsonSchema):
    """Leaves out titles made up from field names, which cost tokens, and shows media as the blobs that they become."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        return _BLOB if schema["cls"] in (Media, Blob) else super().dataclass_schema(schema)


def _words(annotation: Any) -> tuple[Any, str]:
    """`Annotated[T, "words"]` and `Annotated[T, Doc("words")]`, which pydantic does not read."""
    if get_origin(annotation) is not Annotated:
        return annotation, ""
    for extra in annotation.__metadata__:
        text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
        if isinstance(text, str):
            return annotation, text
    return annotation, ""


def _modern(annotation: Any) -> Any:
    """The annotation with `typing.TypedDict` replaced, which pydantic takes from Python 3.12 on only."""
    if sys.version_info >= (3, 12):
        return annotation
    if typing.is_typeddict(annotation) and type(annotation).__module__ == "typing":
        return _modern_typed_dict(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if not arguments or origin in (typing.Literal, Callable):
        return annotation
    if origin is Annotated:
        return Annotated[(_modern(arguments[0]), *annotation.__metadata__)]
    changed = tuple(_modern(one) for one in arguments)
    if all(new is old for new, old in zip(changed, arguments, strict=True)):
        return annotation
    if origin in (Union, types.UnionType):
        return Union[changed]  # noqa: UP007 - built from a tuple
    return origin[changed] if origin is not None else annotation


@functools.cache
def _modern_typed_dict(cls: Any) -> Any:
    required = cls.__required_keys__
    hints = typing.get_type_hints(cls, include_extras=True)
    members: dict[str, Any] = {}
    for key, hint in hints.items():
        is_required = key in required
        if (qualifier := get_origin(hint)) in (typing.Required, typing.NotRequired):
            is_required, hint = qualifier is typing.Required, get_args(hint)[0]  # noqa: PLW2901 - the bare type
        wrapper: Any = typing_extensions.Required if is_required else typing_extensions.NotRequired
        members[key] = wrapper[_modern(hint)]
    build: Any = typing_extensions.TypedDict
    modern = build(cls.__name__, members)
    modern.__doc__ = cls.__doc__
    modern.__module__ = cls.__module__
    return modern


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
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise BadArgument(f"`{name}{where}`: {first['msg']}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
