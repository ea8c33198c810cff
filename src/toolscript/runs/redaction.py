"""Secrets taken out of what is logged, shown to people, and given to models.

1. Only known secrets are looked for: those that the configuration names, and for one call the values of arguments
   that its schema marks. Nothing is guessed.
2. A secret is found as it is, as JSON and Python quote it, percent-encoded, and in base64, alone or in the middle of
   something longer. What stands in its place is always `REDACTED`.
3. Secrets under `MIN_CHARS` characters are not looked for: their letters stand in too many words.
4. Values are redacted as values, never as text: JSON stays JSON, tags stay tags, and what has no secret in it is not
   touched at all. Bytes are redacted like texts; a number is if the whole of it is a secret.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, cast
from urllib.parse import quote, quote_plus

from toolscript.codec import CodecError, Encoded, decode, encode
from toolscript.errors import Failure
from toolscript.runs.turn import Answer, Raised, Returned
from toolscript.schema.secrets import Place, has_secrets, secret_places
from toolscript.tools import Schema

REDACTED = "[redacted]"
MIN_CHARS = 4
MIN_BASE64_BYTES = 6  # the middle part of fewer is under 7 characters of base64, and would be found by chance
MAX_SCHEMAS = 10_000  # whose marks are remembered

_QUOTED = Encoded(json.dumps(REDACTED))


def is_redacted(value: Any) -> bool:
    """Whether something was taken out of a decoded value."""
    return any(REDACTED in text for text in _texts(value))


def unmasked(edited: Encoded, own: Encoded) -> Encoded:
    """Arguments that a person edited, with the program's own texts where the person left a mask standing."""
    return encode(_filled(decode(edited), decode(own))) if REDACTED in edited else edited


def _filled(edited: Any, own: Any) -> Any:
    match edited, own:
        case str(), str() if REDACTED in edited:
            return own
        case dict(), dict():
            members, known = cast("dict[str, Any]", edited), cast("dict[str, Any]", own)
            return {name: _filled(held, known.get(name)) for name, held in members.items()}
        case list(), list():
            items, others = cast("list[Any]", edited), cast("list[Any]", own)
            return [_filled(item, other) for item, other in zip_longest(items, others[: len(items)])]
        case _:
            return edited


class Redactor:
    """Knows some secrets, and takes them out."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= MIN_CHARS and secret not in REDACTED}
        self._secrets = frozenset(known)
        forms = {form for secret in known for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)  # one may contain another
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._marked: dict[int, tuple[Schema, bool]] = {}

    def text(self, text: str) -> str:
        """A text without secrets."""
        if self._pattern is None or self._pattern.search(text) is None:
            return text
        return self._pattern.sub(REDACTED, text)

    def encoded(self, value: Encoded) -> Encoded:
        """A value without secrets; one that cannot be read and may contain a secret is redacted as a whole."""
        if self._pattern is None or (not _hides(value) and self._pattern.search(value) is None):
            return value
        try:
            before = decode(value)
            after = self._cleaned(before)
            return value if after is before else encode(after)
        except CodecError:
            return value if "\\" not in value and self._pattern.search(value) is None else _QUOTED

    def value(self, value: Any) -> Any:
        """A decoded value without secrets: itself, if there are none."""
        return value if self._pattern is None else self._cleaned(value)

    def answer(self, answer: Answer) -> Answer:
        """An answer without secrets."""
        match answer:
            case Returned(value):
                cleaned = self.encoded(value)
                return answer if cleaned is value else Returned(cleaned)
            case Raised(failure):
                clean = self.failure(failure)
                return answer if clean is failure else Raised(clean)

    def failure(self, failure: Failure) -> Failure:
        """A failure without secrets, in all that it says."""
        if self._pattern is None:
            return failure
        clean = replace(
            failure,
            name=self.text(failure.name),
            message=self.text(failure.message),
            source=None if failure.source is None else self.text(failure.source),
            column=self._moved(failure.source or "", failure.column),
            stack=tuple(map(self.text, failure.stack)),
            content=None if failure.content is None else self.encoded(failure.content),
        )
        return failure if clean == failure else clean

    def _moved(self, text: str, column: int | None) -> int | None:
        """Where the character of this column stands once the secrets are out; of a secret, where its mask begins."""
        if self._pattern is None or column is None:
            return column
        moved = column
        for found in self._pattern.finditer(text):
            if found.end() >= column:
                return moved - max(0, column - 1 - found.start())
            moved += len(REDACTED) - len(found.group())
        return moved

    def arguments(self, args: Encoded, schema: Schema) -> Encoded:
        """Arguments without secrets: neither those that are known, nor those that the schema marks."""
        if self.is_marked(schema):
            try:
                value = decode(args)
            except CodecError:
                return _QUOTED
            if places := secret_places(schema, value):
                args = encode(_replaced(value, places))
        return self.encoded(args)

    def for_call(self, args: Mapping[str, Any], schema: Schema) -> Redactor:
        """A redactor that also knows the secrets among the decoded arguments of one call, for its answer."""
        if not self.is_marked(schema):
            return self
        return self.with_values(_at(args, place) for place in secret_places(schema, args))

    def with_values(self, values: Iterable[Any]) -> Redactor:
        """A redactor that also knows the texts in these values."""
        more = frozenset(text for value in values for text in _texts(value) if len(text) >= MIN_CHARS)
        return self if more <= self._secrets else Redactor(self._secrets | more)

    def is_marked(self, schema: Schema) -> bool:
        """Whether a schema marks any secrets."""
        known = self._marked.get(id(schema))
        if known is None:
            if len(self._marked) >= MAX_SCHEMAS:
                self._marked.clear()
            known = self._marked[id(schema)] = (schema, has_secrets(schema))  # held, so that its id stays its own
        return known[1]

    def _cleaned(self, value: Any) -> Any:
        """The value without secrets: itself, if there are none."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return self._cleaned_members(cast("dict[str, Any]", value))
            case list():
                items = cast("list[Any]", value)
                clean = [self._cleaned(item) for item in items]
                return clean if any(new is not old for new, old in zip(clean, items, strict=True)) else items
            case bytes():
                text = value.decode("utf-8", "surrogateescape")
                clean = self.text(text)
                return value if clean is text else clean.encode("utf-8", "surrogateescape")
            case int() | float() if not isinstance(value, bool) and str(value) in self._secrets:
                return REDACTED
            case _:
                return value

    def _cleaned_members(self, members: dict[str, Any]) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        changed = False
        for name, held in members.items():
            value, new = self._cleaned(held), self.text(name)
            changed = changed or value is not held or new is not name
            free, number = new, 2
            while free in clean or (free is not name and free in members):
                free, number = f"{new} {number}", number + 1
            clean[free] = value
        return clean if changed else members


def _hides(encoded: str) -> bool:
    """Whether a value's text may hold a secret in another form: with escapes that no encoder needs, or in bytes."""
    return "\\u" in encoded or "\\/" in encoded or '"$' in encoded


def _forms(secret: str) -> set[str]:
    """The forms in which a secret may stand in a text, and in JSON in a text."""
    forms = set(_direct_forms(secret))
    return forms | {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in forms for ascii_only in (True, False)}


def _direct_forms(secret: str) -> Iterator[str]:
    plain = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    for safe in ("", "/", "!*'()", "!*'()/", "!$&'()*+,;=:@", "!$&'()*+,;=:@/?"):  # as the standards' parts of a URL
        escaped = quote(plain, safe)
        yield escaped
        yield _lower_escapes(escaped)
    escaped = quote_plus(plain)
    yield escaped
    yield _lower_escapes(escaped)
    if len(plain) >= MIN_BASE64_BYTES:
        for offset in range(3):
            middle = _base64_middle(plain, offset)
            yield middle
            yield middle.replace("+", "-").replace("/", "_")


def _lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _base64_middle(plain: bytes, offset: int) -> str:
    """The characters of base64 that depend on these bytes alone, where they begin at `offset` in a group of three."""
    text = base64.b64encode(b"\0" * offset + plain).decode()
    return text[-(-offset * 8 // 6) : (offset + len(plain)) * 8 // 6]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for held in cast("dict[str, Any]", value).values():
                yield from _texts(held)
        case list() | tuple():
            for held in cast("Sequence[Any]", value):
                yield from _texts(held)
        case _:
            pass


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _replaced(value: Any, places: Iterable[Place]) -> Any:
    """The value, changed in place: `REDACTED` at these places."""
    for place in places:
        if not place:
            return REDACTED
        _at(value, place[:-1])[place[-1]] = REDACTED
    return value
