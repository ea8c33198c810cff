"""Built-in tools are shown as programs call them, in errors and in what `describe` says of `codemode`."""

import pytest

from toolscript import Runtime
from toolscript.runs.complaint import complaint
from toolscript.runs.program import Language
from toolscript.runs.usage import manual, usage
from toolscript.runtime.builtin import TOOLS
from toolscript.schema.syntax import Syntax
from toolscript.tokens import estimate

IN_TYPESCRIPT = """
const found = await codemode.search("x", { limit: 1, offset: 0, namespace: "crm" });
const text = await codemode.describe(["codemode.search"]);
await codemode.show("seen"); await codemode.sleep(0);
const step = await codemode.step("load", async () => 7);
await codemode.state.set("k", 1);
const kept = [await codemode.state.get("k"), await codemode.state.keys(), await codemode.state.delete("k")];
return [Object.keys(found).sort(), text.slice(0, 15), step, kept, typeof codemode.pages, typeof codemode.run]"""
IN_PYTHON = """
found = await codemode.search("x", limit=1, offset=0, namespace="crm")
text = await codemode.describe(["codemode.search"])
await codemode.show("seen")
await codemode.sleep(0)
async def load():
    return 7
step = await codemode.step("load", load)
await codemode.state.set("k", 1)
kept = [await codemode.state.get("k"), await codemode.state.keys(), await codemode.state.delete("k")]
return [sorted(found), text[:15], step, kept, "function", "function"]"""


def test_no_built_in_tool_is_shown_with_the_object_that_its_schema_has():
    shown = [
        usage(tool) for tool in TOOLS if tool.path.method != "read_blob"
    ]  # of which the methods of a blob are made
    assert [text for text in shown if "({" in text or "state_" in text] == []


@pytest.mark.parametrize("syntax", ["typescript", "python"])
def test_the_manual_has_every_method_and_fits_a_small_budget(syntax: Syntax):
    said = manual(TOOLS, syntax)
    whole = said["codemode"]
    assert [tool for tool in TOOLS if usage(tool, syntax) not in whole] == [
        tool for tool in TOOLS if tool.path.method == "read_blob"
    ]
    assert all(text in whole for text in said.values())
    assert "state_" not in whole
    assert estimate(whole) < 400


@pytest.mark.parametrize(("language", "code"), [("typescript", IN_TYPESCRIPT), ("python", IN_PYTHON)])
async def test_what_the_manual_says_can_be_called(language: Language, code: str):
    async with Runtime([], languages=("typescript", "python")) as runtime:
        result = await runtime.run(code, language=language)
    assert result.ok, result.failure
    keys = ["hits", "note", "total", "weak"]
    assert result.value == [keys, "codemode.search", 7, [1, ["k"], True], "function", "function"]


async def test_codemode_is_described_like_a_namespace():
    async with Runtime([]) as runtime:
        whole = await runtime.describe(["codemode"])
        assert whole.startswith("codemode: what every program has beside its tools")
        assert "codemode.step(name, async () => { ... })" in whole
        assert "save_snippet" not in whole
        assert await runtime.describe(["codemode.read_blob"]) == whole
        assert await runtime.describe(["codemode.state.get"]) == manual(TOOLS, "typescript")["codemode.state.get"]
        assert "codemode.step(name, function)" in await runtime.describe(["codemode"], language="python")
        assert estimate(await runtime.describe(["codemode"], budget_tokens=100)) <= 100
        assert "There is no 'codemodes'" in await runtime.describe(["codemodes"])
    async with Runtime([], snippets_by="model") as runtime:
        assert "codemode.save_snippet({ name: string" in await runtime.describe(["codemode"])


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
