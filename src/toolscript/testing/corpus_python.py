"""The programs of the corpus in Python: each makes the calls of its twin in TypeScript, in the same order.

`UNTOLD` says why a few have no twin; a few are about what Python alone has.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

_KEPT = """
async def kept(key):
    try:
        return await t.put(key=key)
    except Exception as e:
        return str(e)
"""
"""Begins the programs that take a rejection as they take an answer."""

_PROGRAMS = {
    "bare_expression": "1 + 1",
    "loop_of_calls": """
        s = 0
        for i in range(12):
            s += (await t.get(i=i))['v']
        return s""",
    "while_with_break": """
        n, seen = 0, []
        while True:
            r = await t.get(i=n)
            seen.append(r['v'])
            if r['v'] % 7 == 0:
                break
            n += 1
            if n > 20:
                break
        return seen""",
    "all": "return [r['v'] for r in await asyncio.gather(*(t.get(i=i) for i in [5, 3, 1, 4]))]",
    "hundred_in_parallel": "return len(await asyncio.gather(*[t.get(i=i) for i in range(100)]))",
    "nested_all": """
        async def row(i):
            a = await t.get(i=i)
            b, c = await asyncio.gather(t.get(i=a['v']), t.get(i=a['v'] + 1))
            return a['v'] + b['v'] + c['v']
        return await asyncio.gather(row(1), row(2), row(3))""",
    "all_settled": """
        calls = [t.get(i=1), t.fail(why='x'), t.put(key='k')]
        return [str(one) for one in await asyncio.gather(*calls, return_exceptions=True)]""",
    "caught_failure_then_write": """
        note = None
        try:
            await t.fail(why='first')
        except Exception as e:
            note = str(e)
        return [note, await t.put(key=note)]""",
    "retries": """
        for n in range(4):
            try:
                return await (t.fail(why=f'try {n}') if n < 3 else t.get(i=n))
            except Exception as e:
                print(e)""",
    "finally_calls": """
        log = []
        try:
            await t.get()
            raise ValueError('mine')
        except ValueError as e:
            log.append(str(e))
        finally:
            log.append(await t.put(key='cleanup'))
        return log""",
    "uncaught_failure": "await t.get(i=1)\nawait t.fail(why='uncaught')\nreturn 'never'",
    "thrown_string": "await t.get(i=1)\nraise RuntimeError('a string')",
    "unknown_tool_caught": """
        try:
            await t.gett(i=1)
        except Exception as e:
            return str(e) + str((await t.get(i=2))['v'])""",
    "bad_arguments_caught": """
        try:
            await t.get(i='x')
        except Exception as e:
            return str(e)""",
    "timers": """
        order = []
        async def later(seconds, word):
            await asyncio.sleep(seconds)
            order.append(word)
        await asyncio.gather(later(0.05, 'late'), later(0.01, 'early'), asyncio.sleep(0.1))
        return order""",
    "sleep_between_calls": """
        import time
        out = []
        for i in range(3):
            out += [(await t.get(i=i))['v'], time.time()]
            await codemode.sleep(2)
        return out""",
    "unawaited_calls": "asyncio.create_task(t.put(key='a'))\nasyncio.create_task(t.put(key='b'))\nreturn 'done'",
    "clock_and_random": """
        import random, time, uuid
        from datetime import datetime
        a = [time.time(), random.random(), str(uuid.uuid4())]
        await t.get(i=1)
        return [*a, datetime.now().isoformat(), random.random(), random.randint(1, 9), random.sample(range(99), 3)]""",
    "worker_pool_of_three": """
        queue, out = list(range(10)), []
        async def work():
            while queue:
                out.append((await t.get(i=queue.pop(0)))['i'])
        await asyncio.gather(work(), work(), work())
        return out""",
    "reads_and_writes_together": """
        r, w = await asyncio.gather(t.get(i=1), t.put(key='w', value={'deep': [1, 'é', None]}))
        return {'r': r, 'w': w}""",
    "values_keep_their_type": """
        from datetime import datetime, timezone
        start = datetime(1970, 1, 1, tzinfo=timezone.utc)
        value = [start, 12345678901234567890, float('nan'), -0.0, b'\\x01\\xff']
        echo = await t.put(key='types', value=value)
        return [echo, start.replace(year=1980), 2 ** 70, float('inf'), b'\\x07', {'$date': 'mine'}, (1, 2)]""",
    "search_then_call": """
        hit = (await codemode.search('look a number up'))['hits'][0]
        return [hit['path'], (await t.get(i=4))['v']]""",
    "printing": "print('one', {'a': [1]})\nawait t.get()\nprint('two', sep='', end='!\\n')\nreturn None",
    "a_write_made_in_the_turn_that_fails": """
        await t.get(i=1)
        asyncio.create_task(t.put(key='never'))
        raise ValueError('mine')""",
    "asks_in_a_row": "return [await t.put(key=f'k{i}') for i in range(6)]",
    "asks_in_all": "return await asyncio.gather(*(t.put(key=key) for key in 'abc'))",
    "asks_in_all_with_reads": """
        calls = [t.put(key=f'k{i}') if i % 2 else t.get(i=i) for i in range(6)]
        return [str(one) for one in await asyncio.gather(*calls, return_exceptions=True)]""",
    "asks_in_a_finally": """
        log = []
        try:
            for i in range(3):
                await t.put(key=f'try{i}')
        except Exception as e:
            log.append(str(e))
        finally:
            log.append(await kept('in the finally'))
        return log""",
    "asks_behind_a_catch_all": """
        got = []
        for i in range(9):
            try:
                got.append(await t.put(key=f'k{i}'))
            except:
                got.append('caught')
            finally:
                got.append(i)
        return got""",
    "unawaited_asks": """
        asyncio.create_task(t.put(key='a'))
        asyncio.create_task(t.put(key='b'))
        return (await t.get(i=1))['v']""",
    "unawaited_asks_then_a_pause": """
        import time
        later = asyncio.create_task(t.put(key='a'))
        asyncio.create_task(t.put(key='b'))
        await codemode.sleep(60)
        try:
            said = 'then ' + await later
        except Exception as e:
            said = 'not ' + str(e)
        return [said, time.time()]""",
    "asks_in_nested_helpers": """
        async def save(key):
            try:
                return await t.put(key=key)
            except Exception:
                return 'no ' + key
        async def both(a, b):
            x, y = await asyncio.gather(save(a), save(b))
            return x + y
        class Book:
            def __init__(self):
                self.lines = []
            async def add(self, key):
                self.lines.append(await both(key, key + '!'))
                return self
        book = Book()
        await book.add('one')
        await book.add('two')
        return [book.lines, await both('y', 'z')]""",
    "pool_of_asks": """
        queue, out = list('abcdefg'), []
        async def work(n):
            while queue:
                out.append([n, await kept(queue.pop(0))])
        await asyncio.gather(work(1), work(2), work(3))
        return out""",
    "timers_beside_asks": """
        import time
        order = []
        async def later(seconds, word):
            await asyncio.sleep(seconds)
            order.append(word)
        async def saved():
            order.append(await kept('k'))
        await asyncio.gather(later(60, 'a minute'), later(1, 'a second'), saved(), later(120, 'two minutes'))
        return [order, time.time()]""",
    "long_sleeps": """
        import random, time
        out = []
        for s in [6, 3600, 86400 * 3]:
            await asyncio.sleep(s)
            out += [time.time(), random.random()]
        return out""",
    "printing_around_pauses": """
        import random, time
        print('before', time.time())
        for i in range(4):
            print('asking', i)
            print(await kept(f'k{i}'))
        print('after', random.random())
        async def late():
            await asyncio.sleep(7)
            print('from a timer')
        await asyncio.gather(late(), codemode.sleep(20))
        return 'printed'""",
    "steps_around_asks": """
        async def inner(i):
            return await t.get(i=i)
        async def count():
            await kept('in a step')
            found = [codemode.step('inner 1', lambda: inner(1)), codemode.step('inner 2', lambda: inner(2))]
            return len(await asyncio.gather(*found))
        total = await codemode.step('count', count)
        async def fails():
            await t.fail(why='in a step')
        try:
            await codemode.step('fails', fails)
        except Exception as e:
            return [total, str(e)]""",
    "state_across_pauses": """
        await codemode.state.set('n', 1)
        for i in range(3):
            await kept('k')
            await codemode.state.set('n', (await codemode.state.get('n')) + 1)
        state = codemode.state
        return [await state.get('n'), await state.keys(), await state.delete('n')]""",
    "snippets_are_looked_for": """
        await t.put(key='k')
        try:
            return await codemode.run('nothing', {})
        except Exception as e:
            return str(e)""",
    "closures_and_types_live_through_pauses": """
        import re
        from collections import Counter, defaultdict, namedtuple
        from datetime import date, datetime, timedelta
        from decimal import Decimal
        def counting():
            n = 0
            def count():
                nonlocal n
                n += 10 ** 18
                return n
            return count
        counter, data, Point = counting(), b'\\x01\\x02\\x03', namedtuple('Point', 'x y')
        seen = dict(date=datetime.now(), words=Counter('abca'), one={3, 1}, day=date(2026, 2, 28) + timedelta(1))
        counter()
        await kept('first')
        seen['re'] = re.search('a(b)', 'xab').group(1)
        seen['n'] = counter()
        await kept('second')
        more = [str(Decimal('0.1') * 3), Point(1, 2).y, seen['words']['a'], sorted(seen['one'])]
        return [seen['date'], seen['day'].isoformat(), seen['re'], seen['n'], data, counter(), more]""",
    "a_generator_waits_in_the_middle": """
        squares, out = iter([i * i for i in range(9)]), []
        for i in range(5):
            out.append(next(squares))
            out.append(await kept(f'k{i}'))
        return out""",
    "an_uncaught_rejection": """
        await t.get(i=1)
        for i in range(9):
            await t.put(key=f'k{i}')""",
    "an_unawaited_rejection": """
        for i in range(5):
            asyncio.create_task(t.put(key=f'k{i}'))
        await codemode.sleep(10)
        return 'done'""",
    "an_ask_that_ends_the_run": """
        return [await kept(f'k{i}') for i in range(20)]""",
    "bad_arguments_are_not_asked_about": """
        out = []
        for args in [{'key': 1}, {}, {'key': 'x', 'nope': 1}, {'key': 'fine'}]:
            try:
                out.append(await t.put(**args))
            except Exception as e:
                out.append(str(e))
        return out""",
    "race": """
        calls = [asyncio.create_task(call) for call in [t.get(i=1), t.get(i=2), t.put(key='x')]]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        return [one.result() for one in calls if one in done][0]""",
    "any_with_failures": """
        for one in asyncio.as_completed([t.fail(), t.get(i=9), t.fail(why='b')]):
            try:
                return (await one)['v']
            except Exception:
                pass""",
    "race_with_a_timer": """
        async def got():
            return await t.get(i=3)
        calls = [asyncio.create_task(asyncio.sleep(60)), asyncio.create_task(got())]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        return calls[1].result()['v'] if calls[1] in done else 'too slow'""",
    "cleared_timer": """
        async def later():
            await asyncio.sleep(0.005)
            await t.put(key='no')
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
        task.cancel()
        return (await t.get(i=1))['v']""",
    "unawaited_chain": """
        async def chain():
            for i in range(3):
                await t.put(key=f'chain{i}')
        asyncio.create_task(chain())
        await asyncio.sleep(0)
        return (await t.get(i=1))['v']""",
    "never_resolves": "await t.get()\nawait asyncio.Event().wait()",
    "a_timer_set_in_the_last_turn": """
        async def later():
            await asyncio.sleep(0.05)
            await t.put(key='never')
        asyncio.create_task(later())
        await asyncio.sleep(0)
        return 1""",
    "race_with_an_ask": """
        calls = [asyncio.create_task(call) for call in [t.put(key='slow'), t.get(i=1)]]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        return [[one.result() for one in calls if one in done], await t.put(key='after')]""",
    "race_of_asks": """
        calls = [asyncio.create_task(call) for call in [t.put(key='a'), t.get(i=4)]]
        done, _ = await asyncio.wait(calls, return_when='FIRST_COMPLETED')
        return [[one.result() for one in calls if one in done], await t.get(i=2)]""",
    "any_of_asks": """
        errors = []
        for one in asyncio.as_completed([t.get(i=4), t.fail(), t.put(key='b'), t.put(key='c')]):
            try:
                return await one
            except Exception as e:
                errors.append(str(e))
        return errors""",
    "an_ask_races_a_long_timer": """
        late, out = asyncio.create_task(asyncio.sleep(30, 'too late')), []
        await asyncio.sleep(0)
        for key in 'abc':
            ask = asyncio.create_task(kept(key))
            done, _ = await asyncio.wait([late, ask], return_when=asyncio.FIRST_COMPLETED)
            out.append([one.result() for one in (late, ask) if one in done])
        return [out, await late]""",
    "a_timer_cleared_after_a_pause": """
        async def later():
            await asyncio.sleep(100_000)
            await t.put(key='never')
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
        r = await kept('k')
        task.cancel()
        return [r, (await t.get(i=4))['v']]""",
    "an_interval_that_asks": """
        import time
        got = []
        for n in range(3):
            await asyncio.sleep(10)
            got.extend([await kept(f'tick{n}'), time.time()])
        return len(got) > 5""",
    "asks_with_a_timeout": """
        out = []
        for seconds in [1, 10_000]:
            try:
                out.append(await asyncio.wait_for(kept('k'), seconds))
            except asyncio.TimeoutError:
                out.append('too late')
        return out""",
    "a_semaphore_over_asks": """
        gate, out = asyncio.Semaphore(2), []
        async def one(i):
            async with gate:
                out.append([i, await kept(f'k{i}'), (await t.get(i=i))['v']])
        await asyncio.gather(*(one(i) for i in range(6)))
        return out""",
    "a_queue_and_a_group_of_tasks": """
        queue, out = asyncio.Queue(), []
        async def work(n):
            while not queue.empty():
                key = await queue.get()
                out.append([n, await kept(key)])
        for key in 'abcde':
            queue.put_nowait(key)
        async with asyncio.TaskGroup() as group:
            group.create_task(work(1))
            group.create_task(work(2))
        return out""",
    "a_task_is_cancelled_while_it_waits": """
        tasks = {i: asyncio.ensure_future(t.get(i=i)) for i in [1, 4, 2]}
        await asyncio.sleep(3)
        tasks[4].cancel()
        left = await asyncio.gather(*tasks.values(), return_exceptions=True)
        return [type(one).__name__ for one in left]""",
}

UNTOLD: Mapping[str, str] = dict.fromkeys(
    ("async_generator", "asks_in_an_async_generator"), "there are no asynchronous generators in Monty"
)
"""The programs in TypeScript that have no twin, and why."""


def _text(code: str) -> str:
    code = dedent(code).strip()
    if "kept(" in code:
        code = _KEPT.strip() + "\n" + code
    return f"import asyncio\n{code}" if "asyncio." in code else code


PROGRAMS: dict[str, str] = {name: _text(code) for name, code in _PROGRAMS.items()}
