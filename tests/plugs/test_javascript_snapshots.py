"""Snapshots of the JavaScript guest: what wakes, and what is refused."""

# ruff: noqa: E501 - a program stands on one line of the table

from __future__ import annotations

import contextlib
import random
import struct
import zlib
from collections.abc import AsyncIterator

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.javascript.snapshot import HEAD
from toolscript.runs.program import Limits
from toolscript.runs.turn import Finished, Returned, Settled
from toolscript.testing.guest_programs import Case
from toolscript.testing.guest_suite import START, boot, check_snapshots, play

BUSY = """
const seen = []; class Acc { #n = 0; add(x) { this.#n += x; return this } get n() { return this.#n } }
const acc = new Acc(), m = new Map([['k', {deep: [1, {x: 1n}]}]]), ws = new WeakMap(), key = {}; ws.set(key, 'weak');
function* gen() { let i = 0; while (true) yield i++ } const g = gen(); g.next();
for (let i = 0; i < 4; i++) {
  try {
    acc.add((await crm.find({id: i})).id); seen.push(Math.random());
    if (i === 2) await crm.fail({why: 'test ' + i});
  } catch (e) {
    seen.push(`caught ${e.name}: ${e.message}`);
    try { await crm.fail({}) } catch (e2) { seen.push('inner ' + e2.message) } finally { seen.push(await crm.find({id: i})) }
  } finally { seen.push(g.next().value) }
}
const [a, b] = await Promise.all([crm.find({id: 10}), (async () => (await crm.add({a: (await crm.find({id: 1})).id, b: 1})).sum)()]);
const race = await Promise.race([crm.find({id: 77}), crm.find({id: 78})]);
const any = await Promise.any([crm.fail({}), crm.find({id: 5})]);
setTimeout(() => console.log('timer', Date.now()), 10);
async function* ag() { for (let i = 0; i < 3; i++) yield (await crm.find({id: i})).id }
const ags = []; for await (const x of ag()) ags.push(x);
console.log(seen, crypto.randomUUID());
return {seen, n: acc.n, a, b, race, any, ags, big: m.get('k').deep[1].x + 2n, weak: ws.get(key), g: g.next().value, now: Date.now()};
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


async def waiting(guest: JavaScriptGuest, code: str = "const r = await crm.find({}); return r + 1") -> bytes:
    session = await guest.start(boot(guest, code))
    await session.advance([], START)
    blob = await session.snapshot()
    await session.close()
    assert blob is not None
    return blob


@pytest.mark.parametrize("order", ["all", "first", "last"])
async def test_a_busy_program_sleeps_at_every_point(guest: JavaScriptGuest, order: str) -> None:
    case = Case(name="busy", programs={"typescript": BUSY})
    assert await check_snapshots(guest, case, order) > 8  # type: ignore[arg-type]


async def test_a_program_that_grew_wakes_with_all_it_had(guest: JavaScriptGuest) -> None:
    code = (
        "const big = Array.from({length: 2e5}, (_, i) => 'n' + i); await crm.find({}); return big.length + big[199999]"
    )
    played = await play(guest, boot(guest, code), sleeping=True)
    assert played.value == "200000n199999"


async def test_a_snapshot_before_the_first_turn_wakes(guest: JavaScriptGuest) -> None:
    start = boot(guest, "return 5")
    session = await guest.start(start)
    blob = await session.snapshot()
    assert blob is not None
    woken = await guest.restore(start, blob)
    assert (await woken.advance([], START)).outcome == Finished(Encoded("5"))


async def test_a_small_program_sleeps_in_a_few_kilobytes(guest: JavaScriptGuest) -> None:
    assert len(await waiting(guest)) < 10_000


async def test_damage_is_refused(guest: JavaScriptGuest) -> None:
    blob, start = await waiting(guest), boot(guest, "const r = await crm.find({}); return r + 1")
    damaged = [
        b"",
        blob[:10],
        blob[:-1],
        blob + b"x",
        b"X" + blob[1:],
        blob[:8] + b"?" + blob[9:],
        blob[:60] + b"\0" + blob[61:],
    ]
    for content in damaged:
        with pytest.raises(ValueError, match="snapshot"):
            await guest.restore(start, content)


async def test_a_snapshot_that_unpacks_to_too_much_is_refused(guest: JavaScriptGuest) -> None:
    code = "const r = await crm.find({}); return r + 1"
    blob, start = await waiting(guest, code), boot(guest, code)
    bomb = zlib.compress(bytes(200 << 20))
    head = struct.unpack_from(HEAD.format, blob)
    with pytest.raises(ValueError, match="damaged"):
        await guest.restore(start, struct.pack(HEAD.format, *head[:5], zlib.crc32(bomb)) + bomb)


async def test_a_snapshot_larger_than_the_memory_limit_is_refused(guest: JavaScriptGuest) -> None:
    code = "const big = Array.from({length: 1e6}, (_, i) => i * 1.5); await crm.find({}); return big.length"
    blob = await waiting(guest, code)
    with pytest.raises(ValueError, match="memory"):
        await guest.restore(boot(guest, code, limits=Limits(memory_bytes=8 << 20)), blob)


async def test_a_forged_heap_harms_only_itself(guest: JavaScriptGuest) -> None:
    blob, start = (
        await waiting(guest),
        boot(guest, "const r = await crm.find({}); return r + 1", limits=Limits(cpu_ms=200)),
    )
    chance = random.Random(5)
    head, body = (
        struct.unpack_from(HEAD.format, blob),
        bytearray(zlib.decompress(blob[struct.calcsize(HEAD.format) :])),
    )
    (count,) = struct.unpack_from("<I", body)
    for _ in range(60):
        forged = bytearray(body)
        for _ in range(30):
            forged[chance.randrange(4 + 4 * count, len(forged))] = chance.randrange(256)
        packed = zlib.compress(bytes(forged), 1)
        session = await guest.restore(start, struct.pack(HEAD.format, *head[:5], zlib.crc32(packed)) + packed)
        with contextlib.suppress(Fault):
            await session.advance([Settled(1, Returned(Encoded("1")))], START)
        await session.close()
    assert (await play(guest, boot(guest, "return 1 + 1"))).value == 2


async def test_a_snapshot_of_another_program_is_refused(guest: JavaScriptGuest) -> None:
    with pytest.raises(ValueError, match="another engine or program"):
        await guest.restore(boot(guest, "return 1"), await waiting(guest))
