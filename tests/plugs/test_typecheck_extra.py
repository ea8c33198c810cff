"""`toolscript[typecheck]`: the wheel of the checker, as pip installs it and toolscript finds it."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FIND = """
from toolscript.guests.javascript.tsc import find_tsc, version_of
found = find_tsc()
print(found, version_of(found))"""


def requirement() -> str:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (only,) = extras["typecheck"]
    return only


def test_the_extra_names_exactly_the_version_that_is_built():
    version = json.loads((ROOT / "packaging/typecheck/pins.json").read_text("utf-8"))["version"]
    assert requirement() == f"toolscript-typecheck=={version}"


def test_what_pip_installs_for_the_extra_is_found_and_runs(tmp_path: Path):
    wheels = Path(os.environ.get("TOOLSCRIPT_TEST_SERVERS", ""), "wheels")
    if not list(wheels.glob("*.whl")):
        pytest.skip("the wheel is not built; scripts/servers builds it where there is npm")
    install = ["--no-index", "--find-links", str(wheels), "--target", str(tmp_path), requirement()]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install],
        check=True,
        timeout=100,
    )
    source = str(ROOT / "src")
    environment = {"PATH": "", "PYTHONPATH": os.pathsep.join([str(tmp_path), source])}
    said = subprocess.run(
        [sys.executable, "-c", FIND], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    path, version = said.stdout.split()
    assert Path(path).is_relative_to(tmp_path)
    assert requirement().endswith(version)
