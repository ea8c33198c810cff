"""Errors show built-in tools as programs call them."""

import pytest

from toolscript import Runtime
from toolscript.runs.complaint import complaint
from toolscript.runs.usage import usage
from toolscript.runtime.builtin import TOOLS


def test_no_built_in_tool_is_shown_with_the_object_that_its_schema_has():
    shown = [
        usage(tool) for tool in TOOLS if tool.path.method != "read_blob"
    ]  # of which the methods of a blob are made
    assert [text for text in shown if "({" in text or "state_" in text] == []


async def test_a_snippet_that_is_not_there_is_told_without_the_call_that_stands_behind_it():
    async with Runtime([]) as runtime:
        result = await runtime.run("return await snippets.nope({ a: 1 })")
    assert result.failure is not None
    assert "there is no snippet nope" in complaint(result.failure, result.calls)
    assert "codemode.run" not in complaint(result.failure, result.calls)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("await codemode.state.get()", "Expected: codemode.state.get(key)"),
        ("await codemode.sleep('x')", "Expected: codemode.sleep(seconds)"),
        ("await codemode.stepp('x')", "codemode.step(name, async () => { ... })"),
    ],
)
async def test_a_wrong_call_of_a_built_in_tool_is_told_the_right_one(code: str, said: str):
    async with Runtime([]) as runtime:
        failure = (await runtime.run(code)).failure
    assert failure is not None
    assert said in failure.message
