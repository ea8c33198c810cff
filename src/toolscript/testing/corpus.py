"""Programs that stress order: loops, races, caught failures, timers, un-awaited calls. Laws are tested over them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.ports import Connector
from toolscript.runs.condition import Condition
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.program import Language, syntax_of
from toolscript.testing import corpus_python, corpus_typescript


@dataclass(frozen=True, slots=True)
class Example:
    """A program of the corpus, by a name that says what it stresses."""

    name: str
    code: str
    language: Language = "typescript"

    def __str__(self) -> str:
        return f"{self.language}-{self.name}"


@tool(effect="read")
async def get(i: int = 0, size: int = 1) -> dict[str, Any]:
    """Look a number up."""
    return {"v": int(hashlib.sha256(str(i).encode()).hexdigest()[:4], 16), "i": i, "list": list(range(size))}


@tool(effect="write")
async def put(key: str, value: Any = None) -> str:
    """Keep a value."""
    return f"kept {key}"


@tool(effect="read")
async def fail(why: str = "test") -> None:
    """Fail, always."""
    raise ToolError(f"no: {why}")


def corpus_connector() -> Connector:
    """The namespace `t` that the corpus calls."""
    return functions("t", get, put, fail)


def corpus_policy() -> Policy:
    """Asks before every `t.put`, and before `t.get` of 4: so that programs park often."""
    return Policy(
        (
            Rule(verdict="ask", tools=("t.put",)),
            Rule(verdict="ask", tools=("t.get",), when=(Condition.parse("i == 4"),)),
        )
    )


def corpus(language: Language = "typescript") -> tuple[Example, ...]:
    """The programs in one language: the same calls in the same order as in the others."""
    programs = corpus_typescript.PROGRAMS if syntax_of(language) == "typescript" else corpus_python.PROGRAMS
    return tuple(Example(name, code, language) for name, code in programs.items())


CORPUS = corpus()
