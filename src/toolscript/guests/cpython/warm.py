"""What a program may import, loaded before any program runs: later there are no files to load it from.

1. What most programs import is imported, and so is every extension module, because only the system can load those.
2. Of all else that is written in Python the code is kept in memory, and imported when a program asks for it.
3. Where modules come from on this machine is nobody's business: paths are replaced by the modules' own names.
"""

from __future__ import annotations

import _imp
import gc
import importlib
import importlib.machinery
import importlib.util
import io
import marshal
import os
import sys
import sysconfig
import types
import zoneinfo
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from toolscript.guests.cpython.inside.script import script_of

_COMMON = (
    "abc argparse array ast asyncio base64 bisect builtins calendar cmath codecs collections collections.abc colorsys "
    "concurrent.futures configparser contextlib contextvars copy copyreg csv ctypes dataclasses datetime decimal "
    "difflib dis email email.message email.mime.text email.mime.multipart email.utils enum errno fnmatch fractions "
    "functools gc getpass gettext glob gzip hashlib heapq hmac html html.parser http http.client importlib inspect io "
    "ipaddress itertools json keyword linecache locale logging logging.config math mimetypes multiprocessing numbers "
    "operator os pathlib pickle pkgutil platform pprint queue quopri random re reprlib sched secrets select selectors "
    "shlex shutil signal socket sqlite3 ssl stat statistics string stringprep struct subprocess sys tarfile tempfile "
    "textwrap threading time timeit token tokenize tomllib traceback types typing unicodedata unittest unittest.mock "
    "urllib.error urllib.parse urllib.request urllib.robotparser uuid warnings weakref xml.dom.minidom "
    "xml.etree.ElementTree zipfile zlib zoneinfo encodings.idna encodings.latin_1 encodings.cp1252 encodings.utf_16 "
    "encodings.ascii encodings.utf_8_sig _strptime _pydatetime _pydecimal "
)
_LEFT_OUT = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "ensurepip", "turtledemo", "tkinter",
     "__pycache__", "lib-dynload", "venv", "pydoc_data")
)  # fmt: skip
_NEVER = frozenset(("antigravity", "this", "turtle", "idle", "__phello__"))
_EXAMPLE = """
async def main(count: int = 1):
    return [await crm.find(id=number) for number in range(count)]
await main()
"""
_MAGIC_BYTES = 16  # of a `.pyc`: magic, flags, time, size


def warm(libraries: Sequence[str]) -> None:
    """Load all that programs may import, and forget where it came from."""
    memory = _Memory()
    memory.add_tree(Path(sysconfig.get_path("stdlib")), "")
    for name in libraries:
        importlib.import_module(name)
        memory.add_library(name)
    for name in _COMMON.split():
        with suppress(ImportError):
            importlib.import_module(name)
    for name in _extensions(Path(sysconfig.get_config_var("DESTSHARED") or "")):
        with suppress(ImportError):
            importlib.import_module(name)
    _keep_time_zones()
    rehearse()
    _forget_places(memory)


def rehearse() -> None:
    """Understand a small program, so that the memory along its way is a process's own before its program is there."""
    script_of(_EXAMPLE, "<example>")


class _Memory:
    """Imports from code that is kept in memory."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[bytes, bool, bool]] = {}  # by name: the code, whether compiled, whether a package

    def add_tree(self, root: Path, prefix: str) -> None:
        """Keep all modules under a folder; `prefix` is the package that it is, with a dot."""
        for folder, names, files in os.walk(root):
            names[:] = [name for name in names if name not in _LEFT_OUT and name.isidentifier()]
            within = Path(folder).relative_to(root).parts
            package = prefix + "".join(f"{part}." for part in within)
            for file in files:
                stem, ending = os.path.splitext(file)
                if ending == ".py" and stem not in _NEVER:
                    name = package[:-1] if stem == "__init__" else package + stem
                    if name:
                        self._code[name] = (*_read(Path(folder, file)), stem == "__init__")

    def add_library(self, name: str) -> None:
        """Keep all of a library that was imported, and load its extension modules."""
        origin = getattr(sys.modules[name], "__file__", None) or ""
        root = Path(origin).parent
        if Path(origin).name != "__init__.py":
            return
        self.add_tree(root, f"{name}.")
        for path in root.rglob("*.so"):
            parts = path.relative_to(root).parts
            if not _LEFT_OUT.intersection(parts) and "test" not in path.name:
                with suppress(ImportError, AttributeError):
                    importlib.import_module(".".join((name, *parts[:-1], path.name.partition(".")[0])))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = self._code.get(fullname)
        if found is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, cast("Any", self), is_package=found[2])

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        code, is_compiled, _ = self._code[module.__name__]
        place = f"<{module.__name__}>"
        compiled = marshal.loads(code) if is_compiled else compile(code, place, "exec", dont_inherit=True)  # noqa: S302
        cast("Any", _imp)._fix_co_filename(compiled, place)
        exec(compiled, vars(module))  # noqa: S102 - this is what an importer does

    def get_source(self, fullname: str) -> str | None:
        return None


def _read(path: Path) -> tuple[bytes, bool]:
    """A module's compiled code as Python keeps it beside the source, if it is up to date; else its source."""
    with suppress(OSError, NotImplementedError):
        compiled = Path(importlib.util.cache_from_source(str(path))).read_bytes()
        changed = int(path.stat().st_mtime) & 0xFFFFFFFF
        fresh = compiled[8:12] == changed.to_bytes(4, "little") and compiled[4:8] == bytes(4)
        if compiled[:4] == importlib.util.MAGIC_NUMBER and fresh:
            return compiled[_MAGIC_BYTES:], True
    return path.read_bytes(), False


def _extensions(folder: Path) -> Iterator[str]:
    """The standard library's extension modules, without those that only test the interpreter."""
    if folder.is_dir():
        for path in sorted(folder.glob("*.so")):
            name = path.name.partition(".")[0]
            if "test" not in name and name not in ("_tkinter", "readline"):
                yield name


def _keep_time_zones() -> None:
    """Read the time zones of the machine, or else of `tzdata`, into memory."""
    kept: dict[str, bytes] = {}
    for name in zoneinfo.available_timezones():
        found = cast("Any", zoneinfo)._tzpath.find_tzfile(name)
        with suppress(OSError, ImportError, zoneinfo.ZoneInfoNotFoundError):
            if found:
                kept[name] = Path(found).read_bytes()
            else:
                with cast("Any", zoneinfo)._common.load_tzdata(name) as file:
                    kept[name] = file.read()

    def load(name: str) -> io.BytesIO:
        if name not in kept:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {name}")
        return io.BytesIO(kept[name])

    names = set(kept)
    parts = cast("Any", zoneinfo)
    parts._tzpath.find_tzfile = _nowhere
    parts._common.load_tzdata = load
    parts.available_timezones = parts._tzpath.available_timezones = lambda: set(names)


def _nowhere(name: str) -> None:
    """Where the file of a time zone is: in memory."""


def _forget_places(memory: _Memory) -> None:
    """No module, no function and no list of `sys` says where it lies on this machine."""
    for function in gc.get_objects():
        if isinstance(function, types.FunctionType):
            name = f"<{function.__module__}>"
            cast("Any", _imp)._fix_co_filename(function.__code__, name)
    for name, module in list(sys.modules.items()):
        members = vars(module)
        for member in ("__file__", "__cached__"):
            if isinstance(members.get(member), str):
                members[member] = f"<{name}>"
        if isinstance(members.get("__path__"), list):
            members["__path__"] = []
        spec = members.get("__spec__")
        if isinstance(spec, importlib.machinery.ModuleSpec) and spec.origin not in ("built-in", "frozen"):
            spec.origin, spec.loader = f"<{name}>", None
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations = []
    for name in [name for name in sys.modules if name.partition(".")[0] == "toolscript"]:
        del sys.modules[name]  # what runs is kept by its functions; nothing is left to import
    system = cast("Any", sys)
    system.path, system.argv, system.orig_argv, system.path_hooks = [], ["program"], [], []
    for name in ("executable", "prefix", "base_prefix", "exec_prefix", "base_exec_prefix", "_base_executable", "_home"):
        setattr(system, name, "")
    system._stdlib_dir = None
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, cast("Any", memory)]
    os.environ.clear()
