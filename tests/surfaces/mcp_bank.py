"""A server with tools that a person must approve, over a store that several processes share.

Run as a script it serves stdio; its argument is JSON: the directory of the store and the ledger, and the options.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolscript.surfaces.mcp_server.front import serve
from toolscript.surfaces.mcp_server.options import ServeOptions

if TYPE_CHECKING:
    from mcp.client import Client

    from toolscript.runtime.runtime import Runtime


def bank(folder: Path, **more: Any) -> Runtime:
    """A runtime whose payments are lines of a file, so that they are counted whoever makes them."""
    import asyncio

    from toolscript.connectors.functions import functions, tool
    from toolscript.errors import ToolError
    from toolscript.runtime.runtime import Runtime
    from toolscript.stores.sqlite import SQLiteStore

    ledger = folder / "ledger"

    @tool(destructive=True)
    def pay(to: str, amount: int) -> int:
        """Pay somebody."""
        with ledger.open("a") as file:
            file.write(f"{to} {amount}\n")
        return amount

    @tool
    def note(text: str) -> str:
        """Write a note."""
        with ledger.open("a") as file:
            file.write(f"note {text}\n")
        return text

    @tool(effect="read")
    def balance() -> int:
        """The balance."""
        return 100

    @tool
    def broken() -> None:
        """Never works."""
        raise ToolError("the printer is out of paper")

    @tool
    async def slow() -> None:
        """Never answers."""
        await asyncio.Event().wait()

    store = SQLiteStore(folder / "runs.db")
    return Runtime([functions("bank", pay, note, balance, broken, slow)], store=store, **more)


def payments(folder: Path) -> list[str]:
    """What was paid and noted, in order."""
    ledger = folder / "ledger"
    return ledger.read_text().splitlines() if ledger.exists() else []


@dataclass
class Person:
    """Answers forms, one after the other, and remembers what was asked."""

    answers: list[Any]
    asked: list[Any] = field(default_factory=list[Any])

    async def __call__(self, context: Any, params: Any) -> Any:
        import mcp_types as types

        self.asked.append(params)
        answer = self.answers[len(self.asked) - 1]
        if isinstance(answer, str):
            return types.ElicitResult(action=answer)  # type: ignore[arg-type]
        return types.ElicitResult(action="accept", content=answer)


@asynccontextmanager
async def customer(
    folder: Path, transport: str, mode: Any, ask: Callable[..., Any] | None = None, **options: Any
) -> AsyncGenerator[Client]:
    """A client of a server of its own on this folder; `ask` answers forms, without it the client shows none."""
    from mcp import StdioServerParameters
    from mcp.client import Client
    from mcp_parts import over_http

    how: dict[str, Any] = {"mode": mode, "read_timeout_seconds": 20, "elicitation_callback": ask}
    if transport == "stdio":
        arguments = [str(Path(__file__)), json.dumps({"folder": str(folder), **options})]
        server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
        async with Client(server, **how) as client:
            yield client
    else:
        async with over_http(bank(folder), options_of(options)) as url, Client(url, **how) as client:
            yield client


def options_of(given: dict[str, Any]) -> ServeOptions:
    chosen: Any = {"expose": tuple(given.get("expose", ()))}
    return ServeOptions(**given | chosen)


if __name__ == "__main__":
    asked: dict[str, Any] = json.loads(sys.argv[1])
    where = Path(asked.pop("folder"))
    sys.exit(serve(lambda: bank(where), options_of(asked), ["bank"]))
