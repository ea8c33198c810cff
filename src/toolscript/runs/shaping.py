"""A value as text for a model, within a budget of tokens.

1. A string stands as itself; anything else is JSON, a record a line where that is longer than a line. What fits is
   never cut, and is still JSON.
2. What does not fit loses the least useful first: an object keeps its keys and its small members, and the large ones
   share what is left; an array keeps its first items whole. What was left out is counted where it was.
3. The last line of a cut value says how to read on, with the path of the first cut.
4. Time is linear in the value's text, which is parsed once; beyond that only what is shown is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from toolscript.codec import Blob, Encoded, decode, plain
from toolscript.schema.names import is_identifier
from toolscript.schema.syntax import Syntax
from toolscript.tokens import estimate

LINE_CHARS = 100  # a container longer than this is broken into lines
MAX_BROKEN = 4  # levels that are broken into lines: deeper ones cost more indentation than they are worth
MAX_DEPTH = 60  # levels that are shown: the frames of two functions each must fit the interpreter's stack
MARK_TOKENS = 10  # what the words of one cut take
TAIL_TOKENS = 70  # what the way to read on takes
MIN_TOKENS = 12  # less than this shows nothing of a member
MIN_ITEM_TOKENS = 40  # an item cut to less than this says little: fewer items, whole, say more
CHARS_PER_TOKEN = 7  # no text has more of them for one token, as `estimate` counts, but for runs of spaces
SHORT_BYTES = 48  # of binary content, which no model reads


@dataclass(frozen=True, slots=True)
class Shaped:
    """The text, and whether anything of the value is not in it."""

    text: str
    cut: bool


def shape(value: Encoded, budget_tokens: int, run: str, syntax: Syntax = "typescript") -> Shaped:
    """The value as text; `run` names the run whose result it is, for the way to read on in a program."""
    decoded = decode(value)
    if _cost(decoded, budget_tokens) <= budget_tokens:
        text = decoded if isinstance(decoded, str) else _whole(decoded, 0)
        if estimate(text) <= budget_tokens:
            return Shaped(readable(text), False)
    share = budget_tokens - TAIL_TOKENS
    while share > 0:
        cut = _Cut(share, syntax)
        text = f"{cut.text(decoded)}\n{_read_on(cut.first, run, syntax)}"
        if estimate(text) <= budget_tokens:
            return Shaped(readable(text), True)
        share = min(share - 1, int(share * 0.93))
    return Shaped(_read_on(None, run, syntax), True)


def shape_lines(lines: Sequence[str], budget_tokens: int) -> Shaped:
    """Printed lines as text: the first and the last, with what is between them counted."""
    texts = [readable(line) for line in lines]
    if sum(len(text) for text in texts) <= budget_tokens * CHARS_PER_TOKEN:
        whole = "\n".join(texts)
        if estimate(whole) <= budget_tokens:
            return Shaped(whole, False)
    left = max(1, budget_tokens - 2 * MARK_TOKENS)
    first = _lines_within(texts, left * 2 // 3)
    rest = texts[len(first) :]
    left -= sum(estimate(line) + 1 for line in first)
    last = _lines_within(rest[:0:-1], left // 2 if not first else left)[::-1]
    left -= sum(estimate(line) + 1 for line in last)
    between = len(rest) - len(last)
    if not first:
        chars = _prefix(rest[0], max(1, left))
        first = [f"{rest[0][:chars]}… (+{len(rest[0]) - chars:,} characters)"]
        between -= 1
    middle = [f"… {between:,} more line{'' if between == 1 else 's'} …"] if between else []
    return Shaped("\n".join([*first, *middle, *last]), True)


def readable(text: str) -> str:
    """The text with what no encoding can carry (half a surrogate pair) replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(slots=True)
class _Cut:
    """One try at a text of about `budget` tokens."""

    budget: int
    syntax: Syntax = "typescript"
    first: str | None = field(default=None, init=False)
    """The expression that reads on where the first cut is, with `r` for the whole value."""

    def text(self, value: Any) -> str:
        if isinstance(value, str):
            return self._string(value, self.budget, "r", quoted=False)
        return self._any(value, self.budget, "r", 0)

    def _any(self, value: Any, budget: int, path: str, depth: int) -> str:
        if _cost(value, budget) <= budget and (depth == 0 or depth < MAX_DEPTH):
            return _whole(value, depth)
        match value:
            case str():
                return self._string(value, budget, path, quoted=True)
            case dict() if value:
                members = cast("dict[str, Any]", value)
                return self._object(members, budget, path, depth) if depth < MAX_DEPTH else self._deep(members, path)
            case list() if value:
                items = cast("list[Any]", value)
                return self._array(items, budget, path, depth) if depth < MAX_DEPTH else self._deep(items, path)
            case _:
                return _dump(value)

    def _string(self, value: str, budget: int, path: str, *, quoted: bool) -> str:
        chars = _prefix(value, max(1, budget - MARK_TOKENS))
        self._note(_slice(path, chars, chars + 20_000, self.syntax))
        shown = _dump(value[:chars])[:-1] if quoted else value[:chars]
        return f"{shown}… (+{len(value) - chars:,} characters)" + ('"' if quoted else "")

    def _array(self, items: list[Any], budget: int, path: str, depth: int) -> str:
        left = budget - MARK_TOKENS - 2
        parts: list[str] = []
        least = max(MIN_ITEM_TOKENS, budget // 8)
        for index, item in enumerate(items):
            if left < 1:
                break
            share = max(left // min(len(items) - index, 4), min(left, least))
            cost = _cost(item, left)
            if cost > share and parts and (share < least or self.first is None):
                break
            part = self._any(item, min(cost, share), f"{path}[{index}]", depth + 1)
            left -= estimate(part) + 2
            parts.append(part)
        if len(parts) < len(items):
            end = len(parts) + max(10, min(len(parts), 100))
            self._note(_slice(path, len(parts), end, self.syntax), first=True)
            parts.append(f"… {len(items) - len(parts):,} more of {len(items):,} items")
        return _joined("[", parts, "]", depth)

    def _object(self, members: dict[str, Any], budget: int, path: str, depth: int) -> str:
        left = budget - MARK_TOKENS - 2
        named: list[tuple[str, Any]] = []
        for key, value in members.items():
            left -= _key_cost(key)
            if named and left < MIN_TOKENS * (1 + len(named) // 2) and left < budget // 2:
                break
            named.append((key, value))
        shares = _shares([value for _, value in named], max(left, 1))
        parts = [
            f"{_dump(key[:200])}:{self._any(value, share, _member(path, key, self.syntax), depth + 1)}"
            for (key, value), share in zip(named, shares, strict=True)
        ]
        if len(parts) < len(members):
            entries = f"list({path}.items())" if self.syntax == "python" else f"Object.entries({path})"
            self._note(_slice(entries, len(parts), len(parts) + max(10, len(parts)), self.syntax))
            parts.append(f"… {len(members) - len(parts):,} more of {len(members):,} keys")
        return _joined("{", parts, "}", depth)

    def _deep(self, value: list[Any] | dict[str, Any], path: str) -> str:
        self._note(path)
        return f"[… {len(value):,} items]" if isinstance(value, list) else f"{{… {len(value):,} keys}}"

    def _note(self, expression: str, *, first: bool = False) -> None:
        """Remember where to read on: at the first cut, but rather among an array's items than inside one of them."""
        if self.first is None or first:
            self.first = expression


def _shares(values: list[Any], budget: int) -> list[int]:
    """A share for each: what is small gets all it needs, and the others equal parts of what is left."""
    shares: dict[int, int] = {}
    waiting: list[int] = list(range(len(values)))
    left = budget
    while waiting:
        fair = max(1, left // len(waiting))
        small: dict[int, int] = {index: cost for index in waiting if (cost := _cost(values[index], fair)) <= fair}
        shares |= small or dict.fromkeys(waiting, fair)
        left -= sum(small.values())
        waiting = [index for index in waiting if index not in shares]
    return [shares[index] for index in range(len(values))]


def _cost(value: Any, cap: int) -> int:
    """About the tokens of a value's whole text; more than the cap as soon as that is certain."""
    spent = 0
    waiting: list[Any] = [value]
    while waiting and spent <= cap:
        each = waiting.pop()
        if isinstance(each, str):
            spent += cap + 1 if len(each) > cap * CHARS_PER_TOKEN else estimate(each) + 1
        elif isinstance(each, list):
            items = cast("list[Any]", each)
            spent += 2 + len(items)
            if spent <= cap:
                waiting.extend(items)
        elif isinstance(each, dict):
            members = cast("dict[str, Any]", each)
            spent += 2 + 2 * len(members)
            if spent <= cap:
                waiting.extend(members.values())
                spent += sum(_key_cost(key) - 2 for key in members)
        else:
            spent += estimate(_dump(each))
    return spent


def _key_cost(key: str) -> int:
    return estimate(key[:200]) + 2


def _prefix(text: str, budget: int) -> int:
    """How many characters of a text fit; what is left over is less than a tenth of the budget."""
    chars = min(len(text), budget * CHARS_PER_TOKEN)
    while chars > 1 and (cost := estimate(text[:chars])) > budget:
        chars = max(1, min(int(chars * 0.95), int(chars * budget / cost)))
    return chars


def _lines_within(lines: Sequence[str], budget: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        budget -= len(line) if len(line) > budget * CHARS_PER_TOKEN else estimate(line) + 1
        if budget < 0:
            break
        kept.append(line)
    return kept


def _whole(value: Any, depth: int) -> str:
    """All of a value: on one line if that is short, else broken into lines."""
    line = _dump(value)
    if len(line) <= LINE_CHARS or depth >= MAX_BROKEN:
        return line
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            parts = [f"{_dump(key)}:{_whole(item, depth + 1)}" for key, item in members.items()]
            return _joined("{", parts, "}", depth)
        case list():
            parts = [_whole(item, depth + 1) for item in cast("list[Any]", value)]
            return _joined("[", parts, "]", depth)
        case _:
            return line


def _joined(begin: str, parts: list[str], end: str, depth: int) -> str:
    if depth >= MAX_BROKEN or (sum(map(len, parts)) <= LINE_CHARS and not any("\n" in part for part in parts)):
        return f"{begin}{','.join(parts)}{end}"
    indent = " " * (depth + 1)
    return f"{begin}\n{indent}" + f",\n{indent}".join(parts) + f"\n{' ' * depth}{end}"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_odd)


def _odd(value: Any) -> Any:
    match value:
        case bytes() if len(value) > SHORT_BYTES:
            return f"<{len(value):,} bytes>"
        case bytes() | datetime() | Blob():
            return plain(value)
        case _:
            return str(value)


def _member(path: str, key: str, syntax: Syntax) -> str:
    return f"{path}.{key}" if syntax == "typescript" and is_identifier(key) else f"{path}[{_dump(key)}]"


def _slice(path: str, start: int, end: int, syntax: Syntax) -> str:
    return f"{path}[{start}:{end}]" if syntax == "python" else f"{path}.slice({start}, {end})"


def _read_on(expression: str | None, run: str, syntax: Syntax) -> str:
    name, end = ("r", "") if syntax == "python" else ("const r", ";")
    return (
        f'[Cut. The whole value is kept; read on in a program: {name} = await codemode.result("{run}"); '
        f"return {expression or 'r'}{end}]"
    )
