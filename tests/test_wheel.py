"""What is installed is whole: the built wheel holds what the product needs, and runs a program by itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED = (
    "toolscript/py.typed",
    "toolscript/guests/javascript/engine/guest.wasm",
    "toolscript/guests/javascript/engine/pin.py",
    "toolscript/guests/python/prelude/names.monty",
    "toolscript/stores/sql/sqlite_1.sql",
    "toolscript/stores/sql/sqlite_2.sql",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_engine_the_schema_and_the_licences(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in NEEDED:
        assert needed in names
    licences = [name for name in names if "/licenses/" in name]
    assert any(name.endswith("/LICENSE") for name in licences)
    assert any("quickjs" in name.lower() for name in licences)


def test_the_wheel_holds_no_tests_and_no_caches(wheel: Path):
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.startswith(("toolscript/", "toolscript-"))
        assert "__pycache__" not in name


def test_a_program_runs_from_the_unpacked_wheel(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import asyncio, toolscript\n"
        f"assert toolscript.__file__.startswith({str(tmp_path)!r}), toolscript.__file__\n"
        "async def main():\n"
        "    for isolation in ('threads', 'workers'):\n"
        "        async with toolscript.Runtime(isolation=isolation) as runtime:\n"
        "            print((await runtime.run('const x: number = 20; return x * 2 + 2')).value)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["42", "42"], done.stderr
