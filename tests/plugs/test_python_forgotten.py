"""Imports that a program's author forgot."""

import ast

import pytest

from toolscript import Runtime
from toolscript.guests.python.forgotten import MODULES, imports
from toolscript.schema.names import namespace_names


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("json.dumps({})", "import json"),
        ("x = math.pi\nre.findall('a', 'b')", "import math; import re"),
        ("datetime.now()", "from datetime import datetime"),
        ("datetime.datetime.now() - datetime.timedelta(days=1)", "import datetime"),
        ("datetime.now() - datetime.timedelta(days=1)", ""),
        ("import json\njson.dumps({})", ""),
        ("from json import dumps as json\njson.x", ""),
        ("json = {}\njson.get('a')", ""),
        ("for json in []:\n    json.get('a')", ""),
        ("def f(json):\n    return json.a", ""),
        ("try:\n    pass\nexcept ValueError as json:\n    json.args", ""),
        ("match 1:\n    case json:\n        json.a", ""),
        ("print('json.dumps')", ""),
        ("from __future__ import annotations\njson.dumps({})", ""),
        ("1 + 1", ""),
    ],
)
def test_a_module_is_imported_that_can_mean_nothing_else(code: str, line: str) -> None:
    assert imports(code, ast.parse(code)) == line


def test_no_namespace_of_tools_has_the_name_of_such_a_module() -> None:
    assert not [name for name, made in namespace_names([*MODULES, "datetime"]).items() if name == made]


async def test_the_program_runs_and_fails_in_its_own_lines() -> None:
    async with Runtime() as runtime:
        assert (await runtime.run("json.loads('[1, 2]')", language="python")).value == [1, 2]
        failure = (await runtime.run("x = math.pi\n\nx / 0", language="python")).failure
    assert failure is not None
    assert (failure.name, failure.line, failure.column, failure.source) == ("ZeroDivisionError", 3, 1, "x / 0")
