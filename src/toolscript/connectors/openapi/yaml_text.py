"""JSON or YAML text as plain values, whichever it is.

1. It is JSON if it can be read as JSON. Else it is YAML with the core schema of YAML 1.2: `on`, `no`, dates and
   numbers with leading zeros are text, and so is every key.
2. Aliases and merge keys stand for copies; their sizes add up to no more than `MAX_NODES`, and none holds itself.
3. Of a key that stands twice the last one counts, and is reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from toolscript.connectors.openapi.operation import Finding
from toolscript.connectors.openapi.pointers import pointer_text
from toolscript.errors import ConfigError

MAX_NODES = 2_000_000  # with aliases written out; the largest of ten vendors' documents has 258,000
MAX_DEPTH = 100  # of a document; those of ten vendors go down to 23

_number = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS.update(dict.fromkeys((_word, _word.title(), _word.upper()), _value))
_FAILSAFE = "tag:yaml.org,2002:str"
MAX_DIGITS = 300  # of a number; longer ones are no numbers in any other reader either


def parse(text: str | bytes, name: str = "") -> tuple[Any, tuple[Finding, ...]]:
    """The value of a document and what was odd about its text; `ConfigError` where it is neither JSON nor YAML."""
    if isinstance(text, bytes):
        text = _decoded(text, name)
    text = text.removeprefix("\ufeff")
    where = f"{name}: " if name else ""
    try:
        return json.loads(text, parse_int=_whole), ()
    except RecursionError as error:
        raise ConfigError(f"{where}it is nested too deeply to be read") from error
    except ValueError as error:
        problem = f"it is no JSON ({error})" if text.lstrip()[:1] in {"{", "["} else "it is no JSON"
    builder = _Builder(where)
    try:
        # libyaml where it is there: the parser in Python takes fifteen times as long.
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        value = builder.value(cast("Iterable[Any]", yaml.parse(text, Loader=loader)))  # pyright: ignore[reportUnknownMemberType]
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"{where}{problem}, and no YAML either: {said}") from error
    return value, tuple(builder.findings)


def _decoded(content: bytes, name: str) -> str:
    """JSON may be in UTF-8, UTF-16 or UTF-32; so may YAML."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{f'{name}: ' if name else ''}it is no text: {error.reason}") from error


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < MAX_DIGITS else float("inf") if digits[0] != "-" else float("-inf")


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    held: dict[Any, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    merged: list[Any] = field(default_factory=list[Any])
    size: int = 1


class _Builder:
    """Builds values from the events of a parser."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._stack: list[_Open] = []
        self._numeric: list[str] = []
        self._root: Any = None
        self._done = False
        self.findings: list[Finding] = []

    def value(self, events: Iterable[Any]) -> Any:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._scalar(cast("Any", event))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._start({} if isinstance(event, yaml.MappingStartEvent) else [], cast("Any", event).anchor)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case yaml.AliasEvent():
                    self._alias(cast("Any", event).anchor)
                case yaml.DocumentStartEvent() if self._done:
                    self.findings.append(Finding("warning", "", "more than one YAML document; only the first is read"))
                    break
                case _:
                    pass
        if self._numeric:
            first = self._numeric[0]
            said = f"{len(self._numeric)} times a key is a number and not text, first here; read as text"
            self.findings.append(Finding("warning", first, said))
        return self._root

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.held, dict) and top.key is None:
            self._key(top, text, is_plain=event.implicit[0])
            if event.anchor is not None:
                self._anchors[event.anchor] = (text, 1)
            return
        value: Any = _resolved(text) if event.implicit[0] and event.tag != _FAILSAFE else text
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1)

    def _key(self, top: _Open, text: str, *, is_plain: bool) -> None:
        top.key = text
        if is_plain and text.isdecimal():
            self._numeric.append(pointer_text([*self._path(), text]))
        if text in top.held and not (is_plain and text == "<<"):
            here = pointer_text([*self._path(), text])
            self.findings.append(Finding("warning", here, "this key stands twice; the last one counts"))

    def _start(self, held: Any, anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ConfigError(f"{self._where}it is nested deeper than {MAX_DEPTH} levels")
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.held, dict) and top.key is None:
            raise ConfigError(f"{self._where}a key that is no text, at {pointer_text(self._path()) or '/'}")
        if anchor is not None:
            self._anchors.pop(anchor, None)  # it cannot stand for itself
        self._stack.append(_Open(held, anchor))

    def _end(self) -> None:
        done = self._stack.pop()
        for merged in done.merged:
            for each in cast("list[Any]", merged) if isinstance(merged, list) else [merged]:
                for key, value in cast("dict[Any, Any]", each if isinstance(each, dict) else {}).items():
                    cast("dict[Any, Any]", done.held).setdefault(key, value)
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.held, done.size)
        self._put(done.held, done.size)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise ConfigError(f"{self._where}the alias *{anchor} stands for nothing, or for what it lies in")
        value, size = self._anchors[anchor]
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.held, dict) and top.key is None:
            top.key = str(value)
            return
        self._put(value, size)

    def _put(self, value: Any, size: int) -> None:
        if not self._stack:
            self._root, self._done = value, True
            return
        top = self._stack[-1]
        top.size += size
        if top.size > MAX_NODES:
            raise ConfigError(f"{self._where}with its aliases written out it has more than {MAX_NODES:,} nodes")
        held = top.held
        if isinstance(held, list):
            held.append(value)
            return
        if top.key == "<<" and isinstance(value, dict | list):
            top.merged.append(value)
        else:
            held[top.key] = value
        top.key = None

    def _path(self) -> list[str]:
        return [str(len(one.held)) if isinstance(one.held, list) else one.key or "" for one in self._stack[:-1]]


def _resolved(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2, as far as it is JSON."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "-0123456789" and (match := _number.fullmatch(text)) and len(text) < MAX_DIGITS:
        return float(text) if match[2] or match[3] else int(text)
    return text
