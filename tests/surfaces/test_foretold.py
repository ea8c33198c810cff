"""Namespaces of Python functions are known before anything is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolscript.surfaces.assemble import configured
from toolscript.surfaces.config import read_config
from toolscript.surfaces.foretold import namespace_of

MODULE = """
raise SystemExit("this is never run")
async def find(): ...
def add(): ...
tools = functions("shop", find)
named: Connector = functions("bank", add)
both = [find, add]
odd = functions("no name", find)
"""


@pytest.mark.parametrize(
    ("entry", "namespace"),
    [
        ("my.orders:find", "orders"),
        ("my.orders:tools", "shop"),
        ("my.orders:named", "bank"),
        ("my.orders:both", "both"),
        ("my.orders:odd", "odd"),
        ("my:find", "my"),
        ("elsewhere:crm", "crm"),
        ("broken:crm", "crm"),
    ],
)
def test_the_text_of_a_module_says_the_namespace(entry: str, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "orders.py").write_text(MODULE)
    (tmp_path / "my" / "__init__.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def crm(:\n")
    assert namespace_of(entry, tmp_path) == namespace


def test_functions_of_one_module_are_one_namespace(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(MODULE)
    (tmp_path / ".git").mkdir()
    (tmp_path / "toolscript.toml").write_text('python.functions = ["orders:find", "orders:add", "orders:tools"]\n')
    config = read_config([], environment={"XDG_CONFIG_HOME": str(tmp_path / "user")}, folder=tmp_path)
    assert configured(config, []) == ("orders", "shop")
