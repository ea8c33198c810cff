"""Values between a program and its host: what Monty makes of them on either side, and the codec's text form.

What JSON lacks and the codec has no tag for crosses as what a reader expects: a tuple as a list, a set as a sorted
list, a Decimal as a number where a float holds its digits and as text where not, a timedelta as seconds, an object as
its attributes, an exception as its name and message.
"""

from __future__ import annotations

import ast
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any, cast

from pydantic_monty import ClassInstance, ClassType, MontyClassProxy, MontyStdTypeProxy

from toolscript.codec import MAX_DEPTH, Blob, CodecError, Encoded, TooLarge, decode, encode
from toolscript.guests.python.plain import in_order, plain
from toolscript.guests.python.spread import spread

_SPACE = uuid.UUID("6a5b0a56-6c0c-5d0e-9d53-3f4e1a7c2b90")  # of the ids that objects of the host have in programs


class Namespace:
    """What a namespace is in a program: its methods are calls."""

    def __init__(self, path: str) -> None:
        self.path = path


@dataclass(frozen=True)
class Handle:
    """What a blob is in a program: its methods read it."""

    id: str
    media_type: str
    size: int


Handle.__name__ = Handle.__qualname__ = "Blob"
_blob_type = ClassType(Handle, id=uuid.uuid5(_SPACE, "type Blob"))
_namespace_type = ClassType(Namespace, id=uuid.uuid5(_SPACE, "type Namespace"))


_ids: dict[str, uuid.UUID] = {}
_paths: dict[uuid.UUID, str] = {}


def namespace_id(path: str) -> uuid.UUID:
    """The id under which calls of a namespace arrive."""
    if path not in _ids:
        made = uuid.uuid5(_SPACE, f"namespace {path}")
        _paths[made] = path
        _ids[path] = made
    return _ids[path]


def path_of(object_id: uuid.UUID) -> str | None:
    """The namespace that has this id."""
    return _paths.get(object_id)


_namespaces: dict[str, ClassInstance] = {}


def namespace(path: str, **methods: Any) -> ClassInstance:
    """A namespace as a program is given it; `methods` are those that are no calls."""
    if not methods:
        if path not in _namespaces:  # the engine wants the same object for the same namespace
            _namespaces[path] = ClassInstance(Namespace(path), id=namespace_id(path), class_type=_namespace_type)
        return _namespaces[path]
    value = Namespace(path)
    for name, method in methods.items():
        setattr(value, name, method)
    return ClassInstance(value, eager_attrs=methods, id=namespace_id(path), class_type=_namespace_type)


def method(path: str) -> Callable[..., None]:
    """A tool as a value: a function that is the call."""

    def called(*args: Any, **kwargs: Any) -> None:
        """Never runs here: the engine gives its calls out under its name."""

    called.__name__ = path
    return called


def blob_id(blob: Blob) -> uuid.UUID:
    """The id under which calls of a blob's methods arrive."""
    return uuid.uuid5(_SPACE, f"blob {blob.id} {blob.media_type} {blob.size}")


def handle(blob: Blob) -> ClassInstance:
    """A blob as a program is given it."""
    value = Handle(blob.id, blob.media_type, blob.size)
    return ClassInstance(value, eager_attrs="all", id=blob_id(blob), class_type=_blob_type)


def inward(text: Encoded, handle_of: Callable[[Blob], ClassInstance]) -> Any:
    """A value as the program gets it."""
    if _HALF.search(text):  # of what is no whole character; a string in Python ends at it
        text = Encoded(
            json.dumps(json.loads(text), ensure_ascii=False)
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )
    value = decode(text)
    return _with_handles(value, handle_of) if '"$blob"' in text else value


def _with_handles(value: Any, handle_of: Callable[[Blob], ClassInstance]) -> Any:
    match value:
        case Blob():
            return handle_of(value)
        case list():
            return [_with_handles(item, handle_of) for item in cast("list[Any]", value)]
        case dict():
            return {key: _with_handles(item, handle_of) for key, item in cast("dict[str, Any]", value).items()}
        case _:
            return value


_HALF = re.compile(r"\\u[dD][89abAB]")
_ODD = re.compile(r'"(?:<|dict_(?:keys|values|items)\()')
_FUNCTION = re.compile(r"<function '[^']*' (?:at 0x[0-9a-f]+|external)>|<function \w+ at 0x[0-9a-f]{6}>|<bound method>")
_COROUTINE = re.compile(r"<coroutine (?:external_future\(\d+\)|object \w+)>|<gather\(\d+\)>")
_CLASS = re.compile(r"<class '[\w.]+'>")
_OTHER = re.compile(r"<(?:module '[\w.]+'|re\.Match object; .*|\w+_iterator object|itertools\.\w+ object)>", re.DOTALL)
_TOO_LONG = "an integer of more than 4,300 digits cannot cross; return what you need to know of it"
_VIEW = re.compile(r"dict_(?:keys|values|items)\((\[.*\])\)", re.DOTALL)


def outward(value: Any, *, max_bytes: int) -> Encoded:
    """The text form of a value that a program gives out.

    Raises `CodecError` with the path of what cannot cross, and `TooLarge`.
    """
    if (size := spread(value)) > max_bytes:
        raise TooLarge(size, max_bytes)
    try:
        text = encode(value, max_bytes=max_bytes)
        if _ODD.search(text) is None:
            return text
    except TooLarge:
        raise
    except CodecError:
        pass  # told below, in words that fit a program
    except ValueError:
        raise CodecError("$", _TOO_LONG) from None
    try:
        return encode(_crossing(value, "$", 0), max_bytes=max_bytes)
    except ValueError:
        raise CodecError("$", _TOO_LONG) from None


def _crossing(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(path[:60] + "…", f"nested deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            return _crossing_text(value, path)
        case dict():
            members = cast("dict[Any, Any]", value)
            return {key: _crossing(item, f"{path}.{key}", depth + 1) for key, item in members.items()}
        case list() | tuple():
            items = cast("list[Any]", value)
            return [_crossing(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(items)]
        case set() | frozenset():
            return in_order([_crossing(item, f"{path}[…]", depth + 1) for item in cast("set[Any]", value)])
        case MontyClassProxy():
            return _crossing_object(value, path, depth)
        case _:
            return _crossing_scalar(value, path)


def _crossing_text(value: str, path: str) -> Any:
    """Text as it is; but Monty gives out as text what it has no other form for."""
    if value.startswith("<"):
        if _COROUTINE.fullmatch(value):
            raise CodecError(path, "a coroutine cannot cross; did you forget await?")
        if _FUNCTION.fullmatch(value):
            raise CodecError(path, "a function cannot cross; pass plain data")
        if _CLASS.fullmatch(value):
            raise CodecError(path, "a class cannot cross; pass plain data")
        if _OTHER.fullmatch(value):
            raise CodecError(path, f"{value[:60]} cannot cross; pass plain data")
    elif value.startswith("dict_") and (view := _VIEW.fullmatch(value)) is not None:
        try:
            return _crossing(ast.literal_eval(view[1]), path, 1)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise CodecError(path, "a view of a dict cannot cross; write list(...)") from None
    return value


def _crossing_object(value: MontyClassProxy, path: str, depth: int) -> Any:
    members = value.attributes
    if value.name == "Blob" and members.keys() == {"id", "media_type", "size"}:
        return Blob(members["id"], members["media_type"], members["size"])
    if value.name == "Namespace":
        raise CodecError(path, "a namespace cannot cross; call one of its methods")
    shown = {key: item for key, item in members.items() if not key.startswith("_")}
    return {key: _crossing(item, f"{path}.{key}", depth + 1) for key, item in shown.items()}


def _crossing_scalar(value: Any, path: str) -> Any:
    match value:
        case Decimal() | timedelta() | BaseException():
            return plain(value)
        case Handle():
            return Blob(value.id, value.media_type, value.size)
        case PurePath():
            return str(value)
        case Namespace():
            raise CodecError(path, "a namespace cannot cross; call one of its methods")
        case type() | MontyStdTypeProxy():
            raise CodecError(path, "a function or class cannot cross; pass plain data")
        case _ if value is ... or value is NotImplemented:
            raise CodecError(path, f"{value} cannot cross; pass plain data")
        case _:
            return value
