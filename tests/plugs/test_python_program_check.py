"""A program in Python is checked before it starts: what is certain to be wrong with it, and nothing else."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import pytest

from toolscript import Policy, Runtime, functions
from toolscript.catalog.catalog import Catalog
from toolscript.guests.python.check import inspect, inspect_full
from toolscript.guests.python.source import prepare
from toolscript.runs.policy import Rule
from toolscript.runs.precheck import Problem, is_suspect, problems_of
from toolscript.runtime.builtin import TOOLS
from toolscript.testing import guest_programs
from toolscript.tools import Tool, ToolPath

POLICY = Policy((Rule(verdict="deny", tools=("crm.purge",)),))
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}


def tools_of(namespace: str, *methods: str) -> list[Tool]:
    return [
        Tool(path=ToolPath(namespace, name), raw_name=name, description="", input_schema=SCHEMA) for name in methods
    ]


CATALOG = (
    Catalog.empty()
    .replace("codemode", TOOLS)
    .replace("snippets", ())
    .replace("crm", tools_of("crm", "find", "list", "create", "purge"))
    .replace("billing", tools_of("billing", "charge"))
    .replace("github", (), state="connecting")
)


def problems_in(code: str) -> tuple[Problem, ...]:
    assert is_suspect(code, CATALOG, "python")
    facts = inspect(code)
    return () if facts is None else problems_of(facts, CATALOG, POLICY)


WRONG: dict[str, tuple[str, list[tuple[int, int, str]]]] = {
    "a method": ("await crm.fnd(id=1)", [(1, 11, "Did you mean crm.find(")]),
    "a namespace": ("x = 1\nawait cmr.find(id=1)", [(2, 7, "did you mean crm?")]),
    "a tool without its namespace": ("find(id=1)", [(1, 1, "crm.find(")]),
    "a function that is not there": ("frobnicate(1)", [(1, 1, "call a tool as `await namespace.method(…)`")]),
    "a missing import": ("x = csv.reader(1)", [(1, 5, "write `import csv` first")]),
    "words of JavaScript": ("x = null\ny = true", [(1, 5, "`None`"), (2, 5, "`True`")]),
    "an element of a coroutine": ("x = crm.find(id=1)['a']", [(1, 5, "write `(await crm.find(id=1))['a']`")]),
    "a member of a coroutine": ("crm.find(id=1).name", [(1, 1, "`.name` is read from it")]),
    "a loop over a coroutine": ("for x in crm.list(): pass", [(1, 10, "it is looped over")]),
    "a coroutine in text": ("f'{crm.find(id=1)}'", [(1, 4, "it is put into text")]),
    "a coroutine that is taken apart": ("a, b = crm.find(id=1)", [(1, 8, "it is taken apart")]),
    "a coroutine that is compared": ("crm.find(id=1) == 2", [(1, 1, "it is compared")]),
    "a coroutine as a condition": ("if crm.find(id=1): pass", [(1, 4, "as a condition")]),
    "a coroutine that is printed": ("print(crm.find(id=1))", [(1, 7, "`print` is given it")]),
    "a sleep that is thrown away": ("codemode.sleep(5)\nreturn 1", [(1, 1, "nothing is done with it")]),
    "a step that is thrown away": ("codemode.step('x', f)\ndef f(): pass\n1", [(1, 1, "nothing is done with it")]),
    "a coroutine that is returned in a dict": ("return {'a': crm.find(id=1)}",
                                               [(1, 14, "returned inside a value without `await`: write `await crm")]),
    "in a list": ("return [await crm.find(id=1), crm.find(id=2)]", [(1, 31, "returned inside a value")]),
    "in a tuple, as the last expression": ("x = 1\n(x, crm.find(id=2))", [(2, 5, "returned inside a value")]),
    "in a set": ("return {crm.find(id=2)}", [(1, 9, "returned inside a value")]),
    "in lists in dicts": ("return {'a': [{'b': crm.find(id=2)}]}", [(1, 21, "returned inside a value")]),
    "in a list that is made": ("return [crm.find(id=i) for i in [1]]", [(1, 9, "await asyncio.gather(*[crm.find(")]),
    "in a dict that is made": ("return {i: crm.find(id=i) for i in [1]}", [(1, 12, "write `await crm.find(id=i)`")]),
    "in what is assigned last": ("result = {'a': crm.find(id=1)}", [(1, 16, "returned inside a value")]),
    "in what a variable holds": ("x = [crm.find(id=1)]\nreturn x", [(1, 6, "is returned inside a value in line 2")]),
    "in a variable in what is returned": ("x = crm.find(id=1)\nreturn {'a': x}", [(1, 5, "write `x = await crm.find")]),
    "in what `main` returns": ("async def main():\n    return {'a': crm.find(id=1)}\nawait main()",
                               [(2, 18, "returned inside a value")]),
    "in what `main` returns, and is run": ("import asyncio\nasync def main():\n    return [crm.find(id=1)]\n"
                                           "asyncio.run(main())", [(3, 13, "returned inside a value")]),
    "a coroutine that is spread in a dict": ("x = {**crm.find(id=1)}", [(1, 8, "it is spread")]),
    "a coroutine that is spread as arguments": ("await crm.list(**crm.find(id=1))", [(1, 18, "it is spread")]),
    "a coroutine that is matched": ("match crm.find(id=1):\n    case {'id': i}: print(i)\n    case _: pass",
                                    [(1, 7, "`match` is given it")]),
    "a coroutine of a class": ("return isinstance(crm.find(id=1), dict)", [(1, 19, "`isinstance` is given it")]),
    "a coroutine of classes": ("return isinstance(crm.find(id=1), (dict, list))", [(1, 19, "`isinstance` is given")]),
    "a coroutine in a template": ("return '{}'.format(crm.find(id=1))", [(1, 20, "it is put into text")]),
    "in a template, by name": ("return '{a}'.format(a=crm.find(id=1))", [(1, 23, "it is put into text")]),
    "a coroutine that is joined": ("return ', '.join([crm.find(id=1)])", [(1, 19, "it is put into text")]),
    "coroutines that are joined": ("return ''.join(crm.find(id=i) for i in [1])", [(1, 16, "it is put into text")]),
    "coroutines that are added up": ("return sum(crm.find(id=i) for i in [1])", [(1, 12, "`sum` is given it")]),
    "a coroutine as an argument of another call": ("await crm.create(id=crm.find(id=2))",
                                                  [(1, 21, "`crm.create` is given it without `await`: write `await")]),
    "inside of an argument": ("await crm.create(id=1, patch={'name': [crm.find(id=2)]})",
                              [(1, 40, "`crm.create` is given it")]),
    "in the dict of arguments": ("await crm.create({'id': crm.find(id=2)})", [(1, 25, "`crm.create` is given it")]),
    "as what is kept": ("await codemode.state.set('x', crm.find(id=2))", [(1, 31, "`codemode.state.set` is given it")]),
    "from a variable": ("x = crm.find(id=2)\nawait crm.create(id=x)", [(1, 5, "`crm.create` is given it in line 2")]),
    "of a function of one's own": ("async def f(): return 1\nawait crm.create(id=f())", [(2, 21, "write `await f()`")]),
    "a variable": ("x = crm.find(id=1)\n\nprint(x['a'])", [(1, 5, "in line 3 without `await`: write `x = await")]),
    "in a plain function": ("def f():\n    return len(crm.list())\nf()", [(2, 16, "in an `async def`")]),
    "a function of one's own": ("async def f(): return {}\nx = f()['a']", [(2, 5, "write `(await f())['a']`")]),
    "a function of one's own, thrown away": ("async def f(): return 1\nf()\nreturn 2", [(2, 1, "write `await f()`")]),
    "a namespace behind another name": ("await crm.create()\nreturn await server.crm.find(id=1)",
                                        [(2, 14, "a namespace stands for itself. Did you mean crm.")]),
    "a namespace behind a name, without such a tool": ("await api.crm.fnd()", [(1, 7, "there is no namespace api")]),
    "a group of methods": ("await crm.contacts.list()", [(1, 20, "no tool crm.contacts.list. Did you mean")]),
    "a misspelt variable": ("contacts = [1]\nawait crm.create()\nreturn len(contcts)",
                            [(3, 12, "contcts is not defined: did you mean contacts?")]),
    "a misspelt variable, of which a method is called": ("names = ['a']\nnaems.append('b')\nreturn names",
                                                         [(2, 1, "naems is not defined: did you mean names?")]),
    "a misspelt function": ("def load_all(): return 1\nx = laod_all()", [(2, 5, "did you mean load_all?")]),
    "a misspelt input": ("return inptu['x']", [(1, 8, "inptu is not defined: did you mean input?")]),
    "a misspelt function of Python's": ("pritn(1)", [(1, 1, "pritn is not defined: did you mean print?")]),
    "a name that is nothing": ("await crm.create()\nreturn {'a': zzz}", [(2, 14, "zzz is not defined")]),
    "in a loop over what is nothing": ("for x in itmes: print(x)", [(1, 10, "itmes is not defined")]),
    "in the first operand": ("return itmes and 1", [(1, 8, "itmes is not defined")]),
    "in a `with`": ("with itmes as f: f.write(1)", [(1, 6, "itmes is not defined")]),
    "an item of what is gathered": ("import asyncio\nrs = asyncio.gather(crm.find(id=1))\nreturn rs[0]",
                                    [(2, 6, "write `rs = await asyncio.gather(crm.find(id=1))`")]),
    "a loop over what is gathered": ("import asyncio\nfor r in asyncio.gather(crm.find(id=1)): print(r)",
                                     [(2, 10, "write `await asyncio.gather(crm.find(id=1))`")]),
    "what is gathered, in what is returned": ("import asyncio\nreturn {'a': asyncio.gather(crm.find(id=1))}",
                                              [(2, 14, "write `await asyncio.gather(")]),
    "a coroutine in a `with`": ("with crm.find(id=1) as c: print(c)", [(1, 6, "`with` is given it")]),
    "several": ("import requests\nawait crm.fnd()\nfor x in crm.list(): pass",
                [(1, 1, "requests"), (2, 11, "crm.find("), (3, 10, "looped over")]),
    "in a fence, indented": ("```python\n    await crm.fnd(id=1)\n```", [(2, 15, "crm.find(")]),
    "behind other characters": ("é = '😀'; await crm.fnd()", [(1, 20, "crm.find(")]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name: str) -> None:
    code, expected = WRONG[name]
    found = problems_in(code)
    assert [(each.line, each.column) for each in found] == [(line, column) for line, column, _ in expected], found
    for each, (_, _, words) in zip(found, expected, strict=True):
        assert words in each.message


RIGHT = [
    "1 + 1",
    "",
    "x = 1\nif x > 1:\n    y = itmes\nx",
    "x = 1\ny = itmes if x > 1 else 2\ny",
    "x = 1\nx or itmes",
    "x = 1\nx == 1 or x < itmes",
    "[itmes for x in []]",
    "[x for x in [] if itmes]",
    "for x in []: print(itmes)",
    "while False: print(itmes)",
    "def f(): return itmes\n1",
    "f = lambda: itmes\n1",
    "async def f(): return itmes\n1",
    "try:\n    x = itmes\nexcept NameError:\n    x = 1\nx",
    "if input is None: return 1\nreturn itmes",
    "if input is not None: return itmes\nreturn 1",
    "for x in [1]: pass\nelse: print(itmes)",
    "raise ValueError(1)\nprint(itmes)",
    "if input is None: raise ValueError('nothing')\nreturn itmes",
    "assert input is None\nreturn 2",
    "match 1:\n    case 2: print(itmes)",
    "x: itmes = 1\nx",
    "import io\nwith io.StringIO() as f:\n    f.write(itmes)",
    "crm.find.path",
    "import asyncio\nasyncio.gather(crm.find(id=1), crm.create(id=2))\nreturn 1",
    "from asyncio import gather\ngather(crm.find(id=1))\nreturn 1",
    "import asyncio\ng = asyncio.gather(crm.find(id=1))\nawait crm.list()\nreturn await g",
    "import asyncio\nreturn asyncio.gather(crm.find(id=1))",
    "import asyncio\nreturn [await asyncio.gather(*[crm.find(id=i) for i in ids]) for ids in [[1]]]",
    "await codemode.state.set('x', 1)\nawait codemode.state.get('x')",
    "await snippets.a.b()",
    "(await crm.find(id=1)).x.y()",
    "[n for m in [[1]] for n in m]",
    "def f(x=1, *a, **k): return x, a, k\nf()",
    "del_ = 1\nclass A:\n    n = 1\n    m = n\nA.m",
    "(y := 1) + y",
    "print(__name__, __file__, __doc__) if False else 1",
    "x = 1; exec('itmes = 1')\nitmes",
    "x = (",
    "await crm.find(id=1)",
    "crm.find(id=1)",
    "return crm.find(id=1)",
    "crm.create(id=1)\nreturn 1",
    "for i in range(3): crm.create(id=i)\nreturn 1",
    "def f(): crm.create(id=1)\nf()\nreturn 1",
    "async def load(ids):\n    return [crm.find(id=i) for i in ids]\nimport asyncio\n"
    "await asyncio.gather(*await load([1]))",
    "def both(): return {'a': crm.find(id=1)}\nx = both()\nreturn {'a': await x['a']}",
    "import asyncio\nreturn {'a': await asyncio.gather(*[crm.find(id=1)])}",
    "import asyncio\nreturn dict(zip([1], await asyncio.gather(*(crm.find(id=i) for i in [1]))))",
    "import asyncio\nreturn [await t for t in [asyncio.create_task(crm.find(id=1))]]",
    "import asyncio\nasync with asyncio.TaskGroup() as g:\n    ts = [g.create_task(crm.find(id=1))]\n"
    "return [t.result() for t in ts]",
    "x = [crm.find(id=1)]\nx[0] = await x[0]\nreturn x",
    "x = {'a': crm.find(id=1)}\nfor k in x: x[k] = await x[k]\nreturn x",
    "x = [crm.find(id=1)]\nx.append(crm.find(id=2))\nreturn [await each for each in x]",
    "x = [crm.find(id=1)]\nlen(x)",
    "x = crm.find(id=1)\nd = {**{'a': x}}\nawait d['a']",
    "def f(**kw): return kw['a']\nawait f(**{'a': crm.find(id=1)})",
    "match crm.find(id=1):\n    case c: await c",
    "match [crm.find(id=1)]:\n    case [c]: await c",
    "isinstance(crm.find(id=1), object)",
    "'{}'.format(await crm.find(id=1))",
    "', '.join([(await crm.find(id=1))['a'] for i in [1]])",
    "class Sheet:\n    def format(self, x): return x\ns = Sheet()\nawait s.format(crm.find(id=1))",
    "class Q:\n    async def put(self, x): return await x\nq = Q()\nawait q.put(crm.find(id=1))",
    "async def f(x): return await x\nawait f(x=crm.find(id=1))",
    "async def f(x): return await x['y'][0]\nawait f({'y': [crm.find(id=1)]})",
    "await crm.create(id=await crm.find(id=2))",
    "await crm.create(id=(await crm.find(id=2))['id'])",
    "await codemode.step('x', lambda: crm.find(id=1))",
    "await crm.create(f=lambda: crm.find(id=1))",
    "async def main():\n    return {'a': crm.find(id=1)}\nx = await main()\nreturn await x['a']",
    "async def main():\n    async def f(): return [crm.find(id=1)]\n    return await (await f())[0]\nawait main()",
    "x = [crm.find(id=1)]\nasync def f(): return await x[0]\nreturn await f()",
    "if False: x = [crm.find(id=1)]\nelse: x = [1]\nreturn x",
    "x = crm.find(id=1)\ny = crm.list()\nreturn [await x, await y]",
    "import asyncio\nawait asyncio.gather(crm.find(id=1), *[crm.find(id=i) for i in range(3)])",
    "import asyncio\nts = [crm.find(id=i) for i in range(3)]\nawait asyncio.gather(*ts)",
    "import asyncio\nt = asyncio.create_task(crm.find(id=1))\nx = await t\nx['a']",
    "fs = [crm.find, crm.list]\nfor f in fs: await f()",
    "try:\n    await crm.nope()\nexcept Exception:\n    pass",
    "if hasattr(crm, 'nope'):\n    await crm.nope()",
    "async def f():\n    await crm.nope()\ntry:\n    await f()\nexcept RuntimeError: pass",
    "crm = {'find': 1}\ncrm.nope()",
    "def f(crm): return crm.nope()\n1",
    "await github.anything(x=1)",
    "codemode.show(1)\n2",
    "exec('y = 1')\nz(y)",
    "def f(x: Foo) -> Bar: return x\nf(1)",
    "async def main(): return 1\nmain()",
    "async def f(): yield 1\nasync for x in f(): print(x)",
    "async def f(): return 1\nc = f()\nprint(type(c), c is None)\nawait c",
    "x = crm.find(id=1)\nd = {'a': x}\nawait d['a']",
    "print(input, input['a'] if input else None)",
    "try:\n    await crm.find(id=1)\nexcept ToolError as e:\n    print(e)",
    "await snippets.anything()",
    "print(__name__)",
    "class A:\n    async def f(self): return 1\na = A()\nawait a.f()",
]


@pytest.mark.parametrize("code", RIGHT)
def test_what_may_be_right_is_not_told(code: str) -> None:
    assert problems_in(code) == ()


RIGHT_IN_CPYTHON = [
    "from collections.abc import Awaitable\nisinstance(crm.find(id=1), Awaitable)",
    "from mine import *\nawait box.put(crm.find(id=1))",
    "import inspect\nx = crm.find(id=1)\nif inspect.isawaitable(x): x = await x\nx['a']",
    "print(crm.find.__name__.upper())",
    "import asyncio\ng = asyncio.gather(crm.find(id=1))\nawait asyncio.wait([g])\nprint(g.result()[0])",
    "import asyncio\ng = asyncio.gather(crm.find(id=1))\ng.add_done_callback(print)\nawait crm.list()",
    "from math import *\nprint(pi, contcts)",
    "import sys\nif len(sys.argv) > 5: sys.exit(0)\nprint(itmes)",
    "globals()['itmes'] = 1\nprint(itmes)",
    "import builtins\nbuiltins.itmes = 1\nprint(itmes)",
    "print(__builtins__, __spec__, __loader__, __package__) if False else 1",
    "import aiometer\nawait aiometer.run_all([crm.find(id=1)])",
]


@pytest.mark.parametrize("code", [*RIGHT, *RIGHT_IN_CPYTHON])
def test_what_may_be_right_in_cpython_is_not_told(code: str) -> None:
    facts = inspect_full(code)
    assert facts is None or problems_of(facts, CATALOG, POLICY) == ()


PROGRAMS = [(case.name, case.programs["python"]) for case in guest_programs.CASES if "python" in case.programs]


@pytest.mark.parametrize(("name", "code"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_a_program_of_the_guest_suite_is_no_false_alarm(name: str, code: str) -> None:
    case = next(each for each in guest_programs.CASES if each.name == name)
    facts = inspect(code)
    own = () if facts is None else facts.problems
    assert own == () or case.fails is not None, own


def test_near_names_keep_quiet_about_what_is_denied() -> None:
    (problem,) = problems_in("await crm.purg()")
    assert "purge" not in problem.message


def test_for_all_of_python_nothing_is_lacking() -> None:
    code = "import requests\nx = vars()\nawait crm.fnd()"
    facts = inspect_full(code)
    assert facts is not None
    assert facts.problems == ()
    assert [call.method for call in facts.calls] == ["fnd"]


@pytest.mark.parametrize("code", ["x = input('name?')", "def f():\n    return input()\nf()", "print(int(input()))"])
def test_that_nobody_can_be_asked_is_told_in_both_engines_alike(code: str) -> None:
    (small,), facts = problems_in(code), inspect_full(code)
    assert facts is not None
    (full,) = facts.problems
    assert (full.line, full.column, full.message) == (small.line, small.column, small.message)
    assert "nobody can be asked: `input` is the value that the program was given" in full.message


@pytest.mark.parametrize(
    "code",
    [
        "print(input['a'])",
        "input = lambda question: 'Ada'\ninput('name?')",
        "def f(input): return input('name?')\nf(str)",
        "from shell import input\ninput()",
        "try:\n    x = input('name?')\nexcept TypeError:\n    x = 'Ada'\nx",
    ],
)
def test_what_may_be_asked_is_not_told(code: str) -> None:
    facts = inspect_full(code)
    assert facts is not None
    assert facts.problems == ()


def test_where_everything_of_a_module_is_imported_any_name_may_be_there() -> None:
    facts = inspect_full("from math import *\nprint(sqrt(4))")
    assert facts is not None
    assert facts.free == ()


CALLED: list[int] = []


async def find(id: int) -> dict[str, Any]:
    """Find a contact."""
    CALLED.append(id)
    return {"id": id}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime([functions("crm", find)], languages=["python"]) as runtime:
        yield runtime


async def test_a_program_with_a_problem_calls_nothing(runtime: Runtime) -> None:
    result = await runtime.run("await crm.find(id=1)\nx = crm.find(id=2)['id']", language="python")
    assert result.failure is not None
    assert (result.failure.code, result.failure.line) == ("check", 2)
    assert CALLED == []


def test_fifty_lines_are_checked_within_five_milliseconds() -> None:
    line = "x{n} = await crm.find(id={n})\ny{n} = [v['n'] for v in x{n}['items'] if v.get('k') == {n}]  # of {n}\n"
    code = "import asyncio\n" + "".join(line.format(n=n) for n in range(25))
    took: list[float] = []
    for number in range(15):
        text = f"{code}# {number}"
        started = perf_counter()
        assert inspect(text) is not None
        took.append(perf_counter() - started)
        prepare(text)
    assert statistics.median(took) < 0.005 * 3  # 1.3 ms where nothing else runs
