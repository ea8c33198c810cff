"""Python programs asleep: exact at every point, small, and nothing that is damaged or foreign wakes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator

import pytest

from toolscript.codec import Encoded
from toolscript.guests.python.guest import PythonGuest
from toolscript.guests.python.snapshot import HEAD
from toolscript.runs.program import Limits
from toolscript.runs.turn import Finished, Returned, Settled
from toolscript.testing.guest_programs import Case
from toolscript.testing.guest_suite import START, boot, check_snapshots, play

BUSY = """
import asyncio, collections, random, time
from datetime import datetime
seen, count = [], collections.Counter()
class Acc:
    def __init__(self):
        self.n = 0
    def add(self, x):
        self.n += x
        return self
acc, m = Acc(), {'k': {'deep': [1, {'x': 2 ** 70}], 's': {1, 2}}}
def maker(n):
    def inner(x):
        nonlocal n
        n += x
        return n
    return inner
closure = maker(3)
for i in range(4):
    try:
        acc.add((await crm.find(id=i))['id'])
        seen.append([random.random(), random.Random().random()])
        if i == 2:
            await crm.fail(why=f'test {i}')
    except Exception as e:
        seen.append(f'caught {e}')
        try:
            await crm.fail()
        except ToolError as e2:
            seen.append(f'inner {e2} {codemode.failure(e2)["code"]}')
        finally:
            seen.append(await crm.find(id=i))
    finally:
        seen.append(closure(i))
async def chained():
    return (await crm.add(a=(await crm.find(id=1))['id'], b=1))['sum']
async def late():
    await asyncio.sleep(10)
    print('timer', time.time())
a, b, _ = await asyncio.gather(crm.find(id=10), chained(), late())
pieces = await asyncio.gather(*[codemode.run('person', {'id': n}) for n in range(3)], snippets.waits())
time.sleep(5)
fs = {'find': crm.find}
print(seen, end=' | ')
await codemode.step('last', lambda: fs['find'](id=9))
print(random.randint(0, 10 ** 9), random.choice('abc'))
return {'seen': seen, 'n': acc.n, 'a': a, 'b': b, 'pieces': pieces, 'm': m, 'now': datetime.now()}
"""
WAITING = "r = await crm.find()\nreturn r + 1"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    guest = PythonGuest()
    yield guest
    await guest.close()


async def waiting(guest: PythonGuest, code: str = WAITING) -> bytes:
    session = await guest.start(boot(guest, code))
    await session.advance([], START)
    blob = await session.snapshot()
    await session.close()
    assert blob is not None
    return blob


@pytest.mark.parametrize("order", ["all", "first", "last"])
async def test_a_busy_program_sleeps_at_every_point(guest: PythonGuest, order: str) -> None:
    case = Case(name="busy", programs={"python": BUSY})
    assert await check_snapshots(guest, case, order) > 15  # type: ignore[arg-type]


async def test_a_program_goes_on_from_a_snapshot_that_is_not_its_last(guest: PythonGuest) -> None:
    code = "out = []\nfor i in range(3): out.append((await crm.find(id=i))['id'])\nreturn out"
    start = boot(guest, code)
    session = await guest.start(start)
    await session.advance([], START)
    blob = await session.snapshot()
    assert blob is not None
    for _ in range(2):  # the session that it was taken of goes on all the same
        ends: list[object] = []
        for each in (session, await guest.restore(start, blob)):
            turn = None
            for seq in (1, 2, 3):
                turn = await each.advance([Settled(seq, Returned(Encoded(f'{{"id":{seq}}}')))], START)
            assert turn is not None
            ends.append(turn.outcome)
        assert ends == [Finished(Encoded("[1,2,3]"))] * 2
    await session.close()


async def test_a_program_that_grew_wakes_with_all_it_had(guest: PythonGuest) -> None:
    code = "big = [f'n{i}' for i in range(200000)]\nawait crm.find()\nreturn str(len(big)) + big[199999]"
    played = await play(guest, boot(guest, code), sleeping=True)
    assert played.value == "200000n199999"


async def test_a_snapshot_before_the_first_turn_wakes(guest: PythonGuest) -> None:
    start = boot(guest, "return 5")
    session = await guest.start(start)
    blob = await session.snapshot()
    assert blob is not None
    woken = await guest.restore(start, blob)
    assert (await woken.advance([], START)).outcome == Finished(Encoded("5"))


async def test_a_small_program_sleeps_in_a_few_kilobytes(guest: PythonGuest) -> None:
    assert len(await waiting(guest)) < 5_000


async def test_another_process_wakes_a_program(guest: PythonGuest) -> None:
    code = "ns = {'find': crm.find}\nr = await crm.find(id=1)\nreturn [await ns['find'](id=2), await crm.add(a=r, b=1)]"
    blob = await waiting(guest, code)
    script = f"""
import asyncio
from toolscript.codec import Encoded
from toolscript.guests.python.guest import PythonGuest
from toolscript.runs.turn import Returned, Settled
from toolscript.testing.guest_suite import boot
async def main():
    guest = PythonGuest()
    session = await guest.restore(boot(guest, {code!r}), bytes.fromhex({blob.hex()!r}))
    for seq in (1, 2, 3):
        turn = await session.advance([Settled(seq, Returned(Encoded(str(seq))))], 0)
        print([call.path for call in turn.calls], turn.outcome)
    await guest.close()
asyncio.run(main())
"""
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.splitlines() == ["['crm.find'] None", "['crm.add'] None", "[] Finished(value='[2,3]')"]
    assert ran.stderr == ""


async def test_damage_is_refused(guest: PythonGuest) -> None:
    blob, start = await waiting(guest), boot(guest, WAITING)
    damaged = [b"", blob[:10], blob[:-1], blob + b"x", b"X" + blob[1:], blob[:8] + b"?" + blob[9:]]
    damaged.append(blob[:60] + bytes([blob[60] ^ 1]) + blob[61:])
    for content in damaged:
        with pytest.raises(ValueError, match="snapshot"):
            await guest.restore(start, content)


async def test_a_snapshot_that_unpacks_to_too_much_is_refused(guest: PythonGuest) -> None:
    blob, start = await waiting(guest), boot(guest, WAITING, limits=Limits(memory_bytes=8 << 20))
    magic, origin, _ = HEAD.unpack_from(blob)
    bomb = zlib.compress(bytes(200 << 20))
    with pytest.raises(ValueError, match="damaged"):
        await guest.restore(start, HEAD.pack(magic, origin, zlib.crc32(bomb)) + bomb)


async def test_a_forged_state_harms_only_itself(guest: PythonGuest) -> None:
    blob, start = await waiting(guest), boot(guest, WAITING, limits=Limits(cpu_ms=200))
    head, body = HEAD.unpack_from(blob), zlib.decompress(blob[HEAD.size :])
    for at in range(len(body) - 1, len(body) - 1200, -20):
        forged = body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :]
        packed = zlib.compress(forged)
        session = await guest.restore(start, HEAD.pack(*head[:2], zlib.crc32(packed)) + packed)
        turn = await session.advance([Settled(1, Returned(Encoded("1")))], START)
        assert turn.outcome is not None or turn.calls
        await session.close()
    assert (await play(guest, boot(guest, "return 1 + 1"))).value == 2


async def test_a_snapshot_of_another_program_is_refused(guest: PythonGuest) -> None:
    with pytest.raises(ValueError, match="another engine or program"):
        await guest.restore(boot(guest, "return 1"), await waiting(guest))


async def test_a_session_that_ended_has_no_snapshot(guest: PythonGuest) -> None:
    session = await guest.start(boot(guest, "return 1"))
    await session.advance([], START)
    assert await session.snapshot() is None
