"""Blocking work beside the event loop: results, errors, cancelled waits, and more work than threads."""

import asyncio
import threading

import pytest

from toolscript.threads import Steadfast, Threads


@pytest.fixture
async def threads():
    threads = Threads(most=4)
    yield threads
    threads.close()


@pytest.fixture(params=["run", "run_short"])
def run(request: pytest.FixtureRequest, threads: Threads):
    return getattr(threads, request.param)


async def test_results_and_errors_come_back_from_quick_and_from_slow_work(run):
    slow = threading.Event()
    assert await run(lambda: 7) == 7
    with pytest.raises(KeyError, match="quick"):
        await run(lambda: {}["quick"])
    waiting = asyncio.create_task(run(lambda: slow.wait(10)))
    await asyncio.sleep(0)
    slow.set()
    assert await waiting is True


async def test_a_stop_iteration_is_an_error_like_any_other(run):
    def work() -> None:
        raise StopIteration("x")

    with pytest.raises(RuntimeError, match="StopIteration: x"):
        await run(work)


async def test_the_event_loop_goes_on_while_work_blocks(run):
    gate = threading.Event()
    waiting = asyncio.create_task(run(lambda: gate.wait(10)))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(gate.set)  # only a loop that runs can open the gate
    assert await waiting is True


async def test_a_cancelled_wait_ends_at_once_and_the_thread_is_used_again(run):
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(10)
        ended.set()

    waiting = asyncio.create_task(run(work))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    assert await run(lambda: ended.wait(10)) is True


async def test_more_work_than_threads_waits_and_all_of_it_is_done(run):
    names: set[int] = set()

    def work(number: int) -> int:
        names.add(threading.get_ident())
        return number

    results = await asyncio.gather(*(run(lambda number=number: work(number)) for number in range(200)))
    assert results == list(range(200))
    assert len(names) <= 4


async def test_work_after_a_close_gets_new_threads(threads: Threads, run):
    assert await run(lambda: 1) == 1
    threads.close()
    assert await run(lambda: 2) == 2


async def test_work_goes_on_when_who_waits_for_it_is_cancelled_and_can_be_waited_for_again():
    work: Steadfast[int] = Steadfast()

    async def wait() -> int:
        return await work

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    work.set_result(3)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await work == 3
