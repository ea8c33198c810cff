"""The engine's own errors name what was not there."""

import pytest

from toolscript import Runtime


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("const q = {}; return q.map(x => x)", "q.map is not a function"),
        ("const q = { a: 'text' }; return q.a.forEach(async (x) => x)", "q.a.forEach is not a function"),
        ("const q = {}; return q.map(function (x) { return x })", "q.map is not a function"),
        ("const q = 'text'; return q.map((x) => x)", "q.map is not a function"),
        ("const q = {}; return Math.max(q.size(5))", "q.size is not a function"),
        ("const q = {}, f = () => 1; return q.map(f)", "q.map or f is not a function"),
        ("const q = 5; return q(1)", "q is not a function"),
    ],
)
async def test_what_is_no_function_is_named_and_not_its_argument(code: str, said: str):
    async with Runtime([]) as runtime:
        failure = (await runtime.run(code)).failure
    assert failure is not None
    assert failure.message == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "const contacts = [1]; for (const c of contacts) console.log(contcts)",
            "contcts is not defined; did you mean contacts?",
        ),
        ("function report() {} try { reprt() } catch (e) { throw e }", "reprt is not defined; did you mean report?"),
        (
            "if (1) { const inner = 2 }\nconst f = () => inner;\nreturn f()",
            "inner is not defined here; line 1 declares it in another block or function",
        ),
        ("for (const c of [1]) zzz += c", "zzz is not defined"),
        (
            "const q = {}; return await Promise.all(q)",
            "value is not iterable; `Promise.all` takes one list, as in `await Promise.all([a, b])`",
        ),
        (
            "const a = 1, b = 2; return await Promise.allSettled(a, b)",
            "value is not iterable; `Promise.allSettled` takes one list, as in `await Promise.allSettled([a, b])`",
        ),
        ("const q = {}; return await Promise.all([...q])", "value is not iterable"),
        ("const q = {}; return await Promise.all([1].map(() => [...q]))", "value is not iterable"),
        ("const q = {}; await Promise.all([]); for (const c of q) console.log(c)", "value is not iterable"),
    ],
)
async def test_a_name_and_a_list_that_were_meant_are_told(code: str, said: str):
    async with Runtime([]) as runtime:
        failure = (await runtime.run(code)).failure
    assert failure is not None
    assert failure.message == said


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("class MyErr extends Error {}\nthrow new MyErr('boom')", 2),
        ("class MyErr extends Error {\n  constructor(m) {\n    super(m);\n  }\n}\nthrow new MyErr('boom')", 6),
        ("class A extends Error {}\nclass B extends A {}\nconst f = () => {\n  throw new B('b') };\nf()", 4),
        ("const MyErr = class extends RangeError {\n  name = 'MyErr' };\nthrow new MyErr('boom')", 3),
        ("class MyErr extends Error {\n  constructor(m) { super(m.x.y) } }\nthrow new MyErr({})", 2),
        ("class A {\n  constructor() { throw new Error('no') } }\nnew A()", 2),
        ("class Errors extends Map {\n  constructor() { super(); throw new Error('no') } }\nnew Errors()", 2),
        ("throw new Error('plain')", 1),
    ],
)
async def test_an_error_of_the_program_is_told_where_it_is_made_and_not_where_its_class_stands(code: str, line: int):
    async with Runtime([]) as runtime:
        failure = (await runtime.run(code)).failure
    assert failure is not None
    assert failure.line == line
