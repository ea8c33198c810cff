"""The real command in a process of its own, in a folder of its own, with nothing of this machine's user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolscript.guests.javascript.machine_code import cache_folder

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "tests" / "servers"
PATIENCE_S = 60
_NOT_OURS = ("TOOLSCRIPT_", "XDG_", "NO_COLOR", "PYTHONUNBUFFERED")

SHOP = '''
"""A shop."""
import threading
from toolscript import ToolError, functions, tool

waiting = threading.Event()

@tool(effect="read")
def orders(customer: str, limit: int = 10) -> list[dict[str, int | str]]:
    """The orders of a customer.

    Args:
        customer: The customer's name.
        limit: At most so many.
    """
    return [{"id": n, "customer": customer, "total": n * 10} for n in range(1, limit + 1)]

def refund(order: int) -> str:
    """Give the money of an order back."""
    raise ToolError(f"order {order} is already refunded")

@tool(effect="read")
def hang() -> None:
    """Never answer."""
    waiting.wait()

def stuck() -> None:
    """Change something, for ever."""
    waiting.wait()

@tool(effect="read")
def escape() -> str:
    """Text that would move the cursor."""
    return "\\x1b[2Jcleared"

shop = functions("shop", orders, refund, hang, stuck, escape)
'''


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, f"not one line of JSON: {self.out!r}"
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with configuration in it."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def shop(self, more: str = "") -> Project:
        """Python functions as tools, for commands that need some."""
        self.write("shop_tools.py", SHOP)
        self.write("toolscript.toml", f'python.functions = ["shop_tools:shop"]\n{more}')
        return self

    def servers(self, name: str = "mcp.json", **commands: list[str]) -> Path:
        """A file of servers, which are scripts of tests/servers with their arguments."""
        entries = {
            key: {"command": sys.executable, "args": [str(SERVERS / words[0]), *words[1:]]}
            for key, words in commands.items()
        }
        return self.write(name, json.dumps({"mcpServers": entries}))

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_OURS)}
        own = {"HOME": str(home), "TOOLSCRIPT_CACHE": str(cache_folder()), "COLUMNS": "100", "TERM": "xterm"}
        return {**kept, **own, **(more or {})}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "toolscript", *words]

    def run(self, *words: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> Ended:
        ended = subprocess.run(
            self.command(*words),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=self.folder,
            env=self.environment(env),
            timeout=PATIENCE_S,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def project_in(folder: Path) -> Project:
    """A project at the root of a repository, so that no configuration above it is found."""
    (folder / ".git").mkdir()
    return Project(folder)
