"""The engine's own errors name what was not there."""

import pytest

from toolscript import Runtime


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("const q = {}; return q.map(x => x)", "q.map is not a function"),
        ("const q = { a: 'text' }; return q.a.filter(async (x) => x)", "q.a.filter is not a function"),
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
