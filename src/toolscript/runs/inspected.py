"""What can be told of a program before it runs: facts about its text, found by its language's own parser.

Only what is certain is a fact. A name that the program itself declares anywhere is no fact, nor is a call that the
program may handle the failure of, that it asks for first, or that it may never reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolscript.schema.syntax import Syntax


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct; `line` and `column` are 1-based. What is not `certain` may work all the same.

    `used_line` is where else it shows, 0 for most: what others find wrong in that line follows from it.
    """

    line: int
    column: int
    message: str
    certain: bool = True
    used_line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name that the program uses and does not declare; `line` and `column` are 1-based, in the author's own text.

    Of `name.method(...)` both are told, of `name.more.method(...)` the method is `more.method`; `called` says whether
    the name itself is called, as in `name(...)`. `fails`: it is read in a place that is certain to be reached, so
    that a name that is nothing ends the program there. `near` are names of the program's own that it may stand for.
    """

    name: str
    method: str = ""
    called: bool = False
    fails: bool = False
    near: tuple[str, ...] = ()
    line: int
    column: int


Use = Literal["member", "element", "iterated", "spread", "destructured", "text", "number", "compared", "condition",
              "argument", "returned", "ignored", "tested", "combined"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unawaited:
    """A call of `path` whose promise is used as if it were the value.

    `is_own`: `path` is the program's own; `needs` are further tools that must be there for this to be so.
    `use` says how, `detail` names what (the member, the function that it is given to); `used_line` is where, if not
    where the call is. `fix` is what to write instead; `is_sync`: in a function that is not async.
    """

    path: str
    is_own: bool = False
    needs: tuple[str, ...] = ()
    use: Use
    detail: str = ""
    fix: str
    is_sync: bool = False
    used_line: int
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The facts about one program, each in the order of the text.

    `calls` are those of the form `name.method(...)`, whatever the name stands for outside; `free` are the names that
    neither the program declares nor the language has, each once. `problems` are what the guest knows to be wrong by
    itself, whatever the catalogue holds.
    """

    syntax: Syntax = "typescript"

    calls: tuple[Mention, ...] = ()
    free: tuple[Mention, ...] = ()
    unawaited: tuple[Unawaited, ...] = ()
    problems: tuple[Problem, ...] = ()
