"""What the Python engine lacks is made up for exactly, or told before anything runs, with what to write instead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from toolscript import Runtime, functions
from toolscript.errors import GuestError
from toolscript.guests.python.gaps_text import GAPS_TEXT
from toolscript.guests.python.source import lacks_of, prepare, read
from toolscript.tokens import estimate

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


LACKING: dict[str, tuple[str, int, int, str]] = {
    "an unknown module": ("x = 1\nimport requests", 2, 1, "call a tool"),
    "a member of a module": ("import sys\nsys.exit(1)", 2, 1, "`return value`"),
    "an imported member": ("from collections import UserDict", 1, 1, "holds a dict"),
    "everything of a module": ("from math import *", 1, 1, "name what you import"),
    "a package of one's own": ("from . import x", 1, 1, "one text"),
    "del of what is read later": ("x = 1\ndel x\nprint(x)", 2, 1, "`x = None`"),
    "del of an attribute": ("class A: pass\na = A()\ndel a.x", 3, 1, "`a.x = None`"),
    "except*": ("try:\n    pass\nexcept* ValueError:\n    pass", 1, 1, "`except`"),
    "a generator that never ends": ("def f():\n    while True:\n        yield 1", 3, 9, "collect the items"),
    "a generator with effects": ("out = []\ndef f():\n    out.append(1)\n    yield 1", 4, 5, "collect the items"),
    "a generator that takes values in": ("def f():\n    x = yield 1", 2, 9, "takes values in"),
    "two base classes": ("class A: pass\nclass B: pass\nclass C(A, B): pass", 3, 1, "hold a `A` as an attribute"),
    "a base class that is built in": ("class A(dict): pass", 1, 1, "hold it as an attribute"),
    "a metaclass": ("class A(metaclass=M): pass", 1, 1, "metaclasses"),
    "an exception with attributes": ("class A(Exception):\n    x = 1", 1, 1, "raise ValueError"),
    "a comparison": ("class A:\n    def __lt__(self, o): return True", 1, 1, "`key=`"),
    "a truth of its own": ("class A:\n    def __bool__(self): return False", 1, 1, "call a method in the condition"),
    "a timeout around a block": ("import asyncio\nasync with asyncio.timeout(1): pass", 2, 12, "asyncio.wait_for"),
    "a setter": ("class A:\n @property\n def x(self): return 1\n @x.setter\n def x(self, v): pass", 4, 3, "set_x"),
    "a text enumeration": ("from enum import StrEnum\nclass A(StrEnum):\n    B = 'b'", 2, 1, "constants"),
    "files": ("open('x')", 1, 1, "no files"),
    "vars": ("vars()", 1, 1, "name the attributes"),
    "input()": ("input('name?')", 1, 1, "was given"),
    "an attribute of a function": ("def f(): pass\nf.x = 1", 2, 1, "a dict"),
    "an exception of several values": ("raise ValueError('a', 1)", 1, 7, "one f-string"),
    "an exception that is not there": ("raise ConnectionError('x')", 1, 7, "`OSError`"),
    "await in a plain function": ("def f():\n    return await crm.find(id=1)", 2, 12, "`async def f`"),
    "a generator expression without an end": ("import itertools\nnext(x for x in itertools.count())", 2, 5, "`while`"),
    "an ordered dataclass": ("import dataclasses as d\n@d.dataclass(order=True)\nclass A: x: int", 2, 20, "`key=`"),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
async def test_what_is_lacking_is_told_before_a_call(name: str, runtime: Runtime) -> None:
    code, line, column, words = LACKING[name]
    CALLED.clear()
    failure = (await runtime.run(f"await crm.find(id=1)\n{code}", language="python")).failure
    assert failure is not None
    assert failure.code == "check"
    assert words in str(failure)
    assert CALLED == []
    (first, *_) = lacks_of(read(code))
    assert (first.line, first.column) == (line, column) or name == "a text enumeration"


WORDS: dict[str, tuple[str, str]] = {
    "moments with and without a zone": (
        "from datetime import datetime, timezone\ndatetime.now() < datetime.now(timezone.utc)",
        "with and without a time zone",
    ),
    "a span between such moments": (
        "from datetime import datetime, timezone\ndatetime.now() - datetime.now(timezone.utc)",
        "with and without a time zone",
    ),
    "a sum of moments": ("from datetime import datetime\ndatetime.now() + datetime.now()", "for +: "),
    "a call within `map`": ("list(map(lambda id: crm.find(id=id), [1]))", "write a comprehension"),
    "an item as an attribute": ("(await crm.find(id=1)).name", '`["name"]`'),
    "another language": ("const x = 1;", "looks like JavaScript"),
    "a mistake in this one": ("x = = 1", "invalid syntax"),
}


@pytest.mark.parametrize("name", WORDS)
async def test_a_failure_says_what_to_write_instead(name: str, runtime: Runtime) -> None:
    code, words = WORDS[name]
    failure = (await runtime.run(code, language="python")).failure
    assert failure is not None
    assert words in failure.message
    assert ("JavaScript" in failure.message) == (name == "another language")


@pytest.mark.parametrize(
    "code",
    ["p = crm.find(id=1)\nreturn p['id']", "async def get(): return await crm.find(id=1)\np = get()\nprint(p['id'])"],
)
async def test_a_forgotten_await_is_told_once(code: str, runtime: Runtime) -> None:
    failure = (await runtime.run(code, language="python")).failure
    assert failure is not None
    assert "problems" not in failure.message
    assert "write `p = await" in failure.message


ASKED = """
found = []
for work in (crm.find, crm.other):
    try:
        await work(id="x")
    except Exception as e:
        found.append([hasattr(e, "code"), getattr(e, "code", None), getattr(e, "content", "?"), getattr(e, "x", 0)])
try:
    {}["a"]
except Exception as e:
    found.append([hasattr(e, "code"), getattr(e, "code", None)])
    try:
        getattr(e, "code")
    except AttributeError as missing:
        found.append(str(missing))
return found
"""


async def test_the_code_of_a_failed_call_can_be_asked_for_by_name(runtime: Runtime) -> None:
    assert (await runtime.run(ASKED, language="python")).value == [
        [True, "bad_arguments", None, 0],
        [True, "unknown_tool", None, 0],
        [False, None],
        "'KeyError' object has no attribute 'code'",
    ]


def test_all_that_is_lacking_is_told_at_once() -> None:
    code = "import requests\nx = vars()\n\nclass A(dict): pass\n"
    with pytest.raises(GuestError, match="3 problems") as caught:
        prepare(code)
    assert "line 1" in str(caught.value)
    assert "line 4" in str(caught.value)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import requests\nexcept ImportError:\n    requests = None\nrequests is None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests\n1",
        "x = {'get': 1}\nx.get('get')",
        "def vars(): return 1\nvars()",
        "class Cart:\n    def __init__(self): self.items = []\nCart().items",
        "import asyncio\nawait asyncio.gather(crm.find(id=1))",
        "open = 5\nopen + 1",
        "for x in [1]:\n    del x",
    ],
)
def test_what_works_is_not_told(code: str) -> None:
    assert lacks_of(read(code)) == ()


LOOKALIKES = {
    "a tool that is called like a method of text": "await crm.translate(text='x')",
    "a tool that is called like a module's function": "await crm.sub(a=1)",
    "a tool as a value": "fs = [crm.get]",
    "a variable that is called like a module": "statistics = {'mean': 1}\nstatistics['mean']",
    "an argument that is called like a built-in function": "def f(round): return round(1, 2)",
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_what_only_looks_like_a_gap_stays_as_it_is(name: str) -> None:
    script = prepare(LOOKALIKES[name]).script
    assert "_ts_" not in script


def test_the_text_about_gaps_is_short() -> None:
    assert estimate(GAPS_TEXT) <= 120
