"""Programs that stress order: loops, races, caught failures, timers, un-awaited calls. Laws are tested over them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.ports import Connector


@dataclass(frozen=True, slots=True)
class Example:
    """A program of the corpus, by a name that says what it stresses."""

    name: str
    code: str


@tool(effect="read")
async def get(i: int = 0, size: int = 1) -> dict[str, Any]:
    """Look a number up."""
    return {"v": int(hashlib.sha256(str(i).encode()).hexdigest()[:4], 16), "i": i, "list": list(range(size))}


@tool(effect="write")
async def put(key: str, value: Any = None) -> str:
    """Keep a value."""
    return f"kept {key}"


@tool(effect="read")
async def fail(why: str = "test") -> None:
    """Fail, always."""
    raise ToolError(f"no: {why}")


def corpus_connector() -> Connector:
    """The namespace `t` that the corpus calls."""
    return functions("t", get, put, fail)


_PROGRAMS = {
    "bare_expression": "1 + 1",
    "loop_of_calls": "let s = 0; for (let i = 0; i < 12; i++) s += (await t.get({ i })).v; return s",
    "while_with_break": """
        let n = 0, seen = [];
        while (true) { const r = await t.get({ i: n }); seen.push(r.v); if (r.v % 7 === 0 || ++n > 20) break; }
        return seen""",
    "all": "return (await Promise.all([5, 3, 1, 4].map((i) => t.get({ i })))).map((r) => r.v)",
    "hundred_in_parallel": "return (await Promise.all(Array.from({ length: 100 }, (_, i) => t.get({ i })))).length",
    "nested_all": """
        const rows = await Promise.all([1, 2, 3].map(async (i) => {
          const a = await t.get({ i });
          const [b, c] = await Promise.all([t.get({ i: a.v }), t.get({ i: a.v + 1 })]);
          return a.v + b.v + c.v;
        }));
        return rows""",
    "race": "return (await Promise.race([t.get({ i: 1 }), t.get({ i: 2 }), t.put({ key: 'x' })]))",
    "any_with_failures": "return (await Promise.any([t.fail({}), t.get({ i: 9 }), t.fail({ why: 'b' })])).v",
    "all_settled": """
        const all = await Promise.allSettled([t.get({ i: 1 }), t.fail({ why: 'x' }), t.put({ key: 'k' })]);
        return all.map((s) => s.status === 'fulfilled' ? s.value : s.reason.message)""",
    "caught_failure_then_write": """
        let note;
        try { await t.fail({ why: 'first' }) } catch (e) { note = e.message; }
        return [note, await t.put({ key: note })]""",
    "retries": """
        for (let n = 0; n < 4; n++) {
          try { return await (n < 3 ? t.fail({ why: 'try ' + n }) : t.get({ i: n })) }
          catch (e) { console.log(e.message) }
        }""",
    "finally_calls": """
        const log = [];
        try { await t.get({}); throw new Error('mine') } catch (e) { log.push(e.message) }
        finally { log.push(await t.put({ key: 'cleanup' })) }
        return log""",
    "uncaught_failure": "await t.get({ i: 1 }); await t.fail({ why: 'uncaught' }); return 'never'",
    "thrown_string": "await t.get({ i: 1 }); throw 'a string'",
    "unknown_tool_caught": "try { await t.gett({ i: 1 }) } catch (e) { return e.name + (await t.get({ i: 2 })).v }",
    "bad_arguments_caught": "try { await t.get({ i: 'x' }) } catch (e) { return e.message }",
    "timers": """
        const order = [];
        setTimeout(() => order.push('late'), 50);
        setTimeout(() => order.push('early'), 10);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return order""",
    "race_with_a_timer": """
        const slow = new Promise((_, reject) => setTimeout(() => reject(new Error('too slow')), 60_000));
        return (await Promise.race([t.get({ i: 3 }), slow])).v""",
    "cleared_timer": """
        const id = setTimeout(() => t.put({ key: 'no' }), 5);
        clearTimeout(id);
        return (await t.get({ i: 1 })).v""",
    "sleep_between_calls": """
        const out = [];
        for (let i = 0; i < 3; i++) { out.push((await t.get({ i })).v, Date.now()); await codemode.sleep(2) }
        return out""",
    "unawaited_calls": "t.put({ key: 'a' }); t.put({ key: 'b' }); return 'done'",
    "unawaited_chain": """
        (async () => { for (let i = 0; i < 3; i++) await t.put({ key: 'chain' + i }) })();
        return (await t.get({ i: 1 })).v""",
    "clock_and_random": """
        const a = [Date.now(), Math.random(), crypto.randomUUID()];
        await t.get({ i: 1 });
        return [...a, new Date().toISOString(), Math.random()]""",
    "async_generator": """
        async function* pages() { for (let i = 0; i < 4; i++) yield (await t.get({ i, size: 3 })).list }
        const all = []; for await (const page of pages()) all.push(...page); return all.length""",
    "worker_pool_of_three": """
        const queue = [...Array(10).keys()], out = [];
        const work = async () => { for (let i; (i = queue.shift()) !== undefined;) out.push((await t.get({ i })).i) };
        await Promise.all([1, 2, 3].map(work));
        return out""",
    "reads_and_writes_together": """
        const [r, w] = await Promise.all([t.get({ i: 1 }), t.put({ key: 'w', value: { deep: [1, 'é', null] } })]);
        return { r, w }""",
    "values_keep_their_type": """
        const value = [new Date(0), 12345678901234567890n, NaN, -0, new Uint8Array([1, 255])];
        const echo = await t.put({ key: 'types', value });
        return [echo, new Date(5), 2n ** 70n, Infinity, new Uint8Array([7]), { $date: 'mine' }]""",
    "search_then_call": """
        const [hit] = await codemode.search('look a number up');
        return [hit.path, (await t.get({ i: 4 })).v]""",
    "printing": "console.log('one', { a: [1] }); await t.get({}); console.warn('two'); return null",
    "never_resolves": "await t.get({}); await new Promise(() => {})",
}

CORPUS = tuple(Example(name, code) for name, code in _PROGRAMS.items())
