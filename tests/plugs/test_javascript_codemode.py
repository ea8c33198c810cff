"""What a TypeScript program does with `codemode`: snippets that are hostile, steps, and blobs of any size."""

# ruff: noqa: E501 - a program stands on one line of the table

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from toolscript.codec import NULL, TAGGED_JSON, Blob, decode, encode
from toolscript.errors import GuestError
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.ports import Compiler
from toolscript.runs.program import Boot, Limits, Program
from toolscript.runs.turn import Answer, Called, Crashed, Finished, Outcome, Returned, Settled
from toolscript.runtime.builtin import MAX_PIECE_BYTES

NAMES: Mapping[str, list[str]] = {"crm": ["find"], "codemode": ["run", "step"], "snippets": ["it"]}
Answers = Callable[[Called], Answer]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


async def drive(
    guest: JavaScriptGuest, code: str, answers: Answers, *, value: Any = None, limits: Limits | None = None
) -> tuple[Outcome, list[Called], list[str]]:
    boot = Boot(program=Program(code=code, input=encode(value)), namespaces=NAMES, limits=limits or Limits())
    session = await guest.start(boot)
    calls: list[Called] = []
    printed: list[str] = []
    settled: list[Settled] = []
    for now in range(500):
        turn = await session.advance(settled, now)
        calls += turn.calls
        printed += turn.printed
        if turn.outcome is not None:
            return turn.outcome, calls, printed
        settled = [Settled(call.seq, answers(call)) for call in turn.calls]
    raise AssertionError("the program did not end")


async def with_snippet(
    guest: JavaScriptGuest, code: str, snippet: str, *, name: str = "it", limits: Limits | None = None
) -> Outcome:
    """Run a program beside one snippet; every other call is answered with its path."""
    script = await guest.compiled(snippet)

    def answers(call: Called) -> Answer:
        if call.path != "codemode.run":
            return Returned(encode(call.path))
        opened = {
            "script": script,
            "input": decode(call.args).get("input"),
            "namespaces": {**NAMES, "mail": ["send"]},
            "name": name,
            "version": 1,
        }
        return Returned(encode(opened))

    return (await drive(guest, code, answers, limits=limits))[0]


def value_of(outcome: Outcome) -> Any:
    assert isinstance(outcome, Finished), outcome
    return decode(outcome.value)


OVERRIDES = {
    "Promise": "globalThis.Promise = class { constructor() { throw 1 } };",
    "eval and Function": "globalThis.eval = globalThis.Function = () => { throw 1 };",
    "globalThis": "globalThis.globalThis = {};",
    "Object.prototype": "Object.prototype.get = Object.prototype.set = () => 1; Object.prototype.value = 2; Object.prototype.writable = true;",
    "setters on Object.prototype": "for (const k of ['script', 'name', 'namespaces', 'crm', 'mail', 'send']) Object.defineProperty(Object.prototype, k, {set() { throw 1 }, get() { throw 2 }, configurable: true});",
    "Object": "for (const k of Object.getOwnPropertyNames(Object)) try { Object[k] = () => { throw 1 } } catch {};",
    "Reflect and Proxy": "globalThis.Proxy = globalThis.Reflect = undefined;",
    "String and Array": "for (const p of [String.prototype, Array.prototype]) for (const k of Object.getOwnPropertyNames(p)) try { p[k] = () => { throw 1 } } catch {};",
    "WeakMap and Map": "for (const p of [WeakMap.prototype, Map.prototype]) for (const k of ['get', 'set', 'has']) p[k] = () => { throw 1 };",
}


@pytest.mark.parametrize("name", OVERRIDES)
async def test_a_snippet_starts_whatever_the_program_overrode(guest: JavaScriptGuest, name: str) -> None:
    code = OVERRIDES[name] + " return await codemode.run('it', {n: 1})"
    assert value_of(await with_snippet(guest, code, "return [input.n, await mail.send({})]")) == [1, "mail.send"]


LOOKS = """
const {apply} = Reflect, seen = [], look = (v) => { if (typeof v === 'function' || (typeof v === 'object' && v)) seen.push(v) };
const spy = (f) => function (...a) { look(this); for (let i = 0; i < a.length; i++) look(a[i]); const r = apply(f, this, a); look(r); return r };
for (const [o, k] of [[Promise.prototype, 'then'], [Promise, 'resolve'], [Object, 'keys'], [Object, 'defineProperty'], [Reflect, 'apply'], [WeakMap.prototype, 'set'], [WeakMap.prototype, 'get'], [Map.prototype, 'set'], [Function.prototype, 'call']]) o[k] = spy(o[k]);
const value = await codemode.run('it');
return [value, seen.some((v) => typeof v.script === 'string' || typeof v.load === 'function' || typeof v.rethrow === 'function' || String(v).includes('host.'))];
"""


async def test_a_program_that_spies_on_every_built_in_sees_neither_script_nor_host(guest: JavaScriptGuest) -> None:
    assert value_of(await with_snippet(guest, LOOKS, "return 5")) == [5, False]


async def test_a_promise_that_is_resolved_by_the_program_evaluates_nothing(guest: JavaScriptGuest) -> None:
    forged: dict[str, Any] = {"script": "(async () => 666)", "input": None, "namespaces": {}, "name": "x", "version": 1}
    code = f"""
        const then = Promise.prototype.then;
        Promise.prototype.then = function (f, r) {{ return then.call(this, f && (() => f({json.dumps(forged)})), r) }};
        const given = await new Promise((resolve) => then.call(codemode.run('it'), resolve));
        return given.script === undefined ? given : 'the forged one, as data'"""
    assert value_of(await with_snippet(guest, code, "return 5")) in (5, "the forged one, as data")


@pytest.mark.parametrize("answer", [None, 5, "text", [], {}, {"script": 5}, {"script": None, "namespaces": {}}])
async def test_an_answer_that_is_no_snippet_is_an_exception(guest: JavaScriptGuest, answer: Any) -> None:
    code = "\nawait codemode.run('it')"
    outcome, _, _ = await drive(guest, code, lambda call: Returned(encode(answer)))
    assert isinstance(outcome, Crashed)
    assert outcome.failure.message == "the snippet came in a form that cannot be run"
    assert outcome.failure.line == 2


async def test_a_snippet_called_like_a_prototypes_member_is_an_ordinary_name(guest: JavaScriptGuest) -> None:
    for name in ("__proto__", "constructor", "hasOwnProperty"):
        code = f"try {{ await codemode.run({name!r}) }} catch (e) {{ return [e.message, e.stack.includes('snippet {name}')] }}"
        outcome = await with_snippet(guest, code, "throw new Error('mine')", name=name)
        assert value_of(outcome) == ["mine", True]


async def test_a_snippet_that_closes_the_wrapper_is_not_compiled(guest: JavaScriptGuest) -> None:
    for code in ("}}); globalThis.x = 1; (async () => {{", "}"):
        with pytest.raises(GuestError):
            await guest.compiled(code)


async def test_snippets_share_no_variables_but_what_they_put_on_the_globals(guest: JavaScriptGuest) -> None:
    snippet = "var a = 1; let b = 2; function c() {} class D {} return typeof mine"
    code = "const mine = 1; const r = await codemode.run('it'); return [r, typeof a, typeof b, typeof c, typeof D]"
    assert value_of(await with_snippet(guest, code, snippet)) == ["undefined"] * 5


async def test_what_a_program_gives_a_snippet_is_a_copy(guest: JavaScriptGuest) -> None:
    code = "const given = {list: [1]}; await codemode.run('it', given); return given"
    assert value_of(await with_snippet(guest, code, "input.list.push(2); input.more = 1")) == {"list": [1]}


async def test_the_names_that_a_snippet_brought_cannot_be_replaced(guest: JavaScriptGuest) -> None:
    code = "await codemode.run('it'); const out = []; for (const f of [() => { mail.send = 1 }, () => Object.freeze(mail), () => delete mail.send]) try { f(); out.push(1) } catch { out.push(0) }; return [out, Object.keys(crm)]"
    assert value_of(await with_snippet(guest, code, "return 1")) == [[0, 0, 0], ["find"]]


@pytest.mark.parametrize("snippet", ["while (true) {}", "const a = []; while (true) a.push(new Array(1000).fill(1))"])
async def test_a_snippet_is_under_the_limits_of_its_run(guest: JavaScriptGuest, snippet: str) -> None:
    limits = Limits(instructions=50_000_000, memory_bytes=16 << 20)
    outcome = await with_snippet(guest, "return await codemode.run('it')", snippet, limits=limits)
    assert isinstance(outcome, Crashed)
    assert outcome.failure.code == "limit"


async def test_many_snippets_in_a_row_cost_no_memory(guest: JavaScriptGuest) -> None:
    code = "let sum = 0; for (let i = 0; i < 400; i++) sum += (await snippets.it({n: i})).length; return sum"
    snippet = "return Array.from({length: 1000}, (_, i) => 'item ' + i + input.n)"
    assert value_of(await with_snippet(guest, code, snippet, limits=Limits(memory_bytes=8 << 20))) == 400_000


async def test_a_lost_rejection_inside_a_snippet_names_it(guest: JavaScriptGuest) -> None:
    script = await guest.compiled("const a = 1;\nvoid (async () => { throw new Error('lost') })();\nreturn 1")
    opened: dict[str, Any] = {"script": script, "input": None, "namespaces": {}, "name": "it", "version": 1}
    _, _, printed = await drive(guest, "return await codemode.run('it')", lambda call: Returned(encode(opened)))
    assert printed == ["warning: unhandled rejection: Error: lost (line 2 of snippet it)"]


async def test_a_stack_as_text_shows_the_snippets_own_lines(guest: JavaScriptGuest) -> None:
    code = "try {\n  await codemode.run('it')\n} catch (e) { return e.stack.split('\\n').map((l) => l.trim()) }"
    shown = value_of(await with_snippet(guest, code, "const f = () => null.x;\nreturn f()"))
    assert shown[0] == "TypeError: cannot read property 'x' of null"
    assert [line.rpartition(":")[0] for line in shown[1:]] == [
        "at f (<snippet it>:1",
        "at main (<snippet it>:2",
        "at main (<program>:2",
    ]


async def test_the_marks_of_a_step_say_how_it_went(guest: JavaScriptGuest) -> None:
    code = "await codemode.step('a', () => crm.find({})); await codemode.step('b', () => { throw 1 }).catch(() => 0)"
    _, calls, _ = await drive(guest, code, lambda call: Returned(NULL))
    marks = [decode(call.args) for call in calls if call.path == "codemode.step"]
    assert [(mark["name"], mark["mark"]) for mark in marks] == [
        ("a", "begin"),
        ("a", "end"),
        ("b", "begin"),
        ("b", "failed"),
    ]


async def test_steps_change_neither_the_order_of_things_nor_the_number_of_turns_by_much(guest: JavaScriptGuest) -> None:
    plain = "const o = []; await Promise.all([1, 2, 3].map(async (i) => { await WORK; o.push(i) })); return o"
    work, stepped = "crm.find({i})", "codemode.step('s', () => crm.find({i}))"
    first, _, _ = await drive(guest, plain.replace("WORK", work), lambda call: Returned(NULL))
    second, _, _ = await drive(guest, plain.replace("WORK", stepped), lambda call: Returned(NULL))
    assert value_of(first) == value_of(second) == [1, 2, 3]


class Kept:
    """Blobs by name, and how they were read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.largest = 0

    def __call__(self, call: Called) -> Answer:
        assert call.path == "codemode.read_blob"
        args = decode(call.args)
        piece = self.content[args.get("start", 0) : args.get("end")]
        self.largest = max(self.largest, len(piece))
        return Returned(encode(piece))


LONG = "aä€😀" * 300_000  # 3,000,000 bytes: borders of pieces fall inside characters
TAGGED: Any = {
    "n": 2**70,
    "rows": [{"at": "x" * 50, "i": i} for i in range(20_000)],
    "t": {"$date": "mine"},
    "b": b"\0",
}


async def read(guest: JavaScriptGuest, content: bytes, media_type: str, code: str) -> Any:
    kept = Kept(content)
    outcome, _, _ = await drive(guest, code, kept, value=Blob("b" * 64, media_type, len(content)))
    assert kept.largest <= MAX_PIECE_BYTES
    return value_of(outcome)


@pytest.mark.parametrize("shift", range(4))
async def test_the_text_of_a_large_blob_is_whole_at_every_border(guest: JavaScriptGuest, shift: int) -> None:
    text = "x" * shift + LONG
    code = "const t = await input.text(); return [t.length, t.includes('\\ufffd'), t.endsWith('aä€😀')]"
    units = len(text.encode("utf-16-le")) // 2
    assert await read(guest, text.encode(), "text/plain", code) == [units, False, True]


async def test_bytes_that_are_no_text_become_replacement_characters(guest: JavaScriptGuest) -> None:
    content = b"\x80" * (MAX_PIECE_BYTES + 5)
    assert await read(guest, content, "text/plain", "return (await input.text()).length") == len(content)


async def test_a_value_that_the_host_put_away_comes_back_with_its_types(guest: JavaScriptGuest) -> None:
    code = "const v = await input.json(); return [v.n + 1n, v.rows.length, v.t, v.b.length]"
    shown = await read(guest, encode(TAGGED).encode(), TAGGED_JSON, code)
    assert shown == [2**70 + 1, 20_000, {"$date": "mine"}, 1]


async def test_json_of_somebody_else_is_never_retyped(guest: JavaScriptGuest) -> None:
    content = json.dumps({"a": {"$ref": "#/x"}, "b": {"$date": "2026-01-01"}, "pad": "x" * 2_000_000}).encode()
    code = "const {a, b} = await input.json(); return [a, b]"
    assert await read(guest, content, "application/json", code) == [{"$ref": "#/x"}, {"$date": "2026-01-01"}]


async def test_a_slice_of_a_large_blob_is_bytes_of_any_size(guest: JavaScriptGuest) -> None:
    content = bytes(range(256)) * 8_000
    code = "const s = await input.slice(1, 1500001), e = await input.slice(-3); return [s.length, s[0], s[1499999], e, (await input.bytes()).length, (await input.arrayBuffer()).byteLength, (await input.slice(5, 2)).length]"
    size = len(content)
    assert await read(guest, content, "a/b", code) == [1_500_000, 1, content[1_500_000], content[-3:], size, size, 0]


@pytest.mark.parametrize("make", [JavaScriptGuest, lambda: JavaScriptWorkers(processes=1)])
async def test_a_program_is_compiled_as_it_would_be_run(make: Callable[[], Any]) -> None:
    guest = make()
    compiler: Compiler = guest
    try:
        assert "input.n" in await compiler.compiled("async function main(input: { n: number }) { return input.n }")
        for code, line in (("\nconst a = ;", 2), ("let a = 1;\n\nlet a = 2", 3)):
            with pytest.raises(GuestError) as raised:
                await compiler.compiled(code)
            assert (raised.value.failure.code, raised.value.failure.line) == ("syntax", line)
    finally:
        await guest.close()
