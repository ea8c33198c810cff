"""What pydantic knows of annotations and values. Loaded by name, at the first one that is not plain: it costs 60 ms."""

from __future__ import annotations

import functools
import sys
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typing_extensions
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from toolscript.codec import Blob
from toolscript.connectors.plain_types import Convert, Mismatch, Reading, words_of
from toolscript.tools import Media

Mode = Literal["validation", "serialization"]

_BLOB: dict[str, Any] = {
    "type": "object",
    "description": "a blob: await its text() or bytes()",
    "properties": {"type": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["type", "size"],
}
_NO_SCHEMA = (PydanticUserError, PydanticSchemaGenerationError, TypeError, NameError, RecursionError)


def read_annotation(annotation: Any, mode: Mode) -> Reading:
    """How pydantic reads the annotation. Raises `TypeError` with its words for one that has no schema."""
    try:
        adapter = TypeAdapter[Any](_modern(annotation))
        schema = adapter.json_schema(mode=mode, schema_generator=_Untitled)
    except _NO_SCHEMA as error:
        raise TypeError(str(error).partition("\n")[0]) from error
    defs = schema.pop("$defs", {})
    if (words := words_of(annotation)) and "description" not in schema:
        schema["description"] = words
    return Reading(schema, defs, _converting(adapter))


def with_default(annotation: Any, default: FieldInfo, missing: Any) -> tuple[Any, Any]:
    """The annotation and the default that `parameter: T = Field(...)` means; `missing` where there is no default."""
    value = default.get_default(call_default_factory=True, validated_data={})
    return Annotated[annotation, default], missing if value is PydanticUndefined else value


def _converting(adapter: TypeAdapter[Any]) -> Convert:
    def convert(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise Mismatch(where, first["msg"]) from error

    return convert


class _Untitled(GenerateJsonSchema):
    """Leaves out titles made up from field names, which cost tokens, and shows media as the blobs that they become."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        return _BLOB if schema["cls"] in (Media, Blob) else super().dataclass_schema(schema)


def _modern(annotation: Any) -> Any:
    """The annotation with `typing.TypedDict` replaced, which pydantic takes from Python 3.12 on only."""
    if sys.version_info >= (3, 12):
        return annotation
    if typing.is_typeddict(annotation) and type(annotation).__module__ == "typing":
        return _modern_typed_dict(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if not arguments or origin in (Literal, Callable):
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
