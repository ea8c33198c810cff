"""Libraries that the operator allows, and all of the standard library, without a file to load them from."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.runs.program import Limits
from toolscript.testing.guest_suite import boot, play

pytestmark = [lockable, pytest.mark.timeout(120)]
ROOM = Limits(memory_bytes=256 << 20)
has_pandas = pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def plain() -> AsyncIterator[CPythonGuest]:
    guest = CPythonGuest()
    yield guest
    await guest.close()


@pytest.fixture(scope="module")
async def tables() -> AsyncIterator[CPythonGuest]:
    guest = CPythonGuest(("numpy", "pandas"))
    yield guest
    await guest.close()


EVERY = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("ignore")
gone = {"antigravity", "this", "turtle", "turtledemo", "tkinter", "idlelib", "lib2to3", "ensurepip", "test", "venv",
        "pydoc_data", "msilib", "winreg", "winsound", "nt", "_winapi", "msvcrt", "_overlapped", "readline",
        "asyncio.windows_events", "asyncio.windows_utils", "crypt", "nis", "ossaudiodev", "spwd", "idle", "pty", "tty"}
failed = {}
for name in sorted(sys.stdlib_module_names):
    if name in gone or name.startswith("_"):
        continue
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
failed
"""


async def test_every_module_of_the_standard_library_can_be_imported(plain: CPythonGuest) -> None:
    found = (await play(plain, boot(plain, EVERY, limits=ROOM))).value
    assert found == {}


LIBRARY: dict[str, tuple[str, Any]] = {
    "zones": ("import zoneinfo, datetime\n"
              "at = datetime.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))\n"
              "[at.utcoffset().total_seconds(), str(at.astimezone(zoneinfo.ZoneInfo('America/New_York')))]",
              [7200, "2026-07-01 06:00:00-04:00"]),
    "codecs": ("['ä€'.encode('cp1252'), b'\\x82\\xa0'.decode('shift_jis'), 'ö'.encode('mac_roman')]",
               [b"\xe4\x80", "あ", b"\x9a"]),
    "a database in memory": ("import sqlite3\ndb = sqlite3.connect(':memory:')\n"
                             "db.execute('create table t (a)')\ndb.execute('insert into t values (5)')\n"
                             "db.execute('select a + 1 from t').fetchone()[0]", 6),
    "an archive in memory": ("import io, zipfile\nheld = io.BytesIO()\nwith zipfile.ZipFile(held, 'w') as z:\n"
                             "    z.writestr('a.txt', 'x' * 99)\nzipfile.ZipFile(held).read('a.txt').decode()[:3]",
                             "xxx"),
    "a tree of XML": ("import xml.etree.ElementTree as ET\nET.fromstring('<a><b>1</b></a>').find('b').text", "1"),
    "classes": ("from dataclasses import dataclass, asdict\nfrom enum import Enum\nfrom typing import NamedTuple\n"
                "class Kind(Enum):\n    A = 'a'\n@dataclass\nclass P:\n    x: int\n    kind: Kind = Kind.A\n"
                "class T(NamedTuple):\n    n: int\n[P(1), asdict(P(2))['x'], T(3), Kind.A]",
                [{"x": 1, "kind": "a"}, 2, [3], "a"]),
    "generators": ("def up(n):\n    for i in range(n):\n        yield i\n[*up(3), sum(up(4)), list(map(str, up(2)))]",
                   [0, 1, 2, 6, ["0", "1"]]),
    "its own source": ("import inspect\ndef f():\n    return 1\ninspect.getsource(f)",
                       "def f():\n    return 1\n"),
    "types": ("import typing\nclass C:\n    x: 'int'\ntyping.get_type_hints(C)['x'].__name__", "int"),
    "pickles": ("import pickle\nclass P:\n    x = 1\npickle.loads(pickle.dumps(P())).x", 1),
    "logging": ("import logging\nlogging.warning('careful')\n1", 1),
    "abstract classes": ("from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n"
                         "    def f(self): ...\ntry:\n    A()\nexcept TypeError as e:\n"
                         "    r = 'abstract' in str(e)\nr", True),
    "decimals": ("from decimal import Decimal\n[Decimal('0.1') + Decimal('0.2'), Decimal('1') / 3]",
                 [0.3, "0.3333333333333333333333333333"]),
    "a star import": ("from math import *\nfloor(pi)", 3),
    "a future import": ("from __future__ import annotations\ndef f(x: Nope): return 1\nf(1)", 1),
    "annotated names": ("total: int = 0\nfor n in range(3):\n    total += n\ntotal", 3),
    "globals in functions": ("count = 0\ndef up():\n    global count\n    count += 1\nup()\nup()\n"
                             "[count, globals()['count']]", [2, 2]),
    "ten levels of closures": ("def a():\n    n = 0\n    def b():\n        nonlocal n\n        n += 1\n"
                               "        return n\n    return b\nf = a()\n[f(), f()]", [1, 2]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIBRARY)
async def test_the_standard_library_works(plain: CPythonGuest, name: str) -> None:
    code, wanted = LIBRARY[name]
    assert (await play(plain, boot(plain, code))).value == wanted


@has_pandas
async def test_arrays_and_tables_cross_as_lists_and_rows(tables: CPythonGuest) -> None:
    code = """
import numpy as np, pandas as pd
rows = [await crm.find(id=n) for n in range(4)]
frame = pd.DataFrame(rows)
frame["even"] = frame["id"] % 2 == 0
return {"rows": frame.head(2), "sums": frame.groupby("even")["id"].sum(), "array": np.arange(6).reshape(2, 3) * 1.5,
        "one": np.float64(2.5), "count": frame["id"].count(), "when": pd.Timestamp("2026-01-02T03:04:05Z"),
        "gone": [pd.NaT, pd.NA]}
"""
    found = (await play(tables, boot(tables, code, limits=ROOM))).value
    assert found["rows"] == [{"id": 0, "name": "person 0", "even": True}, {"id": 1, "name": "person 1", "even": False}]
    assert found["sums"] == [4, 2]
    assert found["array"] == [[0.0, 1.5, 3.0], [4.5, 6.0, 7.5]]
    assert (found["one"], found["count"]) == (2.5, 4)
    assert found["gone"] == [None, None]
    assert found["when"].isoformat() == "2026-01-02T03:04:05+00:00"


@has_pandas
async def test_chance_in_arrays_follows_the_seed(tables: CPythonGuest) -> None:
    code = "import numpy as np\n[np.random.rand(), np.random.default_rng().random(), np.random.randint(10**9)]"
    other = CPythonGuest(("numpy",))
    first, second = [(await play(each, boot(each, code, limits=ROOM))).value for each in (tables, other)]
    await other.close()
    assert first == second
    assert (await play(tables, boot(tables, code, seed=8, limits=ROOM))).value != first


@has_pandas
async def test_modules_that_a_library_loads_late_are_there(tables: CPythonGuest) -> None:
    code = """
import numpy as np, pandas as pd, io
table = pd.read_csv(io.StringIO("a,b\\n1,2\\n3,4"))
solved = np.linalg.solve(np.array([[2.0, 0], [0, 4]]), np.array([2.0, 4]))
months = pd.date_range("2026-01-31", periods=3, freq="ME", tz="Europe/Paris").strftime("%F %z").tolist()
pivot = table.melt().pivot_table(index="variable", values="value", aggfunc="mean").to_dict()
return [table.to_json(), solved, np.fft.fft([1, 0]).real, months, pivot, len(table.to_html()) > 10]
"""
    found = (await play(tables, boot(tables, code, limits=ROOM))).value
    assert found[0] == '{"a":{"0":1,"1":3},"b":{"0":2,"1":4}}'
    assert found[1:4] == [[1.0, 1.0], [1.0, 1.0], ["2026-01-31 +0100", "2026-02-28 +0100", "2026-03-31 +0200"]]
    assert found[4:] == [{"value": {"a": 2.0, "b": 3.0}}, True]


@has_pandas
async def test_no_path_of_this_machine_shows_in_a_library(tables: CPythonGuest) -> None:
    code = """
import numpy as np, pandas as pd, sys
found = [m.__file__ for m in sys.modules.values() if isinstance(getattr(m, "__file__", None), str)]
found += [pd.DataFrame.merge.__code__.co_filename, *np.__path__]
return [name for name in found if "/" in name][:5]
"""
    assert (await play(tables, boot(tables, code, limits=ROOM))).value == []
