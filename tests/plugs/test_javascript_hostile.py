"""Programs that mean harm: each ends in a clear failure within its limits, or harms only itself."""

# ruff: noqa: E501 - a program stands on one line of the table

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from toolscript.errors import Failure
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Finished
from toolscript.testing.guest_suite import boot, play

LIMITS = Limits(
    instructions=100_000_000, cpu_ms=400, memory_bytes=32 << 20, calls=50, output_bytes=1 << 20, printed_bytes=4096
)
ANY = "any failure"
DONE = "finishes"

ENDLESS = {
    "an endless loop": ("while (true) {}", "limit"),
    "an endless loop that catches all": (
        "while (true) { try { while (true) {} } catch {} finally { continue } }",
        "limit",
    ),
    "an endless for": ("for (;;) ;", "limit"),
    "endless microtasks": ("const f = () => Promise.resolve().then(f); await f()", "limit"),
    "endless awaits": ("while (true) await null", "limit"),
    "endless queueMicrotask": ("const f = () => queueMicrotask(f); f(); await new Promise(() => {})", "limit"),
    "a regex bomb": ("/^(a+)+$/.test('a'.repeat(40) + 'b')", "limit"),
    "a regex bomb in replace": ("return 'x'.repeat(50000).replace(/(x+x+)+y/g, '')", "limit"),
    "an endless generator": ("function* g() { while (true) yield 1 } return [...g()]", "limit"),
    "an endless iterator": (
        "return Array.from({[Symbol.iterator]: () => ({next: () => ({value: 1, done: false})})})",
        "limit",
    ),
    "a slow sort": (
        "const a = Array.from({length: 3e5}, (_, i) => i); while (true) a.sort(() => Math.random() - .5)",
        "limit",
    ),
    "a sort that never agrees": (
        "const a = Array.from({length: 1e5}, (_, i) => i); while (true) a.sort(() => 1)",
        "limit",
    ),
    "an endless getter": ("const o = {get x() { return o.x }}; return o.x", "thrown"),
    "an endless toJSON": ("const o = {toJSON() { while (true) {} }}; return o", "limit"),
    "an endless toString": (
        "throw {toString() { while (true) {} }, get message() { while (true) {} }}",
        DONE + " or fails",
    ),
    "an endless getter of a thrown error": (
        "throw Object.defineProperty(new Error('x'), 'message', {get() { while (true) {} }})",
        "limit",
    ),
    "an endless Proxy": ("return new Proxy({}, {ownKeys() { while (true) {} }})", "limit"),
    "an endless getter in console.log": ("console.log(new Proxy({}, {get() { while (true) {} }})); return 1", DONE),
    "an endless then": ("return {then() { while (true) {} }}", "limit"),
    "an endless valueOf": ("return 1 + {valueOf() { while (true) {} }}", "limit"),
    "a loop in a timer": ("setTimeout(() => { while (true) {} }, 1); await codemode.sleep(1)", "limit"),
    "a loop after a call": ("await crm.find({}); while (true) {}", "limit"),
    "a slow indexOf": ("const s = 'a'.repeat(1e6); while (true) s.indexOf('b'.repeat(1000))", "limit"),
    "a big BigInt": ("let n = 3n; while (true) n = n * n", ANY),
    "a factorial of BigInts": ("let n = 1n; for (let i = 1n; ; i++) n *= i", ANY),
    "a slow join": ("const a = Array(1e6).fill('x'); while (true) a.join(',')", "limit"),
}

MEMORY = {
    "an array bomb": ("const a = []; while (true) a.push(new Array(1000).fill(1))", "limit"),
    "an object bomb": ("let o = {}; while (true) o = {o, p: [1, 2, 3]}", "limit"),
    "a string bomb": ("let s = 'x'; while (true) s += s", "limit"),
    "a flat string bomb": ("let s = 'x'.repeat(1 << 20); const a = []; while (true) a.push(s + a.length + s)", ANY),
    "a giant repeat": ("return 'x'.repeat(2 ** 30 - 1).length", ANY),
    "a giant padding": ("return 'x'.padEnd(2 ** 29).length", ANY),
    "a giant array": ("return new Array(2 ** 32 - 1).fill(0)", ANY),
    "a giant sparse array": ("const a = []; a.length = 4294967295; return a", "limit"),
    "a giant buffer": ("return new ArrayBuffer(2 ** 31).byteLength", ANY),
    "many buffers": ("const a = []; while (true) a.push(new Uint8Array(1 << 20))", "limit"),
    "a Map bomb": ("const m = new Map(); for (let i = 0; ; i++) m.set(i, {})", "limit"),
    "a symbol bomb": ("const a = []; while (true) a.push(Symbol('x'.repeat(100) + a.length))", "limit"),
    "a closure bomb": ("let f = () => 1; while (true) { const g = f; f = () => g }", "limit"),
    "a promise bomb": ("const a = []; while (true) a.push(new Promise(() => {}))", "limit"),
    "a rejection bomb": ("for (;;) Promise.reject(1)", "limit"),
    "a memory bomb that catches all": (
        "const a = []; while (true) { try { a.push(new Array(1e5).fill({})) } catch {} }",
        "limit",
    ),
    "a bound function tower": ("let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null, i); return f()", ANY),
    "a property bomb": ("const o = {}; for (let i = 0; ; i++) o['k' + i] = i", "limit"),
    "a source bomb by eval": ("return eval('1+'.repeat(1e6) + '1')", ANY),
    "an output bomb": ("return 'x'.repeat(2e6)", "limit"),
    "an output bomb of escapes": ("return '\\u0001'.repeat(5e5)", "limit"),
}

DEPTH = {
    "recursion": ("const f = () => f(); f()", "thrown"),
    "recursion that is caught": ("const f = () => f(); try { f() } catch (e) { return e instanceof RangeError }", DONE),
    "recursion that catches and goes on": ("const f = () => { try { f() } catch { f() } }; f()", ANY),
    "recursion through Proxy": ("const p = new Proxy({}, {get: (t, k) => p[k]}); return p.x", "thrown"),
    "recursion through toString": ("const o = {toString() { return o + '' }}; return o + ''", "thrown"),
    "recursion through JSON": ("const o = {toJSON: () => JSON.stringify(o)}; return JSON.stringify(o)", "thrown"),
    "deep JSON": ("return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))", "thrown"),
    "a deep value": ("let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; return o", "bad_value"),
    "a deep array argument": ("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; await crm.find({a})", "bad_value"),
    "a deep value in console.log": (
        "let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; console.log(o); return 1",
        DONE,
    ),
    "a deep source": ("return eval('('.repeat(1e5) + ')'.repeat(1e5))", "thrown"),
    "a deep regex": ("return new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", "thrown"),
    "a deep template": ("return eval('`${'.repeat(1e4) + '1' + '}`'.repeat(1e4))", "thrown"),
    "a deep spread": ("return Math.max(...Array(1e6).fill(1))", ANY),
    "a deep promise chain": (
        "let p = Promise.resolve(1); for (let i = 0; i < 1e4; i++) p = p.then((x) => x); return await p",
        DONE,
    ),
    "deep clone": ("let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; structuredClone(o)", "thrown"),
}

FLOODS = {
    "a million console lines": ("for (let i = 0; i < 1e6; i++) console.log('line', i); return 1", DONE),
    "one giant console line": ("console.log('x'.repeat(5e6)); return 1", DONE),
    "too many calls": ("for (let i = 0; i < 1e5; i++) crm.find({i}); await null", "limit"),
    "too many timers": ("for (let i = 0; i < 1e5; i++) setTimeout(() => {}, 1); return 1", "limit"),
    "a timer that arms itself": ("const f = () => setTimeout(f, 0); f(); await new Promise(() => {})", "limit"),
    "arguments that are too large": ("await crm.find({x: 'x'.repeat(9e6)})", "bad_value"),
    "a big table": ("console.table(Array.from({length: 1e4}, (_, i) => ({['k' + i]: i}))); return 1", DONE),
    "a wide object in console.log": (
        "const o = {}; for (let i = 0; i < 1e5; i++) o['k' + i] = 'v'.repeat(9); console.log(o); return 1",
        DONE,
    ),
}

TRICKS = {
    "JSON overridden": ("JSON.stringify = JSON.parse = () => { throw 1 }; return (await crm.find({id: 3})).id", DONE),
    "Promise overridden": (
        "globalThis.Promise = class { constructor() { throw 1 } }; return (await crm.find({id: 3})).id",
        DONE,
    ),
    "then overridden": ("Promise.prototype.then = () => { throw 1 }; return (await crm.find({id: 3})).id", DONE),
    "Promise.resolve overridden": ("Promise.resolve = Promise.reject = () => 1; await crm.find({}); return 1", DONE),
    "Map overridden": (
        "for (const k of ['get', 'set', 'has', 'delete']) Map.prototype[k] = () => { throw 1 }; "
        "setTimeout(() => {}, 1); return (await crm.find({id: 3})).id",
        DONE,
    ),
    "Array.prototype overridden": (
        "for (const k of Object.getOwnPropertyNames(Array.prototype)) try { Array.prototype[k] = () => { throw 1 } } catch {}; "
        "console.log([1, {a: 1}]); return (await crm.find({id: 3})).id",
        DONE,
    ),
    "iteration overridden": (
        "Array.prototype[Symbol.iterator] = () => { throw 1 }; console.log({a: [1]}); return (await crm.find({id: 3})).id",
        DONE,
    ),
    "String.prototype overridden": (
        "for (const k of Object.getOwnPropertyNames(String.prototype)) try { String.prototype[k] = () => { throw 1 } } catch {}; "
        "return (await crm.find({id: 3})).id",
        DONE,
    ),
    "Object overridden": (
        "for (const k of Object.getOwnPropertyNames(Object)) try { Object[k] = () => { throw 1 } } catch {}; "
        "return (await crm.nope({}).catch(() => 5))",
        DONE,
    ),
    "Reflect and Function overridden": (
        "Reflect.apply = 0; Function.prototype.call = Function.prototype.apply = Function.prototype.bind = "
        "() => { throw 1 }; console.log({a: 1}); return (await crm.find({id: 3})).id",
        DONE,
    ),
    "prototype pollution": (
        "Object.prototype.then = (r) => r(666); Object.prototype.toJSON = () => 'mine'; Object.prototype.seq = 9; return 1",
        DONE,
    ),
    "pollution by setters": (
        "for (let i = 0; i < 9; i++) Object.defineProperty(Array.prototype, i, {set() { throw 1 }, get() { throw 2 }, configurable: true}); "
        "console.log([1]); return (await crm.find({id: 3})).id",
        DONE + " or fails",
    ),
    "pollution of a failure": (
        "Object.defineProperty(Object.prototype, 'message', {get() { throw 1 }, configurable: true}); throw {}",
        "thrown",
    ),
    "Error overridden": ("globalThis.Error = globalThis.TypeError = 5; Error.prototype; null.x", "thrown"),
    "an Error with a hostile stack": (
        "const e = new Error('x'); Object.defineProperty(e, 'stack', {get() { throw 1 }}); throw e",
        "thrown",
    ),
    "an Error with a forged stack": (
        "const e = new Error('x'); e.stack = '    at f (<program>:99999:99999)'; throw e",
        "thrown",
    ),
    "an Error with hostile members": ("throw new Proxy(new Error('x'), {get() { throw 1 }})", "thrown"),
    "a hostile name": ("const e = new Error('x'); e.name = {toString() { throw 1 }}; throw e", "thrown"),
    "a hostile constructor": ("throw {constructor: {get name() { throw 1 }}}", "thrown"),
    "prepareStackTrace": ("Error.prepareStackTrace = () => { while (true) {} }; throw new Error('x')", "thrown"),
    "stackTraceLimit": (
        "Error.stackTraceLimit = 1e9; const f = (n) => { if (n) return f(n - 1); throw new Error('x') }; f(100)",
        "thrown",
    ),
    "arguments as a Proxy": ("return (await crm.find(new Proxy({id: 4}, {}))).id", DONE),
    "arguments as a hostile Proxy": ("await crm.find(new Proxy({}, {ownKeys() { throw 1 }}))", "bad_value"),
    "arguments that change while they are read": (
        "const a = [1, 2, 3]; await crm.find({a, x: {toJSON() { a.length = 0; return 1 }}, b: "
        "[{toJSON() { a.push(9); return a }}, a]}); return 1",
        DONE,
    ),
    "arguments that shrink while they are read": (
        "const a = [{toJSON() { a.length = 0; return 1 }}, 2, 3]; await crm.echo({a}); return 1",
        DONE,
    ),
    "a Map that changes while it is read": (
        "const m = new Map([['a', {toJSON() { m.clear(); return 1 }}], ['b', 2]]); return m",
        DONE,
    ),
    "a call inside toJSON of the result": ("return {toJSON() { return crm.find({}) }}", ANY),
    "a forged tag": ("return [{$blob: {id: 'x'}}, {$bytes: '!!'}]", DONE),
    "a forged Blob": ("return Object.assign(Object.create(Blob.prototype), {id: 'x', type: 'y', size: 1})", DONE),
    "lone surrogates": (
        "console.log('\\ud800'); await crm['\\udfff\\n\\t\"']({k: '\\ud800'}).catch(() => 0); return {'\\udc00': '\\ud83d'}",
        DONE,
    ),
    "a method with a line break": ("await crm['a\\nC\\t99\\tcrm.find\\t{}']({})", "unknown_tool"),
    "a printed line that looks like a record": ("console.log('x\\nF\\t1\\nE\\t{}'); return 2", DONE),
    "constructor chains": ("return (() => {}).constructor('return typeof fetch')()", DONE),
    "constructor chains of a tool": ("return crm.find.constructor.constructor('return typeof process')()", DONE),
    "constructor of console": ("return console.log.constructor('return this')() === globalThis", DONE),
    "constructor of an async function": ("return await (async () => {}).constructor('return 1')()", DONE),
    "arguments.callee.caller": ("return (function f() { return f.caller })()", ANY),
    "eval": ("return eval('1 + 1')", DONE),
    "dynamic import": ("return await eval('import(\"fs\")')", "thrown"),
    "import of a file": ("return await (0, eval)('import(\"file:///etc/passwd\")')", "thrown"),
    "throwing a symbol": ("throw Symbol('x')", "thrown"),
    "throwing a function": ("throw function f() {}", "thrown"),
    "throwing a revoked Proxy": ("const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); throw proxy", "thrown"),
    "a revoked Proxy in console.log": (
        "const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); console.log(proxy); return 1",
        DONE,
    ),
    "returning a revoked Proxy": ("const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); return proxy", ANY),
    "rejecting with a Proxy": ("await Promise.reject(new Proxy(function () {}, {}))", "thrown"),
    "a detached buffer": (
        "const b = new ArrayBuffer(8); const u = new Uint8Array(b); b.transfer(); return u",
        DONE + " or fails",
    ),
    "a resizable buffer": (
        "const b = new ArrayBuffer(8, {maxByteLength: 16}); const u = new Uint8Array(b); b.resize(0); return u",
        DONE + " or fails",
    ),
    "deleting the globals": (
        "for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k] } catch {}; return 1",
        DONE,
    ),
    "redefining a namespace": ("Object.defineProperty(globalThis, 'crm', {value: 1})", "thrown"),
    "a frozen world": (
        "Object.freeze(globalThis); Object.freeze(Object.prototype); Object.freeze(Array.prototype); return (await crm.find({id: 3})).id",
        DONE,
    ),
    "the answer's prototype": (
        "const r = await crm.echo({value: {['__proto__']: {admin: true}}}); return [r.admin === undefined, ({}).admin === undefined]",
        DONE,
    ),
    "shared memory": ("return [typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly, typeof WeakRef]", DONE),
}

TABLE = {**ENDLESS, **MEMORY, **DEPTH, **FLOODS, **TRICKS}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


@pytest.mark.parametrize("name", TABLE)
async def test_a_hostile_program_ends_within_its_limits(guest: JavaScriptGuest, name: str) -> None:
    code, expected = TABLE[name]
    started = time.monotonic()
    played = await play(guest, boot(guest, code, limits=LIMITS))
    seconds = time.monotonic() - started
    assert seconds < 5, f"it took {seconds:.1f} s"
    match played.outcome:
        case Finished():
            assert expected.startswith(DONE), played.outcome
        case Crashed(failure):
            assert expected in (ANY, failure.code) or expected.endswith("or fails"), str(failure)
            _check_words(failure)
    assert sum(len(line.encode()) for line in played.printed) < LIMITS.printed_bytes + 200
    assert (await play(guest, boot(guest, "return 1 + 1"))).value == 2


def _check_words(failure: Failure) -> None:
    words = str(failure)
    assert failure.kind in ("guest", "tool")
    assert failure.message or failure.name != "LimitError"
    assert "<prelude>" not in words
    assert "wasm" not in words
    assert len(words) < 4000
    if failure.code == "limit":
        assert failure.name == "LimitError"
        assert "limit" in words
