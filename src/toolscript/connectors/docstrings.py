"""What a docstring says: the description, and each parameter's, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field

_GOOGLE_HEADING = re.compile(r"^([A-Z][A-Za-z ]{2,24}):\s*$", re.MULTILINE)
_NUMPY_HEADING = re.compile(r"^([A-Z][A-Za-z ]{2,24})\n-{3,}\s*$", re.MULTILINE)
_SPHINX_FIELD = re.compile(r"^:(\w+)(?:[ \t]+([^:\n]*))?:[ \t]*", re.MULTILINE)
_GOOGLE_ITEM = re.compile(r"^(\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ITEM = re.compile(r"^(\*{0,2}\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")
_PARAMETERS = {
    *("args", "arguments", "parameters", "params", "keyword_args", "keyword_arguments", "other_parameters"),
}
_RETURNS = {"returns", "return", "yields", "yield"}
_RAISES = {"raises", "except", "exceptions"}
_OTHERS = {"warns", "warnings", "example", "examples", "note", "notes", "references", "see_also", "attributes", "todo"}
_SECTIONS = _PARAMETERS | _RETURNS | _RAISES | _OTHERS


@dataclass(frozen=True, slots=True)
class Docs:
    """A docstring taken apart; `returns` is what it says of the result."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    returns: str = ""


def read_docstring(text: str | None) -> Docs:
    """Take a docstring apart. One in no known style is all description."""
    if not text:
        return Docs()
    text = inspect.cleandoc(text)
    if "\n" not in text:
        return Docs(text)
    if _SPHINX_FIELD.search(text):
        return _sphinx(text)
    for heading, item in ((_NUMPY_HEADING, _numpy_items), (_GOOGLE_HEADING, _google_items)):
        found = [match for match in heading.finditer(text) if _key(match[1]) in _SECTIONS]
        if found:
            return _sections(text, found, item)
    return Docs(text)


def _key(heading: str) -> str:
    return heading.strip().lower().replace(" ", "_")


def _sections(text: str, found: list[re.Match[str]], items: Callable[[str], dict[str, str]]) -> Docs:
    parameters: dict[str, str] = {}
    returns = ""
    kept = [text[: found[0].start()].strip()]
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=True):
        body = text[match.end() : end].strip("\n")
        key = _key(match[1])
        if key in _PARAMETERS:
            parameters |= items(inspect.cleandoc("\n" + body))
        elif key in _RETURNS:
            returns = _joined(inspect.cleandoc("\n" + body))
        elif key not in _RAISES:
            kept.append(text[match.start() : end].strip())
    return Docs("\n\n".join(part for part in kept if part), parameters, returns)


def _google_items(body: str) -> dict[str, str]:
    return _items(body, _GOOGLE_ITEM)


def _numpy_items(body: str) -> dict[str, str]:
    return _items(body, _NUMPY_ITEM)


def _items(body: str, item: re.Pattern[str]) -> dict[str, str]:
    """Items begin at the margin; what is indented below one goes on with it."""
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in body.splitlines():
        if line[:1].isspace() or not line:
            current.append(line.strip())
        elif match := item.match(line):
            current = [match[2]] if item is _GOOGLE_ITEM else []
            texts |= {name.strip().lstrip("*"): current for name in match[1].split(",")}
    return {name: _joined("\n".join(lines)) for name, lines in texts.items()}


def _sphinx(text: str) -> Docs:
    found = list(_SPHINX_FIELD.finditer(text))
    parameters: dict[str, str] = {}
    returns = ""
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=True):
        body = _joined(text[match.end() : end])
        match match[1]:
            case "param" | "parameter" | "arg" | "argument" | "key" | "keyword" if match[2]:
                parameters[match[2].split()[-1].lstrip("*")] = body
            case "return" | "returns":
                returns = body
            case _:
                pass
    return Docs(text[: found[0].start()].strip(), parameters, returns)


def _joined(text: str) -> str:
    return " ".join(text.split())
