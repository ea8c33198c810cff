"""Generated programs, printed in Python.

Where Python has no such word there is a near one: the first of a race is that which was named first, a timer is waited
for, and a generator is a loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent
from typing import assert_never

from toolscript.testing.grammar import (
    Awaited,
    Call,
    Caught,
    Closure,
    Guarded,
    Helped,
    If,
    Interval,
    Loop,
    Many,
    Nested,
    Pages,
    Pool,
    Print,
    Promise,
    Push,
    Statement,
    Then,
    Timer,
    Tree,
    Unawaited,
    Value,
)

_PLAIN = {
    "now": "time.time()",
    "random": "random.random()",
    "count": "box['count']",
    "length": "len(out)",
    "copied": "len([*out])",
    "iso": "datetime.now().isoformat()",
}
_CONDITIONS = {
    "random": "random.random() < 0.5",
    "count": "box['count'] % 2",
    "length": "len(out) > 3",
    "now": "int(time.time()) % 2 == 0",
}
_ENDS = {"": "{}", "caught": "guarded({})", "noted": "then({})"}
_HEAD = """
import asyncio
import random
import time
from datetime import datetime

out, box = [], {'count': 0}

def bump(by=1):
    box['count'] += by
    return box['count']

async def ready(value):
    return value

async def guarded(call):
    try:
        return await call
    except Exception as e:
        return type(e).__name__

async def then(call):
    try:
        return [await call, bump()]
    except Exception as e:
        return str(e)

async def settled(*calls):
    all = await asyncio.gather(*calls, return_exceptions=True)
    return [type(one).__name__ if isinstance(one, Exception) else one for one in all]

async def first(*calls):
    return (await asyncio.gather(*calls))[0]

async def any_of(*calls):
    all = await asyncio.gather(*calls, return_exceptions=True)
    for one in all:
        if not isinstance(one, Exception):
            return one
    raise ValueError('all failed')

async def counted(i):
    bump()
    return await t.get(i=i)
"""
_COMBINATORS = {"all": "asyncio.gather", "race": "first", "any": "any_of", "settled": "settled"}


def in_python(tree: Tree) -> str:
    """The program's text."""
    helpers = [_function(helper.name, "x", helper.body, "[x, {}]", helper.value) for helper in tree.helpers]
    return "\n".join([_HEAD.strip(), "", *helpers, _block(tree.body), "return [out, box['count'], time.time()]"])


def _function(name: str, parameter: str, body: tuple[Statement, ...], result: str, value: Value | None) -> str:
    before: list[str] = []
    given = "" if value is None else _value(value, before)
    text = "\n".join([_block(body), *before, f"return {result.format(given)}"])
    return f"async def {name}({parameter}):\n{indent(text, '    ')}"


def _block(body: Iterable[Statement]) -> str:
    return "\n".join(map(_statement, body))


def _statement(statement: Statement) -> str:
    before: list[str] = []  # functions that its expressions call
    text = _bare(statement, before)
    return "\n".join([*before, text])


def _bare(statement: Statement, before: list[str]) -> str:
    match statement:
        case Push(value):
            return f"out.append({_value(value, before)})"
        case Awaited(promise):
            return f"await {_promise(promise, before)}"
        case Guarded(promise):
            return f"out.append(await guarded({_promise(promise, before)}))"
        case Unawaited(promise, end):
            begun = _ENDS[end].format(_promise(promise, before))
            return f"asyncio.create_task({begun})"
        case Print(_, value):
            return f"print('line', box['count'], {_PLAIN[value]})"
        case Closure(name, start):
            before.append(_CLOSURE.format(name=name, start=start))
            return f"{name}()\nout.append({name}())"
        case Timer():
            return _timer(statement)
        case Interval(name, rounds, ms, call):
            text = f"await asyncio.sleep({ms / 1000})\nout.append(await guarded({_call(call)}))"
            return f"for {name} in range({rounds}):\n{indent(text, '    ')}"
        case Loop(name, rounds, leave, body):
            left = {"": "", "continue": f"if {name} == 1: continue\n", "break": "if random.random() < 0.2: break\n"}
            text = f"{left[leave]}{_block(body)}\nbump({name})"
            return f"for {name} in range({rounds}):\n{indent(text, '    ')}"
        case Caught():
            return _caught(statement)
        case If(condition, one, other):
            branches = indent(_block(one), "    "), indent(_block(other), "    ")
            return f"if {_CONDITIONS[condition]}:\n{branches[0]}\nelse:\n{branches[1]}"
        case Pages():
            return _pages(statement)
        case Pool(name, size, call):
            before.append(_POOL.format(name=name, size=size, call=_call(call)))
            return f"await asyncio.gather({name}(1), {name}(2))"
    assert_never(statement)


_CLOSURE = """
def making_{name}(n):
    def {name}():
        nonlocal n
        n += 1
        return bump(n)
    return {name}
{name} = making_{name}({start})
""".strip()

_POOL = """
queue_{name} = list(range({size}))
async def {name}(n):
    while queue_{name}:
        x = queue_{name}.pop(0)
        out.append([n, x, await guarded({call})])
""".strip()


def _timer(timer: Timer) -> str:
    match timer.work:
        case Call() as call:
            work = f"out.append(await guarded({_call(call)}))"
        case "count":
            work = "bump()"
        case plain:
            work = f"out.append({_PLAIN[plain]})"
    text = f"async def {timer.name}():\n    await asyncio.sleep({timer.ms / 1000})\n    {work}"
    match timer.cleared:
        case "":
            return f"{text}\nawait {timer.name}()"
        case "at once":
            return text
        case call:
            return f"{text}\nawait asyncio.gather({timer.name}(), guarded({_call(call)}))"


def _caught(caught: Caught) -> str:
    body = _block(caught.body)
    if caught.throws is not None:
        otherwise = indent(_statement(caught.throws), "    ")
        body += f"\nif box['count'] % 2:\n    raise ValueError(f\"mine {{box['count']}}\")\nelse:\n{otherwise}"
    match caught.handled:
        case "noted":
            handled = "out.extend([type(e).__name__, str(e)])"
        case "counted":
            handled = "bump(100)"
        case push:
            handled = _statement(push)
    text = f"try:\n{indent(body, '    ')}\nexcept Exception as e:\n{indent(handled, '    ')}"
    return text if caught.final is None else f"{text}\nfinally:\n{indent(_statement(caught.final), '    ')}"


def _pages(pages: Pages) -> str:
    leave = "\nif len(out) > 8: break" if pages.leave else ""
    one = _statement(Push(pages.value)) + leave
    loop = f"for {pages.name} in range({pages.rounds}):\n{indent(one, '    ')}"
    text = f"try:\n{indent(loop, '    ')}\nfinally:\n{indent(_statement(pages.final), '    ')}"
    return f"try:\n{indent(text, '    ')}\nexcept Exception as e:\n    out.append(type(e).__name__)"


def _value(value: Value, before: list[str]) -> str:
    return _PLAIN[value] if isinstance(value, str) else f"await {_promise(value, before)}"


def _promise(promise: Promise, before: list[str]) -> str:
    match promise:
        case Call():
            return _call(promise)
        case Many(how, each):
            return f"{_COMBINATORS[how]}({', '.join(_promise(one, before) for one in each)})"
        case Nested(name, body):
            before.append(_function(name, "", body, "box['count']", None))
            return f"{name}()"
        case Then(call):
            return f"then({_call(call)})"
        case Helped(helper, value):
            return f"{helper}({_PLAIN[value]})"
    assert_never(promise)


def _call(call: Call) -> str:
    match call.tool:
        case "get":
            return f"t.get(i={call.n})"
        case "put":
            return f"t.put(key='k{call.n}', value={_PLAIN[call.value]})"
        case "fail":
            return f"t.fail(why='f{call.n}')"
        case "sleep":
            return f"codemode.sleep({call.seconds})"
        case "state":
            return f"codemode.state.set('s{call.n % 3}', {_PLAIN[call.value]})"
        case "step":
            return f"codemode.step('step {call.n}', lambda: counted({call.n}))"
        case "none":
            return f"ready({_PLAIN[call.value]})"
    assert_never(call.tool)
