"""A bank whose payments are asked about, undone and counted, and programs that use it."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cli_command import PATIENCE_S, Ended, Project, project_in

BANK = '''
"""A bank that notes everything it does."""
import threading
from pathlib import Path
from toolscript import functions, tool

here = Path(__file__).parent

def note(line: str) -> None:
    with (here / "ledger").open("a") as ledger:
        ledger.write(line + "\\n")

@tool(effect="read")
def balance() -> int:
    """What is left."""
    return 1000

def take_back(result: dict[str, str]) -> str:
    if (here / "closed").exists():
        raise ValueError("the bank is closed")
    note("take back " + result["id"])
    return "taken back"

@tool(destructive=True, revert=take_back)
def pay(to: str, amount: int) -> dict[str, str]:
    """Pay somebody."""
    note(f"pay {to} {amount}")
    return {"id": f"p-{to}"}

def wire(to: str) -> str:
    """Send money, which takes for ever while there is a pipe called `stuck`."""
    note(f"wire {to}")
    if (here / "stuck").exists():
        (here / "stuck").write_text("in the middle")
        threading.Event().wait()
    return f"wired to {to}"

bank = functions("bank", balance, pay, wire)
'''

PAY = """\
const left = await bank.balance({});
const paid = await bank.pay({ to: "Ada", amount: 500 });
console.log("paid", paid.id);
return { left, id: paid.id };
"""


class Bank(Project):
    """A project with a bank, and what it did."""

    @property
    def ledger(self) -> list[str]:
        path = self.folder / "ledger"
        return path.read_text().splitlines() if path.exists() else []

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        """A command that is left to run, in a process group of its own."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment(),
        )

    def killed_in_mid_write(self, code: str) -> None:
        """Run a program that wires, and kill its process while the bank is at it."""
        program, stuck = self.write("wire.ts", code), self.folder / "stuck"
        os.mkfifo(stuck)
        reading = os.open(stuck, os.O_RDONLY | os.O_NONBLOCK)
        with self.started("run", program.name) as process:
            ready, _, _ = select.select([reading], [], [], PATIENCE_S)
            assert ready, "the write did not begin"
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE_S)
        os.close(reading)
        stuck.unlink()

    def pasted(self, text: str, begin: str) -> Ended:
        """Run the command that a text offers in the line that begins so."""
        return self.run(*offered(text, begin))

    def runs(self) -> list[dict[str, object]]:
        return self.run("runs", "--json").json["runs"]


def offered(text: str, begin: str) -> Sequence[str]:
    """The words of the command in the line that begins so."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(begin)]
    _, _, command = line.partition("toolscript ")
    return shlex.split(command)


def bank_in(folder: Path, more: str = "") -> Bank:
    """The bank at the root of a repository. Leases are short, so that a killed run is soon taken over."""
    project = Bank(project_in(folder).folder)
    project.write("bank_tools.py", BANK)
    project.write("toolscript.toml", f'python.functions = ["bank_tools:bank"]\nlease_ms = 1000\n{more}')
    project.write("pay.ts", PAY)
    return project
