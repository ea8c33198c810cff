"""Builds `guest.wasm`: python -m toolscript.guests.javascript.engine.build [--check]

The engine's sources and the compiler come from the package index, pinned by version and SHA-256, and are kept in
the cache folder. `guest.c`, its parts and the engine become one module, the prelude's parts are run in it once, and
the memory that they leave is baked in. The result is the same, bit for bit, in any folder. `--check` compares it
with the file here.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import wasmtime

from toolscript.guests.javascript.bake import bake

HERE = Path(__file__).parent
WASM = HERE / "guest.wasm"

QUICKJS = "quickjs-ng==0.17.0.2"
QUICKJS_FILE = "quickjs_ng-0.17.0.2.tar.gz"
QUICKJS_SHA256 = "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef"
ZIG = "ziglang==0.17.0"

FLAGS = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-O3", "-DNDEBUG", "-D_GNU_SOURCE", "-DQUICKJS_NG_BUILD"),
    *("-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-fno-sanitize=all", "-w", "-s"),
    *("-Wl,-z,stack-size=262144", "-Wl,--export=__stack_pointer"),
)
PRELUDE = ("primordials", "intl", "failures", "namespaces", "codemode", "timers", "inspect", "console", "web", "url")
ROOTS = "[installNamespaces, raise, explain, warnRejection, Blob.prototype, startSnippet]"  # in the order of guest.c
PATCHES = (
    # a thrown value that is no Error: remember where
    (
        "CASE(OP_throw):\n            JS_Throw(ctx, *--sp);\n",
        "            sf->cur_pc = pc;\n            note_throw(ctx);\n",
    ),
    # a name that programs expect and that is not here: say what to use
    (
        "static JSValue JS_ThrowReferenceErrorNotDefined(JSContext *ctx, JSAtom name)\n{\n"
        "    char buf[ATOM_GET_STR_BUF_SIZE];\n",
        "    const char *hint = missing_name(JS_AtomGetStr(ctx, buf, sizeof(buf), name));\n"
        '    if (hint) return JS_ThrowReferenceError(ctx, "%s", hint);\n',
    ),
    # a pattern that takes a value apart: its own place, or else the statement above is blamed
    ("    assign_addr = s->cur_func->byte_code.size;\n", "    emit_source_loc(s);\n"),
    # arenas that share a page, whatever the size of their blocks: a fresh instance copies each page that it writes to
    ("#define JS_ARENA_SIZE              4096\n", "#undef JS_ARENA_SIZE\n#define JS_ARENA_SIZE 1016\n"),
)
"""(text that occurs once in quickjs.c, text to add after it)"""


def sources(cache: Path) -> Path:
    """The archive of the engine's sources, from the cache folder or else from the package index."""
    archive = cache / QUICKJS_FILE
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--no-deps", "--no-binary", "quickjs-ng", "--dest", str(cache)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, QUICKJS], check=True)  # noqa: S603
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != QUICKJS_SHA256:
        raise SystemExit(f"{archive.name} has SHA-256 {found}, expected {QUICKJS_SHA256}")
    return archive


def compile_guest(archive: Path, folder: Path) -> bytes:
    """The module before its boot. Only relative paths reach the compiler, so the folder leaves no trace."""
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 has no filters; the archive is pinned by its hash all the same.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)  # noqa: S202 - what is in the archive is known
    engine = Path(QUICKJS_FILE.removesuffix(".tar.gz")) / "upstream-quickjs"
    quickjs = folder / engine / "quickjs.c"
    text = quickjs.read_text(encoding="utf-8")
    for before, addition in PATCHES:
        if text.count(before) != 1:
            raise SystemExit(f"quickjs.c does not hold this text exactly once:\n{before}")
        text = text.replace(before, before + addition)
    quickjs.write_text(text, encoding="utf-8")
    shutil.copy(HERE / "guest.c", folder)
    shutil.copytree(HERE / "guest", folder / "guest")
    parts = [str(engine / name) for name in ("libregexp.c", "libunicode.c", "dtoa.c")]
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-I", str(engine), "-o", "raw.wasm", "guest.c", *parts]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})  # noqa: S603
    return (folder / "raw.wasm").read_bytes()


def prelude() -> bytes:
    """One function of `host`, made of all parts."""
    parts = [(HERE / "prelude" / f"{name}.js").read_text(encoding="utf-8") for name in PRELUDE]
    return f"((host) => {{\n'use strict';\n{''.join(parts)}\nreturn {ROOTS};\n}})".encode()


def boot(raw: bytes, script: bytes) -> bytes:
    """The module's memory after the prelude has run in it."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    exports = wasmtime.Linker(engine).instantiate(store, wasmtime.Module(engine, raw)).exports(store)

    def call(name: str, *arguments: int) -> int:
        function = exports[name]
        assert isinstance(function, wasmtime.Func)
        return function(store, *arguments)

    memory = exports["memory"]
    assert isinstance(memory, wasmtime.Memory)
    call("_initialize")
    call("reserve", len(script) + 1)
    control = call("control") // 8
    fields = ctypes.cast(memory.data_ptr(store), ctypes.POINTER(ctypes.c_int64))
    memory.write(store, script + b"\0", fields[control + 9])
    booted = call("boot", len(script))
    fields = ctypes.cast(memory.data_ptr(store), ctypes.POINTER(ctypes.c_int64))
    if not booted:
        at, size = fields[control + 11], fields[control + 12]
        raise SystemExit(bytes(memory.read(store, at, at + size)).decode())
    return bytes(memory.read(store))


def build(cache: Path) -> bytes:
    """The finished module."""
    if importlib.util.find_spec("ziglang") is None:
        raise SystemExit(f"the compiler is missing: pip install {ZIG}")
    with tempfile.TemporaryDirectory() as folder:
        raw = compile_guest(sources(cache), Path(folder))
    return bake(raw, boot(raw, prelude()))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build guest.wasm from pinned sources.")
    parser.add_argument("--check", action="store_true", help="compare with the file that is here; write nothing")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "toolscript-build")
    options = parser.parse_args()
    wasm = build(options.cache)
    found = hashlib.sha256(wasm).hexdigest()
    if options.check:
        if wasm != WASM.read_bytes():
            raise SystemExit(f"guest.wasm differs from what its sources give: {found}")
        print(f"guest.wasm is what its sources give: {found}")
        return
    WASM.write_bytes(wasm)
    print(f"{WASM.name}: {len(wasm):,} bytes, SHA-256 {found}; write that into engine/pin.py")


if __name__ == "__main__":
    main()
