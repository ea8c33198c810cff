"""An upstream that stories hold in their hands: it counts what it did, by the key of each call."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.ports import Connector
from toolscript.tools import CallContext

Secret = Annotated[str, Field(json_schema_extra={"writeOnly": True})]


@dataclass
class Upstream:
    """`attempts` counts how often each call reached a write; `effects` what a keyed one made of that."""

    done: list[str] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    effects: dict[str, str] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    broken: set[str] = field(default_factory=set)

    def connector(self) -> Connector:
        return functions(
            "w", self.read, self.write, self.pay, self.drop, self.book, self.note, self.login, self.fail, self.hang,
            self.hang_write, self.echo, self.text, self.quote,
        )  # fmt: skip

    @tool(effect="read")
    async def read(self, i: int = 0) -> int:
        """Look a number up."""
        self.done.append(f"read {i}")
        return i * 10

    async def write(self, context: CallContext, key: str = "", amount: int = 0) -> str:
        """Write, each time that it is asked to."""
        self._count(context, f"write {key}")
        return f"wrote {key}"

    @tool(keyed=True)
    async def pay(self, context: CallContext, to: str, amount: int = 1) -> str:
        """Pay once by key."""
        self.attempts[context.idempotency_key] += 1
        if context.idempotency_key not in self.effects:
            self.effects[context.idempotency_key] = f"pay {to} {amount}"
            self.done.append(f"pay {to} {amount}")
        await asyncio.sleep(0)
        return f"paid {to} {amount}"

    @tool(destructive=True)
    async def drop(self, context: CallContext, name: str) -> str:
        """Drop a table."""
        self._count(context, f"drop {name}")
        return f"dropped {name}"

    async def _unbook(self, result: str, name: str) -> str:
        if name in self.broken:
            raise ToolError(f"{name} cannot be undone now")
        self.done.append(f"unbook {name}")
        return f"undone {result}"

    @tool(revert=_unbook)
    async def book(self, name: str) -> str:
        """Book, which can be undone."""
        self.done.append(f"book {name}")
        return f"booked {name}"

    async def note(self, text: str) -> str:
        """Write what cannot be undone."""
        self.done.append(f"note {text}")
        return text

    async def login(self, user: str, password: Secret) -> str:
        """Sign in; the password is a secret."""
        self.done.append(f"login {user} {password}")
        return f"{user} signed in with {password}"

    @tool(effect="read")
    async def fail(self, why: str = "test") -> None:
        """Fail, always."""
        raise ToolError(f"no: {why}")

    @tool(effect="read")
    async def hang(self) -> str:
        """Answer when the test says so."""
        self.entered.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.done.append("hang cancelled")
            raise
        return "read on"

    async def hang_write(self, context: CallContext) -> str:
        """Write, and answer when the test says so."""
        self._count(context, "hang_write")
        self.entered.set()
        await self.gate.wait()
        return "written"

    @tool(effect="read")
    async def echo(self, value: Any) -> Any:
        """Give it back."""
        return value

    @tool(effect="read")
    async def text(self, size: int) -> dict[str, Any]:
        """A large value."""
        return {"size": size, "text": "é" * size}

    @tool(effect="read")
    async def quote(self, text: str) -> None:
        """Fail with these words."""
        raise ValueError(f"upstream said {text}")

    def _count(self, context: CallContext, what: str) -> None:
        self.attempts[context.idempotency_key] += 1
        self.done.append(what)
