"""The upstream: a server over a Unix socket that is never killed, and counts attempts and effects by key.

An effect happens some time after its request arrived and some time before the answer leaves, whether or not the caller
still lives. With `keyed` a key that has had its effect is answered with it again; else every attempt is an effect.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.chaos.plan import Plan


@dataclass(slots=True)
class Upstream:
    """What was asked for, and what was done."""

    keyed: bool
    random: Random
    attempts: Counter[str] = field(default_factory=Counter[str])
    under_way: Counter[str] = field(default_factory=Counter[str])
    effects: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    refused: Counter[str] = field(default_factory=Counter[str])
    reads: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer."""
        request = json.loads(await reader.readline() or "null")
        if request is not None:
            answer = await self._answer(request)
            writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()

    async def _answer(self, request: dict[str, Any]) -> Any:
        match request["do"]:
            case "look":
                self.reads += 1
                await self._time_passes()
                return {"item": request["item"]}
            case "add" | "refuse":
                return await self._write(request)
            case "state":
                key = request["key"]
                return {
                    "under_way": self.under_way[key],
                    "effects": self.effects.get(key, []),
                    "refused": self.refused[key],
                }
            case _:
                return {"attempts": self.attempts, "effects": self.effects, "reads": self.reads}

    async def _write(self, request: dict[str, Any]) -> Any:
        key = request["key"]
        self.attempts[key] += 1
        self.under_way[key] += 1
        await self._time_passes()
        if request["do"] == "refuse":
            self.refused[key] += 1
            answer: Any = {"refused": True}
        else:
            done = self.effects.setdefault(key, [])
            if not done or not self.keyed:
                done.append({"key": key, "what": request["what"], "nth": len(done)})
            answer = done[-1]
        self.under_way[key] -= 1
        await self._time_passes()
        return answer

    async def _time_passes(self) -> None:
        slow = self.random.random() < 0.1
        await asyncio.sleep(self.random.uniform(0.1, 0.3) if slow else self.random.uniform(0.0, 0.02))


async def ask(socket: str, **request: Any) -> Any:
    """The upstream's answer to one request."""
    reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 26)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        return json.loads(await reader.readline())
    finally:
        writer.close()


async def main(plan: Plan) -> None:
    upstream = Upstream(plan.keyed, plan.random("upstream"))
    server = await asyncio.start_unix_server(upstream.serve, plan.socket, backlog=1_000)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Plan.handed()))
