"""Runs whose process is gone, stopped, slow or wrong about the time: real processes, signals, and one file."""

import asyncio
from pathlib import Path

from toolscript.connectors.functions import functions, tool
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore


class GatedStore(SQLiteStore):
    """A store whose reads of logs can be held up."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, run: str):
        self.reading.set()
        await self.gate.wait()
        return await super().read(run)


async def test_a_run_that_is_taken_over_before_its_new_driver_has_read_the_log_is_let_be(tmp_path: Path):
    """Else both would drive it with the same fence, and the store could not tell them apart."""
    acted: list[str] = []

    @tool(destructive=True)
    async def write() -> str:
        acted.append("write")
        return "written"

    tools = [functions("w", write)]
    async with Runtime(tools, store=SQLiteStore(tmp_path / "runs.db")) as first:
        run = (await first.run("return await w.write({})")).run
    async with Runtime(tools, store=SQLiteStore(tmp_path / "runs.db"), role="client") as person:
        await person.approve(run)
    store = GatedStore(tmp_path / "runs.db")
    store.gate.clear()
    async with asyncio.timeout(20), Runtime(tools, store=store) as slow:
        await store.reading.wait()
        other = SQLiteStore(tmp_path / "runs.db")
        claimed = await other.claim(scope="", now=1 << 50, until=1 << 51, run=run)
        before = await other.read(run)
        store.gate.set()
        while run in slow._drives:  # noqa: SLF001 - whether it has let go is to be seen nowhere else
            await asyncio.sleep(0)
        assert claimed is not None
        assert await other.read(run) == before
        await other.close()
    assert acted == []
