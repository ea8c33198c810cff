"""The engine itself: what is in the repository, the machine code in the cache, and what importing costs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import wasmtime

from toolscript.codec import Encoded
from toolscript.guests.javascript import vm
from toolscript.guests.javascript.engine import build
from toolscript.guests.javascript.engine.pin import SHA256
from toolscript.guests.javascript.live import LiveProgram
from toolscript.guests.javascript.machine_code import WASM, WASMTIME, cache_folder
from toolscript.guests.javascript.template import Template
from toolscript.runs.program import Boot, Program
from toolscript.runs.turn import Finished

SOURCES = Path(os.environ.get("TOOLSCRIPT_BUILD", Path(__file__).parents[2] / "build" / "engine"))


def works(template: Template) -> bool:
    live = LiveProgram.start(Boot(program=Program(code="return 1 + 1")), template)
    return live.advance_blocking((), 0).outcome == Finished(Encoded("2"))


def test_the_engine_is_the_one_that_is_pinned() -> None:
    assert hashlib.sha256(WASM.read_bytes()).hexdigest() == SHA256


def test_the_engine_imports_nothing() -> None:
    module = wasmtime.Module(wasmtime.Engine(), WASM.read_bytes())
    assert list(module.imports) == []


def test_the_engine_is_what_its_sources_give() -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the compiler is missing: pip install ziglang")
    try:
        build.sources(SOURCES)
    except subprocess.CalledProcessError:
        pytest.skip("the engine's sources are neither in the cache nor on the package index")
    assert hashlib.sha256(build.build(SOURCES)).hexdigest() == SHA256


def test_the_control_block_is_laid_out_as_in_c() -> None:
    text = (Path(build.__file__).parent / "guest.c").read_text(encoding="utf-8")
    block = text.partition("static struct {")[2].partition("} control;")[0]
    fields = [
        name.strip() for line in block.split(";") for name in line.replace("int64_t", "").split(",") if name.strip()
    ]
    assert tuple(fields) == vm.CONTROL


def test_machine_code_is_compiled_once(tmp_path: Path) -> None:
    assert works(Template(tmp_path))
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    assert works(Template(tmp_path))
    assert kept.stat().st_mtime_ns == written


def test_damaged_machine_code_is_compiled_again(tmp_path: Path) -> None:
    Template(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"not machine code")
    assert works(Template(tmp_path))
    assert kept.stat().st_size > 1000


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no POSIX permissions here")
def test_a_folder_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert works(Template(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no POSIX permissions here")
def test_a_file_that_others_can_write_is_not_loaded(tmp_path: Path) -> None:
    Template(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.chmod(0o666)
    before = kept.stat().st_ino
    assert works(Template(tmp_path))
    assert kept.stat().st_ino != before


def test_it_works_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert works(Template(tmp_path / "file" / "below"))


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TOOLSCRIPT_CACHE", raising=False)
    assert cache_folder() == tmp_path / "xdg" / "toolscript"
    monkeypatch.setenv("TOOLSCRIPT_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_machine_code_is_named_after_the_version_of_wasmtime_that_the_package_requires() -> None:
    assert version("wasmtime") == WASMTIME


def test_importing_the_package_does_not_load_the_engine() -> None:
    code = "import sys, toolscript; print('wasmtime' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_an_instance_has_the_functions_of_the_engine_that_we_call_directly() -> None:
    names = ("wasmtime_func_call", "wasmtime_instance_export_get", "wasmtime_memory_data", "wasmtime_memory_data_size",
             "wasmtime_memory_grow", "wasmtime_context_set_epoch_deadline", "wasmtime_store_epoch_deadline_callback",
             "wasmtime_error_new", "wasmtime_error_delete")  # fmt: skip
    missing = [name for name in names if not hasattr(vm.ffi, name)]
    assert not missing, f"this wasmtime has other private functions: {missing}"
