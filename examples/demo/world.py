"""Makes the data that the demo's servers serve: a git repository with a history, and an SQLite database."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
from pathlib import Path

PEOPLE = (
    ("amina@shop.test", "Amina Diallo", "Checkout", "Africa/Dakar"),
    ("bence@shop.test", "Bence Nagy", "Search", "Europe/Budapest"),
    ("chloe@shop.test", "Chloe Martin", "Payments", "America/Montreal"),
    ("daichi@shop.test", "Daichi Mori", "Platform", "Asia/Tokyo"),
    ("eva@shop.test", "Eva Lindqvist", "Mobile", "Europe/Stockholm"),
)
COMPONENTS = ("checkout", "search", "payments", "platform", "mobile", "invoices")
WORDS = ("retry", "cache", "rounding", "timeout", "index", "currency", "session", "webhook", "layout", "audit")
INCIDENTS = (
    (41, "checkout", "Totals are off by one cent", 2, None),
    (44, "payments", "Webhooks arrive twice", 3, None),
    (45, "search", "Old prices in results", 1, None),
    (46, "mobile", "App logs out after an update", 2, None),
    (47, "platform", "Deploys hang in the last step", 3, "2026-01-12"),
    (48, "invoices", "Invoices show the wrong currency", 3, None),
)


def make_repository(folder: Path, commits: int = 120) -> None:
    """A repository of so many commits by five people, the same every time."""
    chance = random.Random(7)
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(commits):
        component = chance.choice(COMPONENTS)
        email, name, *_ = chance.choice(PEOPLE)
        word = chance.choice(WORDS)
        for part in chance.sample(("model", "view", "store"), 2):
            file = folder / component / f"{part}.py"
            file.parent.mkdir(exist_ok=True)
            lines = file.read_text().splitlines() if file.exists() else []
            lines.insert(chance.randrange(len(lines) + 1), f"{word}_{number} = {chance.randrange(1_000)}")
            file.write_text("\n".join(lines) + "\n")
        _git(folder, "add", ".")
        when = f"2026-01-{1 + number // 8:02}T{8 + number % 8:02}:00:00Z"
        message = f"{component}: change the {word} of the {part}"
        who = {"NAME": name, "EMAIL": email, "DATE": when}
        _git(folder, "commit", "--quiet", "-m", message, **{
            f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()
        })  # fmt: skip


def make_database(path: Path) -> None:
    """People, and incidents of which one is closed."""
    database = sqlite3.connect(path)
    with database:
        database.execute("CREATE TABLE people (email TEXT, name TEXT, team TEXT, timezone TEXT)")
        database.execute(
            "CREATE TABLE incidents (id INTEGER, component TEXT, title TEXT, severity INTEGER, closed TEXT)"
        )
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", PEOPLE)
        database.executemany("INSERT INTO incidents VALUES (?, ?, ?, ?, ?)", INCIDENTS)
    database.close()


def _git(folder: Path, *arguments: str, **environment: str) -> None:
    command = ["git", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=", *arguments]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "HOME": str(folder), **environment})
