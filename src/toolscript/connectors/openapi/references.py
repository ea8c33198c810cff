"""Documents of several files as one: what lies in another file is brought in, and references are turned to it.

1. A relative reference is relative to the file that it stands in.
2. Files may lie in the folder of the first one and below, or at any address of its origin below its folder; others
   only where they are allowed. What may not be read, or cannot, is reported, and stands for anything.
3. A document that refers to no other file is itself, uncopied.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from toolscript.connectors.openapi.operation import Finding
from toolscript.connectors.openapi.pointers import members, pointer_text
from toolscript.connectors.openapi.survey import Survey, as_plain, path_of, surveyed
from toolscript.connectors.openapi.yaml_text import parse
from toolscript.errors import ConfigError

Load = Callable[[str], str | bytes]
"""Reads a file by its path or address. Raises `OSError`, `ValueError` or `ConfigError` where it cannot."""

FILES = "x-files"
"""The member of a document under which the files lie that were brought in."""

MAX_FILES = 5_000  # of one document; the largest that was seen has 2,849
_LIBRARY = frozenset({"$ref", "type", "properties", "allOf", "openapi", "swagger", "paths", "schema", "get", "post"})


def joined(base: str, reference: str) -> str:
    """Where a reference leads from a file, without its fragment; both are paths or addresses."""
    place = urldefrag(reference).url
    if _is_address(base) or _is_address(place):
        return urljoin(base, place)
    return posixpath.normpath(posixpath.join(posixpath.dirname(_slashed(base)), unquote(_slashed(place))))


def is_inside(base: str, place: str) -> bool:
    """Whether a file lies in the folder of the first one, or below."""
    if _is_address(base):
        one, other = urlsplit(base), urlsplit(place)
        if (one.scheme, one.netloc) != (other.scheme, other.netloc):
            return False
        folder, path = posixpath.dirname(one.path) or "/", posixpath.normpath(unquote(other.path) or "/")
    else:
        if _is_address(place):
            return False
        folder, path = posixpath.dirname(_slashed(base)), place
        if not folder:
            return not path.startswith(("/", "../")) and path != ".." and not PurePath(path).drive
    folder = posixpath.normpath(folder)
    return path.startswith(folder if folder.endswith("/") else f"{folder}/")


def bundled(
    root: dict[str, Any], survey: Survey, base: str, load: Load | None, is_allowed: Callable[[str], bool]
) -> tuple[dict[str, Any], Survey]:
    """The document with all files that it refers to, and what was seen of all of them."""
    if all(node["$ref"].startswith("#") for node, _ in survey.references):
        return root, survey
    ids = _identities(root)
    if all(node["$ref"].startswith("#") or node["$ref"] in ids for node, _ in survey.references):
        return root, survey
    return _Bundle(base, load, is_allowed).whole(root, ids)


class _Bundle:
    def __init__(self, base: str, load: Load | None, is_allowed: Callable[[str], bool]) -> None:
        self._base = base
        self._load = load
        self._is_allowed = is_allowed
        self._keys: dict[str, str | None] = {}
        self._files: dict[str, Any] = {}
        self._waiting: list[str] = []
        self._survey = Survey()

    def whole(self, root: dict[str, Any], ids: set[str]) -> tuple[dict[str, Any], Survey]:
        copy = json.loads(json.dumps(root))
        self._turn(surveyed(copy), self._base, "", ids)
        while self._waiting:
            place = self._waiting.pop()
            key = self._keys[place]
            assert key is not None
            is_library = _LIBRARY.isdisjoint(members(self._files[key]))
            self._turn(surveyed(self._files[key], is_library=is_library), place, key, set())
        copy[FILES] = self._files
        return copy, self._survey

    def _turn(self, survey: Survey, place: str, key: str, ids: set[str]) -> None:
        """Turns the references of one file to where their targets lie now."""
        prefix = pointer_text([FILES, key]) if key else ""
        for node, where in survey.references:
            reference: str = node["$ref"]
            if reference in ids:
                continue
            if reference.startswith("#"):
                node["$ref"] = f"#{prefix}{reference[1:]}" if prefix else reference
                continue
            target = self._file(joined(place, reference), prefix + path_of(where), place)
            if target is not None:
                node["$ref"] = f"#{target}{urldefrag(reference).fragment}"
        self._survey.has_sides |= survey.has_sides
        self._survey.references += [(node, _under(where, key)) for node, where in survey.references]
        self._survey.findings += [replace(each, pointer=prefix + each.pointer) for each in survey.findings]

    def _file(self, place: str, where: str, source: str) -> str | None:
        """The pointer to a file that was brought in; "" for the first one, None where it cannot be had."""
        if place == _normal(self._base):
            return ""
        if place not in self._keys:
            self._keys[place] = self._brought(place, where)
        key = self._keys[place]
        return None if key is None else pointer_text([FILES, key])

    def _brought(self, place: str, where: str) -> str | None:
        if self._load is None:
            return self._refused(where, f"it refers to {_short(place)}, and there is nothing that could read it")
        if not is_inside(_normal(self._base), place) and not self._is_allowed(place):
            return self._refused(where, f"it refers to {_short(place)}, outside of the document's own folder: not read")
        if len(self._files) >= MAX_FILES:
            return self._refused(where, f"it refers to {_short(place)}, after {MAX_FILES:,} other files: not read")
        try:
            value, findings = parse(self._load(place))
            value, more = as_plain(value)
        except (OSError, ValueError, ConfigError) as error:
            said = error.strerror or type(error).__name__ if isinstance(error, OSError) else error  # without its path
            return self._refused(where, f"it refers to {_short(place)}, which cannot be read: {said}")
        key = _distinct(_stem(place), self._files)
        self._files[key] = value
        prefix = pointer_text([FILES, key])
        self._survey.findings += [replace(each, pointer=prefix + each.pointer) for each in (*findings, *more)]
        self._waiting.append(place)
        return key

    def _refused(self, where: str, message: str) -> None:
        self._survey.findings.append(Finding("warning", where, f"{message}; taken as anything"))


def _identities(root: Any) -> set[str]:
    """The `$id`s of the document: references to them need no file."""
    found: set[str] = set()
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(node, dict):
            known = members(node)
            if isinstance(known.get("$id"), str):
                found.add(known["$id"])
            waiting += known.values()
    return found


def _under(where: Any, key: str) -> Any:
    """A place in a file that was brought in, as a place in the whole."""
    if not key:
        return where
    parts: list[str] = []
    while where is not None:
        where, part = where
        parts.append(part)
    link: Any = ((None, FILES), key)
    for part in reversed(parts):
        link = (link, part)
    return link


def _is_address(place: str) -> bool:
    return urlsplit(place).scheme.lower() in {"http", "https", "file"}


def _normal(place: str) -> str:
    if _is_address(place):
        return urldefrag(place).url
    return posixpath.normpath(_slashed(place)) if place else ""


def _slashed(place: str) -> str:
    return place.replace("\\", "/")


def _stem(place: str) -> str:
    name = posixpath.basename(urlsplit(place).path if _is_address(place) else place)
    return name.partition(".")[0] or "file"


def _distinct(name: str, taken: dict[str, Any]) -> str:
    number, made = 1, name
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


def _short(place: str) -> str:
    """A file by the end of its path: where it lies on this machine is nobody's business."""
    if _is_address(place):
        parts = urlsplit(place)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    return "/".join(place.split("/")[-2:])
