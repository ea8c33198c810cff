"""What a program reads of what is not there, with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

from toolscript.guests.python import native, prelude
from toolscript.runs.absent import FILES, PROCESS, WEB

_MATH = "write it with plain Python: lists, dicts, `math`, `statistics`"
_MODULES: Mapping[str, str] = {
    **dict.fromkeys(
        ("requests", "httpx", "aiohttp", "urllib3", "socket", "ssl", "http", "http.client", "urllib.request", "smtplib",
         "ftplib", "websockets", "urllib"), WEB),
    **dict.fromkeys(("shutil", "glob", "tempfile", "sqlite3", "fileinput", "zipfile", "tarfile", "pickle"), FILES),
    **dict.fromkeys(("subprocess", "multiprocessing", "signal", "platform", "argparse", "dotenv", "getpass"), PROCESS),
    **dict.fromkeys(("threading", "concurrent", "concurrent.futures", "queue"),
                    "there are no threads: run calls in parallel with `await asyncio.gather(...)`"),
    **dict.fromkeys(("numpy", "pandas", "scipy", "polars", "sklearn"), _MATH),
    "zoneinfo": "use `datetime.timezone(timedelta(hours=...))` with the offset",
    "pytz": "use `datetime.timezone(timedelta(hours=...))` with the offset",
    "dateutil": "use `datetime.fromisoformat(...)` or `datetime.strptime(...)`",
    "dateutil.parser": "use `datetime.fromisoformat(...)` or `datetime.strptime(...)`",
    "pydantic": "use plain dicts, or `@dataclass`",
    "yaml": "use `json`",
    "inspect": "test with `type(x).__name__` or `callable(x)`",
    "traceback": "use `f\"{type(e).__name__}: {e}\"`",
    "fractions": "use `decimal.Decimal`, or two integers",
    "struct": "use `int.from_bytes(...)` and `n.to_bytes(...)`",
    "ast": "use `json.loads(...)`",
    "gzip": "keep the text as it is", "zlib": "keep the bytes as they are",
    "xml": "take it apart with `re`", "xml.etree.ElementTree": "take it apart with `re`",
    "bs4": "take it apart with `re`",
    "rich": "use `print(...)`", "tqdm": "use `print(...)`", "tabulate": "use f-strings",
    "tenacity": "write a `for` loop with `try`",
}  # fmt: skip
_MEMBERS: Mapping[str, str] = {
    "sys.exit": "end with `return value`, or raise an exception",
    "sys.stdin": "read `input`", "sys.getsizeof": "use `len(...)`",
    "os.listdir": FILES, "os.walk": FILES, "os.makedirs": FILES, "os.remove": FILES, "os.path.exists": FILES,
    "os.system": PROCESS, "os.getcwd": FILES, "os.getpid": PROCESS,
    "asyncio.to_thread": "call the function itself: `await` it if it is async",
    "asyncio.get_event_loop": "write `await` at the top level of the program",
    "asyncio.get_running_loop": "use `asyncio.create_task(...)`",
    "asyncio.new_event_loop": "write `await` at the top level of the program",
    "asyncio.timeout": "use `await asyncio.wait_for(..., timeout=seconds)`",
    "asyncio.Runner": "write `await` at the top level of the program",
    "time.struct_time": "use `datetime`",
    "dataclasses.make_dataclass": "write the class out with `@dataclass`",
    "functools.singledispatch": "use `if isinstance(...)`",
    "functools.total_ordering": "sort with `key=`",
    "functools.cached_property": "compute it in `__init__`",
    "collections.UserDict": "use a class that holds a dict", "collections.UserList": "use a class that holds a list",
    "typing.get_type_hints": "name the fields yourself",
    "contextlib.contextmanager": "use a class with `__enter__` and `__exit__`, or `try`/`finally`",
    "contextlib.asynccontextmanager": "use a class with `__aenter__` and `__aexit__`, or `try`/`finally`",
    "contextlib.ExitStack": "nest `with` statements",
    "pathlib.PurePath": "use `Path`", "pathlib.PurePosixPath": "use `Path`",
    "random.SystemRandom": "use `random.Random()`",
}  # fmt: skip


NOBODY_ASKED = "nobody can be asked: `input` is the value that the program was given"
_WORTH_NAMING = (
    "asyncio, collections, csv, datetime, decimal, functools, hashlib, itertools, json, math, random, re, statistics, "
    "textwrap, urllib.parse, uuid"
)


def no_module(module: str) -> str:
    """That a module cannot be imported."""
    known = _MODULES.get(module) or _MODULES.get(module.partition(".")[0])
    if known is None:
        known = f"write plain Python, call a tool, or use one of: {_WORTH_NAMING}"
    return f"there is no module `{module}` here: {known}"


def no_member(module: str, name: str) -> str:
    """That a module has no such member here."""
    instead = _MEMBERS.get(f"{module}.{name}")
    if instead is None:
        have = sorted(native.MODULES.get(module, frozenset[str]()) | prelude.MODULES.get(module, frozenset[str]()))
        near = [each for each in have if each.casefold()[:3] == name.casefold()[:3]] or have
        instead = f"it has {', '.join(near[:8])}" + (" …" if len(near) > 8 else "")  # noqa: PLR2004 - names in a line
    return f"`{module}.{name}` is not there: {instead}"


BUILTINS: Mapping[str, str] = {
    "open": FILES,
    "vars": "name the attributes: `{\"x\": o.x}`", "dir": "name the attributes", "globals": "use a dict of your own",
    "compile": "use `re.compile(...)`, or write the code out",
    "__import__": "write `import` at the top", "bytearray": "collect `bytes` in a list and join: `b\"\".join(parts)`",
    "memoryview": "slice the `bytes`", "delattr": "set the attribute to None",
    "issubclass": "use `isinstance(value, Class)`",
    "exit": "end with `return value`", "quit": "end with `return value`",
    "breakpoint": "use `print(...)`", "help": "use `await codemode.describe(\"namespace.method\")`",
    "aiter": "use `async for`", "anext": "use `async for`",
    "classmethod": "use it as a decorator", "staticmethod": "use it as a decorator",
    "property": "use it as a decorator",
    "super": "call the base class: `Base.method(self, ...)`",
}  # fmt: skip
