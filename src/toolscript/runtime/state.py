"""`codemode.state`: small durable values of a scope, shared by its runs."""

from __future__ import annotations

from typing import Any

from toolscript.codec import NULL, TooLarge, decode, encode
from toolscript.errors import ToolError
from toolscript.ports import Cells

MAX_KEYS = 1_000
MAX_KEY_CHARS = 200
MAX_VALUE_BYTES = 64 << 10  # larger things belong into a tool's own storage


class State:
    """The values of one scope, by key. The last write wins."""

    def __init__(self, cells: Cells, scope: str) -> None:
        self._cells = cells
        self._scope = scope

    async def get(self, key: str) -> Any:
        """The value, or None."""
        return decode(await self._cells.get_cell(self._scope, key) or NULL)

    async def set(self, key: str, value: Any) -> None:
        """Keep a value; `ToolError` for one that is too large, or one key too many."""
        try:
            encoded = encode(value, max_bytes=MAX_VALUE_BYTES)
        except TooLarge as error:
            message = f"codemode.state: the value of {key!r} has {error.reason}. Keep less, or store it with a tool."
            raise ToolError(message) from error
        if await self._cells.get_cell(self._scope, key) is None and len(await self.keys()) >= MAX_KEYS:
            message = f"codemode.state holds {MAX_KEYS:,} keys, which is as many as it may: delete some first"
            raise ToolError(message)
        await self._cells.set_cell(self._scope, key, encoded)

    async def delete(self, key: str) -> bool:
        """Forget a value; whether there was one."""
        if await self._cells.get_cell(self._scope, key) is None:
            return False
        await self._cells.set_cell(self._scope, key, None)
        return True

    async def keys(self) -> list[str]:
        """The keys that have a value, sorted."""
        return await self._cells.cells(self._scope)
