"""Text of schemas as it may stand in TypeScript and Python: a name, a constant, a comment; nothing breaks out of it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

from toolscript.schema.names import is_identifier

EMPTY = "Record<string, never>"
"""An object without members as a type of TypeScript: `{}` would take anything."""
MAX_CONSTANT = 80  # characters of one allowed value
MAX_KEY = 400  # characters of a property's name; no real one has a fifth of that

# What ends a line, is not seen, turns the direction of text, or is half a character.
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_spaces = re.compile(rf"[\s{_HIDDEN}]+")
_unsafe = re.compile(rf"[{_HIDDEN}`]")
_directive = re.compile(r"@(?=ts-)|^\w+(?=:\s*ignore)|^type(?=:)", re.IGNORECASE)


def comment(text: str, max_chars: int) -> str:
    """Text of a schema on one line, as it may stand in a comment of either language or in a listing."""
    line = _spaces.sub(" ", text[: max_chars * 4 + 200]).replace("*/", "*\\/").replace("```", "'''").strip()
    line = _directive.sub(lambda match: f"{match[0]} ", line)  # `@ts-ignore` and `type: ignore` are orders to checkers
    if len(line) <= max_chars:
        return line.strip()
    cut = line[: max_chars - 1]
    return cut[: cut.rfind(" ") if " " in cut[max_chars // 2 :] else None].strip(" ,;:.") + "…"


def key_text(name: str) -> str:
    """A property's name in TypeScript: an identifier, or quoted."""
    return name if is_identifier(name) and len(name) <= MAX_KEY else escaped(_json(_cut_key(name)))


def python_key(name: str) -> str:
    """A property's name as a Python string."""
    return python_text(_json(_cut_key(name)))


def _cut_key(name: str) -> str:
    return name if len(name) <= MAX_KEY else name[: MAX_KEY - 1] + "…"


def escaped(text: str) -> str:
    """JSON text as TypeScript that also keeps within its line, a comment and a code fence."""
    return _unsafe.sub(_as_utf16, text).replace("*/", "*\\/")


def python_text(text: str) -> str:
    """The JSON text of a string as a Python string that also keeps within its line and a code fence."""
    return _unsafe.sub(lambda match: _python_escape(ord(match[0])), text)


def _python_escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def _as_utf16(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFFFF:  # noqa: PLR2004 - four digits
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + ((code - 0x10000) & 0x3FF):04x}"


def literal(text: str) -> str:
    """A constant, given as JSON text, as a literal type of TypeScript; a long one by its kind."""
    value = json.loads(text)
    if len(text) > MAX_CONSTANT and not isinstance(value, int | None):
        return {'"': "string", "[": "unknown[]", "{": "object"}.get(text[0], "number")
    return _typescript_literal(value)


def _typescript_literal(value: Any) -> str:
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            parts = [f"{key_text(name)}: {_typescript_literal(held)}" for name, held in members.items()]
            return f"{{ {', '.join(parts)} }}" if parts else EMPTY
        case list():
            return f"[{', '.join(_typescript_literal(held) for held in cast('list[Any]', value))}]"
        case float():
            return (str(int(value)) if _is_whole(value) else repr(value)) if math.isfinite(value) else "number"
        case int() if not isinstance(value, bool):
            return str(value) if abs(value) < 1 << 53 else "number"
        case _:
            return escaped(_json(value))


def python_literal(text: str) -> str | None:
    """A constant, given as JSON text, as it may stand in `Literal[...]`; None where only its kind can be said."""
    value = json.loads(text)
    match value:
        case None:
            return "None"
        case bool():
            return str(value)
        case int():
            return str(value) if abs(value) < 1 << 53 else None
        case float() if _is_whole(value):
            return str(int(value))
        case str() if len(text) <= MAX_CONSTANT:
            return python_text(_json(value))
        case _:
            return None


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) < 1 << 53


def python_value(value: Any) -> str:
    """A JSON value as a Python expression."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            return f"{{{', '.join(f'{python_key(name)}: {python_value(held)}' for name, held in members.items())}}}"
        case list():
            return f"[{', '.join(python_value(held) for held in cast('list[Any]', value))}]"
        case str():
            return python_text(_json(value))
        case float() if not math.isfinite(value):
            return f'float("{value}")'
        case _:
            return repr(value)


def typescript_value(value: Any) -> str:
    """A JSON value as a TypeScript expression."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            parts = [f"{_member_key(name)}: {typescript_value(held)}" for name, held in members.items()]
            return f"{{ {', '.join(parts)} }}" if parts else "{}"
        case list():
            return f"[{', '.join(typescript_value(held) for held in cast('list[Any]', value))}]"
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case _:
            return escaped(_json(value))


def _member_key(name: str) -> str:
    return '["__proto__"]' if name == "__proto__" else key_text(name)  # the plain name would set the prototype


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
