"""What models write becomes a script that the engine runs, and its errors lead back to the author's text."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolscript.codec import decode, encode
from toolscript.errors import Failure, GuestError
from toolscript.guests.javascript import grammar, typescript_strip
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.javascript.source import prepare
from toolscript.runs.program import Boot, Program
from toolscript.runs.turn import Crashed, Finished

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "cases" / "source.json").read_text())["cases"]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


async def outcome_of(guest: JavaScriptGuest, code: str, value: Any = None) -> Any:
    session = await guest.start(Boot(program=Program(code=code, input=encode(value))))
    try:
        turn = await session.advance((), 0)
    finally:
        await session.close()
    match turn.outcome:
        case Finished(value):
            return decode(value)
        case Crashed(failure):
            return failure
        case None:
            raise AssertionError("the program did not end")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_a_program_as_models_write_it(case: dict[str, Any], guest: JavaScriptGuest) -> None:
    outcome = await outcome_of(guest, case["code"], case.get("input"))
    if "error" not in case:
        assert outcome == case["value"], prepare(case["code"]).script
        return
    expected = case["error"]
    assert isinstance(outcome, Failure)
    assert expected["message"] in outcome.message
    assert outcome.line == expected["line"]
    assert outcome.column == expected.get("column", outcome.column)
    assert outcome.source == case["code"].split("\n")[expected["line"] - 1]


GAPS = st.sampled_from(["", " ", "\n", "  \n\t", "/* é */", "/* a\nb */ ", "// 😀\n", "\r\n"])


@given(gaps=st.lists(GAPS, min_size=12, max_size=12))
@settings(max_examples=150, deadline=None)
def test_types_leave_every_other_character_where_it_stands(gaps: list[str]) -> None:
    words = ["const a: Map<string, number[]> = x as any;", "f<T>(a!);", "interface A { b: string }", "let y = <T>z;"]
    code = "".join(gap + word for gap, word in zip(gaps, words * 3, strict=True)) + "\nreturn 1"
    script = prepare(code).script.split("\n")
    assert len(script) == len(code.split("\n")) + 2
    for written, author in zip(script[1:], code.split("\n"), strict=False):
        assert len(written.encode()) == len(author.encode())
        kept = zip(written.encode(), author.encode(), strict=True)
        assert all(now in (before, *b" ;()") for now, before in kept)


@given(before=st.lists(GAPS, max_size=4), name=st.sampled_from(["here", "größe", "x😀"[:1]]))
@settings(max_examples=100, deadline=None)
def test_a_position_leads_back_to_the_author(before: list[str], name: str) -> None:
    lead = "".join(before)
    code = f"const q: string = 'é';{lead}enum E {{ A, B = 4 }} {name}"
    prepared = prepare(code)
    row, line = next((n, text) for n, text in enumerate(prepared.script.split("\n"), 1) if text.endswith(name))
    column = len(line[: -len(name)].encode()) + 1
    lines = code.split("\n")
    assert prepared.locate(row, column) == (len(lines), len(lines[-1]) - len(name) + 1)


def test_a_position_in_the_wrapper_is_none_of_the_authors() -> None:
    prepared = prepare("async function main() {\n}")
    assert prepared.locate(1, 5) is None
    assert prepared.locate(4, 3) is None
    assert prepared.locate(0, 1) is None
    assert prepared.locate(2, 1) == (1, 1)


@given(values=st.lists(st.integers(-1000, 1000), min_size=1, max_size=4), kind=st.sampled_from(["as", "satisfies"]))
@settings(max_examples=20, deadline=None)
def test_types_never_change_the_text_of_the_rest(values: list[int], kind: str) -> None:
    plain = "".join(f"const v{n} = {value};\n" for n, value in enumerate(values)) + "[v0]"
    typed = "".join(f"const v{n}: number = {value} {kind} number;\n" for n, value in enumerate(values)) + "[v0!]"
    assert "".join(prepare(typed).script.split()) == "".join(prepare(plain).script.split())


HOSTILE = {
    "round brackets": "(" * 100_000,
    "square brackets": "[" * 100_000,
    "braces": "{" * 100_000,
    "closed brackets": "[" * 50_000 + "]" * 50_000,
    "templates": "`${" * 30_000,
    "generics": "a<b," * 25_000,
    "comparisons": "a<" * 50_000,
    "arrows": "a=>" * 30_000,
    "sums": "1+" * 100_000 + "1",
    "non-nulls": "a" + "!" * 100_000,
    "casts": "1" + " as a" * 20_000,
    "casts and calls": "x as T\n(" * 20_000,
    "quotes": "'" * 100_001,
    "backticks": "`" * 100_001,
    "fences": "```\n" * 25_000,
    "fences in comments": "x\n```\n/*\n" * 10_000,
    "prose": "hello there is a thing. " * 4_000,
    "functions": "function f(){" * 20_000,
    "decorators": "@a " * 20_000,
    "backslashes": "\\" * 100_000,
    "elements": "<a>" * 20_000 + "</a>",
    "lone surrogates": "'\ud800'; " * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_within_a_second_or_so(name: str) -> None:
    prepare("1")
    began = time.process_time()
    with suppress(GuestError):
        prepare(HOSTILE[name])
    assert time.process_time() - began < 2  # a second, and as much again for a busy machine


async def test_deep_nesting_ends_in_an_error_of_the_program(guest: JavaScriptGuest) -> None:
    for code in ("(" * 20_000 + "1" + ")" * 20_000, "!" * 50_000 + "1", "[" * 50_000 + "]" * 50_000):
        assert isinstance(await outcome_of(guest, code), Failure)


async def test_code_cannot_leave_its_function(guest: JavaScriptGuest) -> None:
    for code in ("}}); escaped = 1; ({{", "}}))(); (async () => {{", "`${}}`}}); ({{", "/[/]}})/ }}) /*"):
        outcome = await outcome_of(guest, code)
        assert isinstance(outcome, Failure), code
        assert outcome.code == "syntax", code


async def test_an_old_comment_hides_nothing_of_the_wrapper(guest: JavaScriptGuest) -> None:
    assert await outcome_of(guest, "1\n--> }}) escaped = 1; ({{") == 1


async def test_a_lone_surrogate_survives(guest: JavaScriptGuest) -> None:
    assert await outcome_of(guest, "'\ud83d'.length + 'é'.length") == 2


def test_a_small_program_costs_next_to_nothing() -> None:
    prepare("1+1")
    took = min(_seconds(lambda: prepare("1+1")) for _ in range(200))
    assert took < 0.000_5  # measured: 0.008 ms


def _seconds(act: Any) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


_PIECES = sorted({piece for case in CASES for piece in (case["code"], *case["code"].split("\n"))})
_MARKS = [
    "let x!: number",
    "let x! = 1",
    "class A { b?; c!: d; e?() {} }",
    "(a?, b?: c) => 1",
    "a ? !b : c",
    "x!",
    ";",
    "{",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*_PIECES, *_MARKS]), min_size=1, max_size=3).map("\n".join), st.data())
def test_a_text_without_the_kinds_of_typescript_holds_nothing_to_strip(code: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(code)))
    for text in (code, code[:cut], code[cut:]):
        root = grammar.parse(text.encode("utf-8", "replace")).root_node
        if typescript_strip._ABOUT.isdisjoint(grammar.kinds(root)):
            assert grammar.captures(typescript_strip._QUERY, root) == {}


def test_plain_programs_are_prepared_without_compiling_queries() -> None:
    program = """
        from toolscript.guests.javascript import grammar
        from toolscript.guests.javascript.source import prepare
        for code in ("return await shop.find({ a: b ? !c : 1 })", "const xs = [1, 2]; xs.length", "1 + 1"):
            prepare(code)
        assert not grammar._compiled, grammar._compiled
        prepare("const x: number = 1; x")
        assert grammar._compiled
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
