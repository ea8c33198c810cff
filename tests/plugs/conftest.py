"""The type checkers, one of each language for the tests of a module."""

from collections.abc import Iterator

import pytest
from typed_tools import Checked, installed_tsc

from toolscript.guests.javascript.type_check import TypeScriptChecker


@pytest.fixture(scope="module")
def typescript() -> Iterator[Checked]:
    checker = TypeScriptChecker(installed_tsc())
    yield Checked("typescript", checker)
    checker.close()


@pytest.fixture(scope="module")
def python() -> Iterator[Checked]:
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    from toolscript.guests.python.type_check import PythonTypeChecker

    checker = PythonTypeChecker()
    yield Checked("python", checker)
    checker.close()
