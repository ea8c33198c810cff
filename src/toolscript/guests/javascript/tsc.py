"""The checker of TypeScript: the native `tsc` (version 7 and later) as a process of its own, spoken to over LSP.

1. It is found, never fetched: where the settings say, in the package `toolscript-typecheck`, or on PATH.
2. It reads one text at a time, from memory: no file but its own declarations of the language and a settings file.
3. A text is untrusted: the process has no environment, a soft limit of memory, limits of the system where there are
   such, and is killed when a check takes longer than two seconds, or when it has grown.
4. A text that takes long holds up no others: as soon as they wait, it is taken to a second process, where such texts
   stand in line, and those who waited are asked of a new one. A text that took its two seconds is not tried again.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolscript.guests.hardness import Hardness

OLDEST = 7  # the first native version: the ones before it need Node and 0.7 s
SLICE_S = 0.1  # after which a text gives way to others that wait
FIRST_SLICE_S = 0.2  # the same, where the process is started for it
_LOOK_S = 0.02
MAX_SLOW = 4  # texts that stand in line for the second process
WALL_S = 2.0  # a check takes 2 ms, the first one 40; type bombs take for ever
MAX_RESIDENT_BYTES = 300 << 20  # 37 MB after a hundred checks
MAX_CHECKS = 2_000  # then a new process takes its place, at the cost of one first check
PACKAGE = "toolscript_typecheck"
_GO_LIMIT = "256MiB"  # the collector works harder from here on; it is no hard limit
_CPU_S = 120
_SETTINGS = {
    "compilerOptions": {
        "noEmit": True,
        "strict": True,
        "noImplicitThis": False,
        "useUnknownInCatchVariables": False,
        "strictPropertyInitialization": False,
        "target": "es2023",
        "lib": ["esnext"],
        "types": [],
        "noResolve": True,
        "skipLibCheck": True,
        "allowUnreachableCode": True,
        "allowUnusedLabels": True,
        "moduleDetection": "force",
    },
    "files": ["program.ts"],
    "typeAcquisition": {"enable": False},
}
_VERSION = re.compile(r"Version (\d+)\.\d+\.\d+")
_STATED = re.compile(r"\d+\.\d+\.\d+")
_HEADER = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_MAX_MESSAGE = 16 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What the checker says of a place; `line` counts from 0, `column` from 0 in UTF-16 units."""

    line: int
    column: int
    code: int
    message: str


def find_tsc(given: Path | None = None) -> Path | None:
    """The native checker on this machine; None where there is none."""
    if given is not None:
        return given if _is_native(given) else None
    spec = importlib.util.find_spec(PACKAGE)
    folders = [] if spec is None else [Path(each) for each in spec.submodule_search_locations or ()]
    candidates = [folder / "lib" / _executable() for folder in folders]
    on_path = shutil.which("tsc")
    if on_path is not None:
        candidates += _native_of(Path(on_path))
    return next((path for path in candidates if _is_native(path)), None)


def version_of(tsc: Path) -> str:
    """What the checker says of itself, such as `7.0.2`; empty where it does not start."""
    try:
        said = subprocess.run(  # noqa: S603 - the operator's own program
            [str(tsc), "--version"], capture_output=True, timeout=5, env=_bare(), check=False, stdin=subprocess.DEVNULL
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return ""
    found = _VERSION.search(said)
    return found[0].removeprefix("Version ") if found else ""


def _bare() -> dict[str, str]:
    """The environment without which no process starts: empty but on Windows."""
    return {"SYSTEMROOT": os.environ.get("SYSTEMROOT", "")} if sys.platform == "win32" else {}


def _executable() -> str:
    return "tsc.exe" if sys.platform == "win32" else "tsc"


def _is_native(path: Path) -> bool:
    """Whether this is the checker itself, which panics without its declarations beside it."""
    if not (path.is_file() and (path.parent / "lib.d.ts").is_file()):
        return False
    version = _stated_version(path) or version_of(path)
    return int(version.partition(".")[0] or 0) >= OLDEST


def _stated_version(path: Path) -> str:
    """What npm says of the package that it is in; empty where it is in none. To ask the checker itself takes 10 ms."""
    try:
        stated = json.loads((path.parent.parent / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return stated if isinstance(stated, str) and _STATED.match(stated) else ""


def _native_of(launcher: Path) -> list[Path]:
    """Where the program of npm's package `typescript` keeps the native one; `launcher` may be that itself."""
    real = launcher.resolve()
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}.get(platform.system(), "")
    inside = Path("@typescript", f"typescript-{system}-{machine}", "lib", _executable())
    modules = [folder / "node_modules" for folder in real.parents] + [
        folder for folder in real.parents if folder.name == "node_modules"
    ]
    return [real, *(folder / inside for folder in modules)]


class TypeServer:
    """The checker's processes, started when they are first asked. All methods block; any thread may call them."""

    def __init__(self, tsc: Path) -> None:
        self._first = _Line(tsc)
        self._slow = _Line(tsc)
        self._hardness = Hardness(r"//[^\n]*|/\*.*?\*/|\s+")

    def findings(self, text: str) -> list[Finding] | None:
        """What is wrong with a text; None where that could not be told in time."""
        known = self._hardness.of(text)
        if known == "hard":
            return None
        found = known or self._first.findings(text, yields=True)
        if found == "slow":
            self._hardness.note(text, "slow")
            found = self._slow.findings(text, yields=False)
        if found == "hard":
            self._hardness.note(text, "hard")
        return found if isinstance(found, list) else None

    def close(self) -> None:
        """End the processes; a later question starts others."""
        self._first.close()
        self._slow.close()

    @property
    def pid(self) -> int | None:
        """The process that is asked first, while there is one."""
        return self._first.pid


class _Line:
    """One process, and those who wait for it."""

    def __init__(self, tsc: Path) -> None:
        self._tsc = tsc
        self._lock = threading.Lock()
        self._live: _Live | None = None
        self._waiting = 0
        self._count = threading.Lock()

    def findings(self, text: str, *, yields: bool) -> list[Finding] | Literal["slow", "hard"] | None:
        """What is wrong with a text; `slow` if it gave way to others, `hard` if it took all the time that it may."""
        with self._count:
            if not yields and self._waiting >= MAX_SLOW:
                return None
            self._waiting += 1
        try:
            entered = self._lock.acquire(timeout=WALL_S)
        finally:
            with self._count:
                self._waiting -= 1
        if not entered:
            return None
        try:
            return self._asked(text, (lambda: self._waiting > 0) if yields else None)
        finally:
            self._lock.release()

    def _asked(
        self, text: str, is_awaited: Callable[[], bool] | None
    ) -> list[Finding] | Literal["slow", "hard"] | None:
        try:
            live = self._live = self._live or _Live(self._tsc)
        except OSError:  # it cannot be started
            return None
        try:
            found = live.findings(text, is_awaited)
        except (OSError, ValueError, KeyError, TypeError):  # it died, was killed, or answers nonsense
            self._drop()
            return live.stopped or None
        if live.is_spent:
            self._drop()
        return found

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._live is None else self._live.process.pid

    def _drop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.end()


class _Live:
    """A running process, and the folder that it takes for its project."""

    def __init__(self, tsc: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="toolscript-types-")
        folder = Path(self._folder.name).resolve()
        (folder / "tsconfig.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
        self._uri = (folder / "program.ts").as_uri()
        self._root = folder.as_uri()
        self._asked = 0
        self.stopped: Literal["", "slow", "hard"] = ""
        self._checks = 0
        places = dict.fromkeys(("HOME", "TMPDIR", "USERPROFILE"), str(folder))
        environment = {"GOMEMLIMIT": _GO_LIMIT, "GOMAXPROCS": "2", **places, **_bare()}
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the operator's own program
                [str(tsc), "--lsp", "--stdio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=folder,
                start_new_session=True,  # a terminal's interrupt is for us
            )
        except OSError:
            self._folder.cleanup()
            raise
        _limit(self.process.pid)

    @property
    def is_spent(self) -> bool:
        """Whether another process should take its place."""
        return self._checks >= MAX_CHECKS or _resident_bytes(self.process.pid) > MAX_RESIDENT_BYTES

    def findings(self, text: str, is_awaited: Callable[[], bool] | None = None) -> list[Finding]:
        """What is wrong with a text; `OSError` where it is stopped, because it took too long or others wait."""
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(ended, is_awaited), daemon=True)
        watch.start()
        try:
            return self._findings(text)
        finally:
            ended.set()

    def _watch(self, ended: threading.Event, is_awaited: Callable[[], bool] | None) -> None:
        """Stop a check that takes too long; that also frees a write that nobody reads."""
        begun = time.monotonic()
        wait = SLICE_S if self._checks else FIRST_SLICE_S
        while not ended.wait(wait):
            late = time.monotonic() - begun >= WALL_S
            if late or (is_awaited is not None and is_awaited()):
                self.stopped = "hard" if late else "slow"
                self._kill()
                return
            wait = _LOOK_S

    def end(self) -> None:
        self._kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written has no reader any more
                    pipe.close()
        self.process.wait()
        self._folder.cleanup()

    def _kill(self) -> None:
        """End the process, and what it may have started: a pipe that is still held would be read for ever."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def _findings(self, text: str) -> list[Finding]:
        self._checks += 1
        if self._checks == 1:
            asked: Mapping[str, Any] = {"textDocument": {"diagnostic": {}}}
            self._ask("initialize", {"processId": os.getpid(), "rootUri": self._root, "capabilities": asked})
            self._tell("initialized", {})
            document = {"uri": self._uri, "languageId": "typescript", "version": 1, "text": text}
            self._tell("textDocument/didOpen", {"textDocument": document})
        else:
            document = {"uri": self._uri, "version": self._checks}
            self._tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        answer = self._ask("textDocument/diagnostic", {"textDocument": {"uri": self._uri}})
        return [_finding(item) for item in answer["result"]["items"] if item.get("severity", 1) == 1]

    def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._asked += 1
        self._write({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._read()
            if "method" not in message:
                if message.get("id") == self._asked:
                    return message
            elif "id" in message:  # it wants to know something: our settings, or to register for something
                items = message.get("params", {}).get("items", ())
                self._write({"id": message["id"], "result": [None for _ in items] or None})

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: Mapping[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline(1_000)) != b"\r\n":
            if not line:
                raise OSError("the checker has ended")
            header = _HEADER.match(line)
            length = int(header[1]) if header else length
        if length > _MAX_MESSAGE:
            raise ValueError("the checker says too much")
        return json.loads(self.process.stdout.read(length))


def _finding(item: Mapping[str, Any]) -> Finding:
    start = item["range"]["start"]
    return Finding(int(start["line"]), int(start["character"]), int(item["code"]), str(item["message"]))


def _limit(pid: int) -> None:
    """Limits of the system, where another process can be given such (Linux)."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - POSIX only

    limits = ((resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for limit, most in limits:
        try:
            resource.prlimit(pid, limit, (most, most))
        except OSError:  # it has ended already
            return


def _resident_bytes(pid: int) -> int:
    """How much memory a process holds; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
