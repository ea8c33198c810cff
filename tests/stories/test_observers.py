"""Who watches runs cannot break them."""

import logging

import pytest

from toolscript import Runtime, functions
from toolscript.ports import Event


class Clumsy:
    """An observer that fails at every event."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def observed(self, event: Event) -> None:
        self.seen.append(type(event).__name__)
        raise ZeroDivisionError("of its own")


async def test_a_run_goes_on_when_an_observer_fails(caplog: pytest.LogCaptureFixture):
    async def add(a: int, b: int) -> int:
        return a + b

    clumsy = Clumsy()
    async with Runtime([functions("sums", add)], observers=[clumsy]) as runtime:
        with caplog.at_level(logging.ERROR):
            assert (await runtime.run("return await sums.add({ a: 1, b: 2 })")).value == 3
    assert clumsy.seen == ["RunStarted", "CallStarted", "CallEnded", "RunEnded"]
    assert [record.message.partition(" run_")[0] for record in caplog.records] == ["an observer of the run"] * 4
