"""The programs of the corpus in TypeScript, by a name that says what each stresses."""

from __future__ import annotations

PROGRAMS: dict[str, str] = {
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
        const { hits: [hit] } = await codemode.search('look a number up');
        return [hit.path, (await t.get({ i: 4 })).v]""",
    "printing": "console.log('one', { a: [1] }); await t.get({}); console.warn('two'); return null",
    "never_resolves": "await t.get({}); await new Promise(() => {})",
    "a_timer_set_in_the_last_turn": "setTimeout(() => t.put({ key: 'never' }), 50); return 1",
    "a_write_made_in_the_turn_that_fails": "await t.get({ i: 1 }); t.put({ key: 'never' }); throw new Error('mine')",
    "asks_in_a_row": "const out = []; for (let i = 0; i < 6; i++) out.push(await t.put({ key: 'k' + i })); return out",
    "asks_in_all": "return Promise.all(['a', 'b', 'c'].map((key) => t.put({ key })))",
    "asks_in_all_with_reads": """
        return Promise.allSettled([0, 1, 2, 3, 4, 5].map((i) => (i % 2 ? t.put({ key: 'k' + i }) : t.get({ i }))))""",
    "race_with_an_ask": """
        const first = await Promise.race([t.put({ key: 'slow' }), t.get({ i: 1 })]);
        return [first, await t.put({ key: 'after' })]""",
    "race_of_asks": "return [await Promise.race([t.put({ key: 'a' }), t.get({ i: 4 })]), await t.get({ i: 2 })]",
    "any_of_asks": """
        try { return await Promise.any([t.get({ i: 4 }), t.fail({}), t.put({ key: 'b' }), t.put({ key: 'c' })]) }
        catch (e) { return e.errors.map((one) => one.name + one.message) }""",
    "asks_in_a_finally": """
        const log = [];
        try { for (let i = 0; i < 3; i++) await t.put({ key: 'try' + i }) } catch (e) { log.push(e.message) }
        finally { log.push(await t.put({ key: 'in the finally' }).catch((e) => e.name)) }
        return log""",
    "asks_behind_a_catch_all": """
        const got = [];
        for (let i = 0; i < 9; i++) {
          try { got.push(await t.put({ key: 'k' + i })) } catch { got.push('caught') } finally { got.push(i) }
        }
        return got""",
    "asks_in_an_async_generator": """
        async function* writes() {
          try { for (let i = 0; i < 4; i++) yield await t.put({ key: 'page' + i }) } catch (e) { yield e.message }
          finally { await t.put({ key: 'closed' }).catch(() => null) }
        }
        const all = []; for await (const one of writes()) { all.push(one); if (all.length === 5) break } return all""",
    "unawaited_asks": "t.put({ key: 'a' }); t.put({ key: 'b' }).catch(() => 0); return (await t.get({ i: 1 })).v",
    "unawaited_asks_then_a_pause": """
        const later = t.put({ key: 'a' }).then((r) => 'then ' + r, (e) => 'not ' + e.message);
        t.put({ key: 'b' }).catch(() => 0);
        await codemode.sleep(60);
        return [await later, Date.now()]""",
    "asks_in_nested_helpers": """
        const save = async (key) => { try { return await t.put({ key }) } catch (e) { return 'no ' + key } };
        const both = async (a, b) => { const [x, y] = await Promise.all([save(a), save(b)]); return x + y };
        class Book { lines = []; async add(key) { this.lines.push(await both(key, key + '!')); return this } }
        const book = new Book(); await book.add('one'); await book.add('two');
        return [book.lines, await both('y', 'z')]""",
    "pool_of_asks": """
        const queue = ['a', 'b', 'c', 'd', 'e', 'f', 'g'], out = [];
        const work = async (n) => {
          for (let key; (key = queue.shift());) out.push([n, await t.put({ key }).catch((e) => e.name)]);
        };
        await Promise.all([work(1), work(2), work(3)]);
        return out""",
    "timers_beside_asks": """
        const order = [];
        setTimeout(() => order.push('a minute'), 60_000);
        setTimeout(() => order.push('a second'), 1_000);
        const saved = t.put({ key: 'k' }).then((r) => order.push(r), (e) => order.push(e.name));
        await codemode.sleep(120);
        await saved;
        return [order, Date.now()]""",
    "an_ask_races_a_long_timer": """
        const late = new Promise((resolve) => setTimeout(() => resolve('too late'), 30_000));
        const out = [];
        for (const key of ['a', 'b', 'c']) out.push(await Promise.race([late, t.put({ key }).catch((e) => e.message)]));
        return [out, await late]""",
    "a_timer_cleared_after_a_pause": """
        const id = setTimeout(() => t.put({ key: 'never' }), 100_000_000);
        const r = await t.put({ key: 'k' }).catch(() => 'no');
        clearTimeout(id);
        return [r, (await t.get({ i: 4 })).v]""",
    "an_interval_that_asks": """
        const got = []; let n = 0;
        await new Promise((resolve) => {
          const id = setInterval(async () => {
            got.push(await t.put({ key: 'tick' + n }).catch((e) => e.name), Date.now());
            if (++n === 3) { clearInterval(id); resolve() }
          }, 10_000);
        });
        return got.length > 5""",
    "long_sleeps": """
        const out = [];
        for (const s of [6, 3600, 86400 * 3]) { await codemode.sleep(s); out.push(Date.now(), Math.random()) }
        return out""",
    "printing_around_pauses": """
        console.log('before', Date.now());
        for (let i = 0; i < 4; i++) {
          console.log('asking', i); await t.put({ key: 'k' + i }).catch((e) => console.error(e.message));
        }
        console.log('after', Math.random());
        setTimeout(() => console.log('from a timer'), 7_000); await codemode.sleep(20); return 'printed'""",
    "steps_around_asks": """
        const total = await codemode.step('count', async () => {
          await t.put({ key: 'in a step' }).catch(() => 0);
          return (await Promise.all([1, 2].map((i) => codemode.step('inner ' + i, () => t.get({ i }))))).length;
        });
        try { await codemode.step('fails', () => t.fail({ why: 'in a step' })) }
        catch (e) { return [total, e.message] }""",
    "state_across_pauses": """
        await codemode.state.set('n', 1);
        for (let i = 0; i < 3; i++) {
          await t.put({ key: 'k' }).catch(() => 0);
          await codemode.state.set('n', (await codemode.state.get('n')) + 1);
        }
        return [await codemode.state.get('n'), await codemode.state.keys(), await codemode.state.delete('n')]""",
    "snippets_are_looked_for": """
        await t.put({ key: 'k' });
        try { return await codemode.run('nothing', {}) } catch (e) { return e.name + e.message }""",
    "closures_and_types_live_through_pauses": """
        const counter = (() => { let n = 0n; return () => (n += 10n ** 18n) })();
        const seen = new Map(), weak = new WeakMap(), key = {}, bytes = new Uint8Array([1, 2, 3]), sym = Symbol('s');
        weak.set(key, 'kept'); counter(); seen.set('date', new Date());
        await t.put({ key: 'first', value: bytes }).catch(() => 0);
        seen.set('re', /a(b)/g.exec('xab')[1]); seen.set(sym, counter());
        await t.put({ key: 'second', value: counter() }).catch(() => 0);
        return [[...seen.values()], weak.get(key), bytes, seen.get(sym), counter()]""",
    "a_generator_waits_in_the_middle": """
        function* squares() { for (let i = 0; ; i++) yield i * i }
        const it = squares(), out = [];
        for (let i = 0; i < 5; i++) {
          out.push(it.next().value); await t.put({ key: 'k' + i }).catch(() => out.push(-1));
        }
        return out""",
    "an_uncaught_rejection": "await t.get({ i: 1 }); for (let i = 0; i < 9; i++) await t.put({ key: 'k' + i })",
    "an_unawaited_rejection": """
        for (let i = 0; i < 5; i++) t.put({ key: 'k' + i });
        await codemode.sleep(10); return 'done'""",
    "an_ask_that_ends_the_run": """
        const all = [];
        for (let i = 0; i < 20; i++) { try { all.push(await t.put({ key: 'k' + i })) } catch (e) { all.push(e.name) } }
        return all""",
    "bad_arguments_are_not_asked_about": """
        const out = [];
        for (const args of [{ key: 1 }, {}, { key: 'x', nope: 1 }, { key: 'fine' }]) {
          out.push(await t.put(args).catch((e) => e.message))
        }
        return out""",
}
