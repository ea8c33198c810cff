"""Text of schemas as it may stand in TypeScript: a name, a constant, a comment, and nothing that breaks out of it."""

from __future__ import annotations

import json
import re

from toolscript.schema.names import is_identifier

MAX_CONSTANT = 80  # characters of one allowed value


def comment(text: str, max_chars: int) -> str:
    """Text of a schema on one line, as it may stand in a comment or a listing."""
    line = _spaces.sub(" ", text).replace("*/", "*\\/").replace("```", "'''").strip()
    if len(line) <= max_chars:
        return line
    cut = line[: max_chars - 1]
    return cut[: cut.rfind(" ") if " " in cut[max_chars // 2 :] else None].rstrip(" ,;:.") + "…"


def literal(text: str) -> str:
    """A constant as a literal type; a long or structured one by its kind."""
    if text[:1] in {"{", "["}:
        return "object" if text[0] == "{" else "unknown[]"
    if len(text) > MAX_CONSTANT:
        return "string" if text[0] == '"' else "number"
    return escaped(text)


def key_text(name: str) -> str:
    """A property's name: an identifier, or quoted."""
    name = name if len(name) <= 120 else name[:119] + "…"  # noqa: PLR2004 - longer than any sane property
    return name if is_identifier(name) else escaped(json.dumps(name, ensure_ascii=False))


def escaped(text: str) -> str:
    """JSON text that also keeps within its line and within a code fence."""
    return _unsafe.sub(lambda match: f"\\u{ord(match[0]):04x}", text).replace("*/", "*\\/")


_spaces = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff]+")
_unsafe = re.compile(r"[\x00-\x1f\x7f-\x9f`\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
