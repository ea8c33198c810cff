"""The programs of the guest suite: a table of what is run and what it must end in."""

# ruff: noqa: E501 - a program stands on one line of the table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from toolscript.codec import Blob
from toolscript.runs.program import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One program. It finishes with `gives`, or fails with the code and name `fails`, in words that hold `says`."""

    name: str
    programs: Mapping[Language, str]
    value_in: Any = None
    gives: Any = None
    fails: tuple[str, str] | None = None
    says: str = ""
    line: int | None = None
    prints: tuple[str, ...] | None = None
    calls: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.name


def _case(name: str, typescript: str, gives: Any = None, **more: Any) -> Case:
    return Case(name=name, programs={"typescript": typescript}, gives=gives, **more)


def _failing(name: str, typescript: str, code: str, error: str, says: str, line: int | None = None) -> Case:  # noqa: PLR0917 - rows of a table
    return _case(name, typescript, fails=(code, error), says=says, line=line)


VALUES = (
    _case("a number", "return 1 + 1", 2),
    _case("nothing returned is null", "const x = 1; if (x) {}", None),
    _case("the input", "return input.n * 2", 8, value_in={"n": 4}),
    _case("text beyond ASCII", "return 'aä€😀'.toUpperCase()", "AÄ€😀"),
    _case("not a number", "return [NaN, Infinity, -Infinity, -0]", [float("nan"), float("inf"), float("-inf"), -0.0]),
    _case("a big integer", "return 2n ** 70n", 2**70),
    _case("bytes", "return new Uint8Array([0, 1, 255])", b"\x00\x01\xff"),
    _case("an ArrayBuffer", "return new Uint8Array([1, 2]).buffer", b"\x01\x02"),
    _case("a date", "return new Date(0)", datetime(1970, 1, 1, tzinfo=UTC)),
    _case("a Map is an object", "return new Map([['a', 1], ['b', new Set([2])]])", {"a": 1, "b": [2]}),
    _case("an Error is its name and message", "return new RangeError('far')", {"name": "RangeError", "message": "far"}),
    _case("toJSON is asked", "return {a: {toJSON: (key) => 'as ' + key}}", {"a": "as a"}),
    _case("a class instance is its own members", "class P { x = 1; get y() { return 2 } } return new P()", {"x": 1}),
    _case("undefined members are dropped", "return {a: undefined, b: [undefined]}", {"b": [None]}),
    _case(
        "an object like a tag stays itself",
        "return [{$date: 'x'}, {$$date: 1}, {$bytes: 'AA', b: 1}]",
        [{"$date": "x"}, {"$$date": 1}, {"$bytes": "AA", "b": 1}],
    ),
    _case(
        "a tag from outside is revived",
        "return [input.at.getTime(), input.n + 1n, input.b.length, input.t.$date]",
        [1000, 2**64 + 1, 3, "mine"],
        value_in={"at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "n": 2**64, "b": b"abc", "t": {"$date": "mine"}},
    ),
    _case(
        "values keep their type through a call",
        "return (await crm.echo({value: 1})) && await crm.echo({value: [1n, new Date(5), 'x']})",
        [1, datetime(1970, 1, 1, 0, 0, 0, 5000, tzinfo=UTC), "x"],
    ),
)

BLOB = Blob(id="ab" * 32, media_type="text/plain", size=5)

BLOBS = (
    _case(
        "a blob is a handle",
        "const b = input.b; return [b.id.length, b.type, b.size, b instanceof Blob, Object.isFrozen(b)]",
        [64, "text/plain", 5, True, True],
        value_in={"b": BLOB},
        calls=(),
    ),
    _case(
        "reading a blob is a call",
        "return [await input.b.text(), await input.b.bytes(), await input.b.slice(1, 3)]",
        ["blob ", b"blob ", b"lo"],
        value_in={"b": BLOB},
        calls=("codemode.read_blob",) * 3,
    ),
    _case(
        "a blob crosses as itself",
        "return [input.b, await crm.echo({value: input.b})]",
        [BLOB, BLOB],
        value_in={"b": BLOB},
    ),
    _failing("a blob cannot be made", "new Blob(['x'])", "thrown", "TypeError", "A Blob comes from a tool", 1),
)

CALLS = (
    _case("one call", "return (await crm.add({a: 1, b: 2})).sum", 3, calls=("crm.add",)),
    _case(
        "a loop of calls", "let s = 0; for (let i = 0; i < 5; i++) s += (await crm.add({a: i, b: 1})).sum; return s", 15
    ),
    _case(
        "all at once", "return (await Promise.all([1, 2, 3].map((id) => crm.find({id})))).map((p) => p.id)", [1, 2, 3]
    ),
    _case("the first of a race", "return (await Promise.race([crm.find({id: 1}), crm.find({id: 2})])).id", 1),
    _case("any", "return (await Promise.any([crm.fail({}), crm.find({id: 2})])).id", 2),
    _case(
        "all settled",
        "return (await Promise.allSettled([crm.fail({why: 'no'}), crm.find({id: 2})])).map((r) => r.status)",
        ["rejected", "fulfilled"],
    ),
    _case(
        "a tool is a value",
        "const f = crm.find; const {add} = crm; return [(await f({id: 4})).id, (await add({a: 1, b: 1})).sum]",
        [4, 2],
    ),
    _case("no argument is an empty object", "return (await crm.find()).id", 0),
    _case(
        "a failure can be caught",
        "try { await crm.fail({why: 'busy'}) } catch (e) { return [e instanceof ToolError, e instanceof Error, "
        "e.name, e.message, e.code, e.content.status] }",
        [True, True, "ToolError", "busy", "tool", 409],
    ),
    _case(
        "an unknown tool is a guest error",
        "try { await crm.fnd({}) } catch (e) { return [e instanceof GuestError, e.code] }",
        [True, "unknown_tool"],
    ),
    _case(
        "calls that nobody awaits are made and answered",
        "const out = []; [1, 2].forEach(async (id) => { const p = await crm.find({id}); "
        "out.push((await crm.find({id: p.id + 10})).id) }); return out",
        [11, 12],
        calls=("crm.find",) * 4,
    ),
    _case(
        "a generator of calls",
        "async function* all() { for (let i = 0; i < 3; i++) yield (await crm.find({id: i})).id } "
        "const out = []; for await (const id of all()) out.push(id); return out",
        [0, 1, 2],
    ),
    _case(
        "finally runs",
        "const log = []; try { await crm.fail({}) } catch { log.push('c') } finally { log.push((await crm.find({id: 3})).id) } "
        "return log",
        ["c", 3],
    ),
    _case(
        "sugar of codemode",
        "return [await codemode.run('daily', {x: 1}), await codemode.state.set('k', 2), await codemode.state.get('k'), "
        "await codemode.result('r1'), await codemode.describe(['crm.find']), await codemode.step('s', async () => 5)]",
        [
            {"name": "daily", "input": {"x": 1}},
            {"key": "k", "value": 2},
            {"key": "k"},
            {"run": "r1"},
            {"paths": ["crm.find"]},
            5,
        ],
    ),
    _case(
        "search by position or by name",
        "return [(await codemode.search('x', {limit: 2}))[0].limit, (await codemode.search({query: 'y'}))[0].query]",
        [2, "y"],
    ),
)

NAMESPACE_RULES = (
    _case(
        "a namespace lists its tools",
        "return [Object.keys(crm).length, 'find' in crm, 'nope' in crm, typeof crm.find]",
        [6, True, False, "function"],
    ),
    _case(
        "protocol names are never tools",
        "return ['toString', 'constructor', 'then', '__proto__', 'toJSON', 'valueOf', Symbol.iterator,"
        " Symbol.toPrimitive].map((k) => crm[k] === undefined)",
        [True] * 8,
        calls=(),
    ),
    _case("a namespace can be awaited", "const ns = await crm; return ns === crm", True),
    _case(
        "a namespace prints", "console.log(crm)", None, prints=("[Namespace crm: add, echo, fail, find, list, now]",)
    ),
    _failing("a namespace is read-only", "crm.find = 1", "thrown", "TypeError", "is read-only", 1),
    _failing("its name is read-only", "crm = 1", "thrown", "TypeError", "is read-only", 1),
    _failing(
        "a call takes one object",
        "\nawait crm.find('x')",
        "thrown",
        "TypeError",
        "crm.find takes one object with named arguments: crm.find({...})",
        2,
    ),
    _failing("a call takes no second argument", "await crm.find({}, 1)", "thrown", "TypeError", "takes one object", 1),
)

TIME = (
    _case(
        "timers are calls",
        "const seen = []; setTimeout(() => seen.push('a'), 50); await codemode.sleep(1); return seen",
        ["a"],
        calls=("codemode.sleep", "codemode.sleep"),
    ),
    _case(
        "an interval until it is cleared",
        "let n = 0; await new Promise((done) => { const id = setInterval(() => { if (++n === 3) "
        "{ clearInterval(id); done() } }, 10) }); return n",
        3,
    ),
    _case(
        "a cleared timer never fires",
        "let fired = false; clearTimeout(setTimeout(() => { fired = true }, 1)); await codemode.sleep(1); return fired",
        False,
    ),
    _case("nobody waits for a timer", "setTimeout(() => console.log('late'), 1e6); return 1", 1, prints=()),
    _case(
        "microtasks run in order",
        "const o = []; queueMicrotask(() => o.push(1)); Promise.resolve().then(() => o.push(2)); setImmediate(() => o.push(3));"
        " await null; await null; return o",
        [1, 2, 3],
    ),
    _case(
        "the clock is the turn's",
        "const a = Date.now(); await crm.find({}); return [a, Date.now(), new Date().getTime(), performance.now()]",
        [1_790_000_000_000, 1_790_000_000_001, 1_790_000_000_001, 0],
    ),
    _case(
        "dates are in UTC",
        "return [new Date(2026, 0, 1).toISOString(), new Date('2026-01-01T00:00').getTime(), new Date().getTimezoneOffset()]",
        ["2026-01-01T00:00:00.000Z", 1767225600000, 0],
    ),
)

WEB = (
    _case(
        "base64 and text",
        "return [atob(btoa('hi')), new TextDecoder().decode(new TextEncoder().encode('ä€😀')), new Uint8Array([255]).toBase64()]",
        ["hi", "ä€😀", "/w=="],
    ),
    _case(
        "a URL",
        "const u = new URL('/a b?x=1#h', 'https://Example.com:443/q'); u.searchParams.set('y', 'ö&'); return [u.href, u.host, [...u.searchParams]]",
        ["https://example.com/a%20b?x=1&y=%C3%B6%26#h", "example.com", [["x", "1"], ["y", "ö&"]]],
    ),
    _case(
        "structuredClone",
        "const a = {m: new Map([[1, new Date(0)]])}; a.self = a; const b = structuredClone(a); return [b.self === b, b.m.get(1).getTime(), b !== a]",
        [True, 0, True],
    ),
    _case(
        "abort",
        "const c = new AbortController(); let n = 0; c.signal.addEventListener('abort', () => n++); c.abort(); "
        "try { c.signal.throwIfAborted() } catch (e) { return [n, e.name] }",
        [1, "AbortError"],
    ),
    _case(
        "a random UUID",
        "return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())",
        True,
    ),
    _case(
        "what is not here",
        "return ['fetch', 'process', 'require', 'Buffer', 'window', 'document', 'localStorage', 'Deno'].map((n) => "
        "n in globalThis)",
        [False] * 8,
    ),
    _case("typeof what is not here", "return [typeof fetch, typeof process, typeof window]", ["undefined"] * 3),
)

PRINTING = (
    _case(
        "objects print readably",
        "console.log({a: [1, {b: new Map([['k', 1]])}], s: \"it's\", f() {}, n: null})",
        None,
        prints=("{ a: [ 1, { b: Map(1) { 'k' => 1 } } ], s: \"it's\", f: [Function: f], n: null }",),
    ),
    _case("cycles print", "const c = {n: 1}; c.c = c; console.log(c)", None, prints=("{ n: 1, c: [Circular] }",)),
    _case(
        "formats",
        "console.log('%s is %d%%', 'a', 5, {z: 1}); console.error(new TypeError('no'), [undefined, -0, 1n])",
        None,
        prints=("a is 5% { z: 1 }", "TypeError: no [ undefined, -0, 1n ]"),
    ),
    _case(
        "a promise prints a hint",
        "console.log(crm.find({}))",
        None,
        prints=("Promise { <pending> } (did you forget await?)",),
    ),
    _case(
        "groups and counts",
        "console.group('g'); console.log('in\\nside'); console.groupEnd(); console.count(); console.count(); console.assert(0, 'x')",
        None,
        prints=("g", "  in\n  side", "default: 1", "default: 2", "Assertion failed: x"),
    ),
    _case(
        "a lost rejection is told",
        "Promise.reject(new Error('lost')); return 1",
        1,
        prints=("warning: unhandled rejection: Error: lost (line 1, column 20)",),
    ),
)

FORMATS = (
    _case(
        "numbers in words of a locale",
        "return [(1234567.891).toLocaleString(), (1234.5).toLocaleString('en-US', {style: 'currency', currency: 'USD'}), "
        "(0.256).toLocaleString('en-US', {style: 'percent'}), (1234.5).toLocaleString('de-DE'), (1.005).toLocaleString("
        "undefined, {maximumFractionDigits: 2}), new Intl.NumberFormat('en-US', {notation: 'compact'}).format(1234567), "
        "12345n.toLocaleString(), (1e-7).toLocaleString(), [1000, 2000].map(new Intl.NumberFormat().format)]",
        ["1,234,567.891", "$1,234.50", "26%", "1.234,5", "1.01", "1.2M", "12,345", "0", ["1,000", "2,000"]],
    ),
    _case(
        "dates in words of a locale",
        "const d = new Date('2024-03-10T15:04:05Z'); return [d.toLocaleDateString(), d.toLocaleString('en-US'), "
        "d.toLocaleDateString('en-CA'), d.toLocaleDateString('en-US', {weekday: 'long', year: 'numeric', month: 'short', "
        "day: 'numeric'}), d.toLocaleString('default', {month: 'long'}), d.toLocaleTimeString('en-US', {hour: '2-digit', "
        "minute: '2-digit'}), d.toLocaleTimeString('en-GB'), new Intl.DateTimeFormat('en-US', {dateStyle: 'medium'}).format(d), "
        "d.toLocaleDateString('de-DE'), Intl.DateTimeFormat().resolvedOptions().timeZone, new Date(NaN).toLocaleString()]",
        [
            *("3/10/2024", "3/10/2024, 3:04:05 PM", "2024-03-10", "Sunday, Mar 10, 2024", "March", "03:04 PM"),
            *("15:04:05", "Mar 10, 2024", "10.3.2024", "UTC", "Invalid Date"),
        ],
    ),
    _case(
        "order as people expect it",
        "const sorted = (words, options) => words.sort((a, b) => a.localeCompare(b, undefined, options)).join(' '); "
        "return [sorted(['ä', 'Z', 'b', 'a', 'B', 'é', 'f', '_', '1']), sorted(['i10', 'i9', 'i1'], {numeric: true}), "
        "'abc'.localeCompare('ABC', 'en', {sensitivity: 'base'}), ['b', 'A'].sort(new Intl.Collator().compare)[0]]",
        ["_ 1 a ä b B é f Z", "i1 i9 i10", 0, "A"],
    ),
    _failing(
        "an unknown locale",
        "return (5).toLocaleString('xx-YY')",
        "thrown",
        "RangeError",
        "There is no data for the locale xx-YY in here: use en-US",
        1,
    ),
    _failing(
        "an unknown time zone",
        "return new Date().toLocaleString('en-US', {timeZone: 'America/New_York'})",
        "thrown",
        "RangeError",
        "There is no data for the time zone America/New_York in here: only UTC",
        1,
    ),
    _failing("no segmenter", "new Intl.Segmenter()", "thrown", "TypeError", "[...text] gives its characters", 1),
    _case(
        "a stack as text begins with the words",
        "try {\n  null.x\n} catch (e) { return e.stack.split('\\n') }",
        ["TypeError: cannot read property 'x' of null", "    at main (<program>:2:3)"],
    ),
    _case(
        "all of any failed",
        "return await Promise.any([crm.fail({why: 'a'})]).catch((e) => [e.name, e.message, e.errors.length])",
        ["AggregateError", "All promises were rejected", 1],
    ),
    _case(
        "URLs and classes print",
        "console.log(new URL('https://x.com/a?b=1'), new URLSearchParams('a=1'), class A {}, () => 1)",
        None,
        prints=("URL { href: 'https://x.com/a?b=1' } URLSearchParams { 'a' => '1' } [class A] [Function (anonymous)]",),
    ),
)

FAILURES = (
    _failing("a thrown Error", "const x = 1\nthrow new RangeError('far')", "thrown", "RangeError", "far", 2),
    _failing("a thrown text", "\nthrow 'boom'", "thrown", "Thrown", "boom", 2),
    _failing("a thrown zero", "throw 0", "thrown", "Thrown", "0", 1),
    _failing("a thrown undefined", "throw undefined", "thrown", "Thrown", "undefined", 1),
    _failing("a thrown null", "throw null", "thrown", "Thrown", "null", 1),
    _failing("a thrown object", "throw {code: 5}", "thrown", "Thrown", "{ code: 5 }", 1),
    _failing("an empty message", "throw new Error('')", "thrown", "Error", "", 1),
    _failing(
        "a thrown Proxy", "throw new Proxy({}, {get() { throw 1 }, ownKeys() { throw 2 }})", "thrown", "Thrown", "", 1
    ),
    _failing("a tool's failure", "const a = 1;\nawait crm.fail({why: 'busy'})", "tool", "ToolError", "busy", 2),
    _failing(
        "an unknown tool", "\n\nawait crm.fnd({})", "unknown_tool", "UnknownToolError", "did you mean crm.find?", 3
    ),
    _failing(
        "a misspelt name", "return inptu.x", "thrown", "ReferenceError", "inptu is not defined; did you mean input?", 1
    ),
    _failing(
        "no fetch",
        "await fetch('https://x.y')",
        "thrown",
        "ReferenceError",
        "There is no fetch in here: call a tool",
        1,
    ),
    _failing(
        "taking nothing apart",
        "const r = null;\nconsole.log(1);\n\nconst { items } = r;",
        "thrown",
        "TypeError",
        "cannot destructure undefined or null",
        4,
    ),
    _failing(
        "taking apart what is no list",
        "const r = null;\nconsole.log(1);\n\nconst [first] = r;",
        "thrown",
        "TypeError",
        "null is not iterable",
        4,
    ),
    _failing("a syntax error", "const a = 1;\nconst b = ;", "syntax", "SyntaxError", "", 2),
    _failing(
        "a function cannot cross",
        "await crm.find({items: [0, {run() {}}]})",
        "bad_value",
        "TypeError",
        "$.items[1].run: a function cannot cross",
        1,
    ),
    _failing(
        "a promise cannot cross",
        "return {p: crm.find({})}",
        "bad_value",
        "TypeError",
        "$.p: a Promise cannot cross; did you forget await?",
    ),
    _failing(
        "a cycle cannot cross",
        "const a = {}; a.b = [a]; return a",
        "bad_value",
        "TypeError",
        "$.b[0]: it contains itself",
    ),
    _failing(
        "an invalid date cannot cross", "return {at: new Date('x')}", "bad_value", "TypeError", "$.at: an invalid date"
    ),
    _failing("a symbol cannot cross", "return [Symbol('x')]", "bad_value", "TypeError", "$[0]: a symbol"),
    _failing(
        "a getter that throws",
        "return {get x() { throw new Error('mine') }}",
        "bad_value",
        "TypeError",
        "$.x: reading it failed: mine",
    ),
    _failing("waiting for ever", "await new Promise(() => {})", "deadlock", "DeadlockError", "nothing can resolve"),
    _failing(
        "deep recursion", "const f = (n) => f(n + 1) + 1; return f(0)", "thrown", "RangeError", "Maximum call stack", 1
    ),
)

CASES: tuple[Case, ...] = (*VALUES, *BLOBS, *CALLS, *NAMESPACE_RULES, *TIME, *WEB, *PRINTING, *FORMATS, *FAILURES)
