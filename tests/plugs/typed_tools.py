"""Tools with strict types, and the checkers that programs are held against."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.tsc import find_tsc
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Language
from toolscript.tools import Tool, ToolPath


def tool(path: str, takes: Any, gives: Any = None, *, observed: bool = False) -> Tool:
    namespace, _, method = path.partition(".")
    return Tool(
        path=ToolPath(namespace, method),
        raw_name=method,
        description="",
        input_schema=takes,
        output_schema=gives,
        observed=observed,
    )


def record(*, need: str = "", closed: bool = True, **properties: Any) -> dict[str, Any]:
    """The schema of an object; the properties in `need` are required, by default all."""
    required = need.split() if need else list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": not closed}


TEXT, WHOLE, NUMBER, ANY = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {}
TEXTS, KIND = {"type": "array", "items": TEXT}, {"enum": ["person", "company"]}
PERSON = record(
    need="id name",
    id=WHOLE,
    name=TEXT,
    email={"anyOf": [TEXT, {"type": "null"}]},
    tags=TEXTS,
)
OPEN = record(closed=False, id=WHOLE, title=TEXT)
CRM = (
    tool("crm.find", record(need="name", name=TEXT, limit=WHOLE, kind=KIND), {"type": "array", "items": PERSON}),
    tool("crm.get", record(id=WHOLE), PERSON),
    tool("crm.note", record(need="text", closed=False, text=TEXT, tags=TEXTS, to=record(need="id", id=WHOLE))),
    tool("crm.deal", record(id=WHOLE), OPEN),
    tool("crm.seen", record(id=WHOLE), PERSON, observed=True),
    tool("crm.raw", {"type": "object"}, None),
    tool("crm.count", {"type": "object", "properties": {}, "additionalProperties": False}, WHOLE),
    tool("crm.mail", record(need="from", **{"from": TEXT, "reply-to": TEXT}), TEXT),
)  # fmt: skip


def optional(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


FOUND = record(id=WHOLE, name=TEXT)
OF_GUEST_SUITE = (
    tool("crm.add", record(a=NUMBER, b=NUMBER), record(sum=NUMBER)),
    tool("crm.echo", optional(value=ANY), ANY),
    tool("crm.fail", optional(why=TEXT), {"type": "null"}),
    tool("crm.find", optional(id=WHOLE), FOUND),
    tool("crm.list", optional(count=WHOLE), {"type": "array", "items": FOUND}),
    tool("crm.now", optional(), ANY),
    tool("billing.charge", record(amount=NUMBER), record(charged=NUMBER)),
)
"""What the tools of `testing.guest_suite` take and give, as strictly as it can be said."""
OF_CORPUS = (
    tool("t.get", optional(i=WHOLE, size=WHOLE), record(v=WHOLE, i=WHOLE, list={"type": "array", "items": WHOLE})),
    tool("t.put", record(need="key", key=TEXT, value=ANY), TEXT),
    tool("t.fail", optional(why=TEXT), {"type": "null"}),
)
"""What the tools of `testing.corpus` take and give, as strictly as it can be said."""


def installed_tsc() -> Path:
    """The native checker of TypeScript; skips the test where there is none."""
    folder = os.environ.get("TOOLSCRIPT_TEST_SERVERS")
    launcher = Path(folder, "node", "node_modules", ".bin", "tsc") if folder else None
    found = next((path for path in (launcher and beside(launcher), find_tsc()) if path), None)
    if found is None:
        pytest.skip("tsc 7 is not installed; scripts/servers installs it where there is npm")
    return found


def beside(launcher: Path) -> Path | None:
    """The native program that npm's launcher stands for."""
    modules = launcher.resolve().parents[2] if launcher.exists() else None
    found = modules.glob("@typescript/typescript-*/lib/tsc*") if modules else ()
    return next((path for path in found if path.suffix in ("", ".exe")), None)


class Checked:
    """A checker for one language, asked in one line."""

    def __init__(self, language: Language, checker: Any) -> None:
        self.language = language
        self.checker = checker

    def problems(self, code: str, tools: tuple[Tool, ...] = CRM) -> list[Problem]:
        if self.language == "python":
            return self.checker.problems(code, tools)
        assert isinstance(self.checker, TypeScriptChecker)
        program = dissect(code)
        return [] if program is None else self.checker.problems(program, tools)

    def certain(self, code: str, tools: tuple[Tool, ...] = CRM) -> list[Problem]:
        return [problem for problem in self.problems(code, tools) if problem.certain]
