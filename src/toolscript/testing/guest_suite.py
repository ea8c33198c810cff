"""What every guest must do: programs with what each must end in, and laws over them.

A guest that runs snippets is a `ports.Compiler` as well.

Run a guest through it with `check` for every `Case` of `cases_in(language)`, and with the laws `check_determinism`,
`check_snapshots` and `check_endings`. A case holds its program once a language; a guest is asked only for the cases
that are written in its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from toolscript.codec import NULL, Encoded, decode, encode
from toolscript.errors import Failure, ToolError
from toolscript.ports import Compiler, Guest, Session
from toolscript.runs.program import Boot, Instant, Limits, Program
from toolscript.runs.turn import Answer, Called, Crashed, Finished, Outcome, Raised, Returned, Settled, Turn
from toolscript.testing.guest_programs import CASES, SNIPPETS, Case, cases_in

__all__ = [
    "CASES",
    "NAMESPACES",
    "Case",
    "Played",
    "cases_in",
    "check",
    "check_determinism",
    "check_endings",
    "check_snapshots",
    "play",
]

START: Instant = 1_790_000_000_000
MOST_TURNS = 2_000
Order = Literal["all", "first", "last"]
"""Which outstanding calls are answered in a turn: all of them, the oldest one, or the newest one."""

NAMESPACES: Mapping[str, Sequence[str]] = {
    "crm": ["add", "echo", "fail", "find", "list", "now"],
    "codemode": [
        "search",
        "describe",
        "run",
        "sleep",
        "show",
        "step",
        "state_get",
        "state_set",
        "state_delete",
        "state_keys",
        "result",
    ],
    "snippets": sorted(SNIPPETS),
}


def _add(args: Mapping[str, Any]) -> Any:
    return {"sum": args["a"] + args["b"]}


def _find(args: Mapping[str, Any]) -> Any:
    return {"id": args.get("id", 0), "name": f"person {args.get('id', 0)}"}


def _fail(args: Mapping[str, Any]) -> Any:
    raise ToolError(str(args.get("why", "refused")), content=encode({"status": 409}))


def _next_page(args: Mapping[str, Any]) -> Any:
    """Three pages, as `crm.page` gives them."""
    page = args.get("page", 0)
    return {"known": True, "next": {**args, "page": page + 1} if page < 2 else None, "items": ["rows"]}  # noqa: PLR2004


TOOLS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "crm.add": _add,
    "crm.echo": lambda args: args.get("value"),
    "crm.fail": _fail,
    "crm.find": _find,
    "crm.list": lambda args: [_find({"id": number}) for number in range(args.get("count", 3))],
    "codemode.sleep": lambda _: None,
    "codemode.show": lambda _: None,
    "codemode.search": lambda args: {"hits": [{"path": "crm.find"}], "total": 1, **args},
    "codemode.describe": lambda args: args,
    "codemode.step": lambda _: None,
    "codemode.result": lambda args: args,
    "billing.charge": lambda args: {"charged": args["amount"]},
    "codemode.next_page": lambda args: _next_page(args["args"]),
    "crm.page": lambda args: {"rows": [_find({"id": 3 * args.get("page", 0) + number}) for number in range(3)]},
    "codemode.read_blob": lambda args: b"blob "[args.get("start", 0) : args.get("end", 5)],
}


@dataclass(slots=True)
class Played:
    """All that a program did, from start to end."""

    turns: list[Turn] = field(default_factory=list[Turn])
    snapshots: int = 0

    @property
    def calls(self) -> list[Called]:
        return [call for turn in self.turns for call in turn.calls]

    @property
    def printed(self) -> list[str]:
        return [line for turn in self.turns for line in turn.printed]

    @property
    def outcome(self) -> Outcome:
        outcome = self.turns[-1].outcome
        assert outcome is not None
        return outcome

    @property
    def value(self) -> Any:
        match self.outcome:
            case Finished(value):
                return decode(value)
            case Crashed(failure):
                raise AssertionError(f"the program failed:\n{failure}")

    @property
    def failure(self) -> Failure:
        match self.outcome:
            case Finished(value):
                raise AssertionError(f"the program finished with {value}")
            case Crashed(failure):
                return failure

    def story(self) -> list[Turn]:
        """The turns without what they used, which may differ from one time to the next."""
        blank = Turn().usage
        return [replace(turn, usage=blank) for turn in self.turns]


@dataclass(slots=True)
class Tools:
    """The suite's own tools, for one program: what is kept by `codemode.state` is kept here."""

    guest: Guest
    kept: dict[str, Any] = field(default_factory=dict[str, Any])

    async def answer(self, call: Called) -> Answer:
        args: Mapping[str, Any] = decode(call.args)
        match call.path:
            case "codemode.run":
                return await self._snippet(args["name"], args.get("input"))
            case "codemode.state_get":
                return Returned(encode(self.kept.get(args["key"])))
            case "codemode.state_set":
                self.kept[args["key"]] = args["value"]
                return Returned(NULL)
            case "codemode.state_delete":
                return Returned(encode(self.kept.pop(args["key"], None) is not None))
            case "codemode.state_keys":
                return Returned(encode(sorted(self.kept)))
            case path:
                return _answer(path, args)

    async def _snippet(self, name: str, value: Any) -> Answer:
        """What the host answers to `codemode.run`: a script that this guest made, and the names that it sees."""
        if name not in SNIPPETS:
            message = f"there is no snippet {name}"
            return Raised(Failure(kind="tool", code="unknown_tool", name="ToolError", message=message))
        script = await cast("Compiler", self.guest).compiled(SNIPPETS[name][self.guest.language])
        names = {**NAMESPACES, "billing": ["charge"]}
        return Returned(encode({"script": script, "input": value, "namespaces": names, "name": name, "version": 1}))


def _answer(path: str, args: Mapping[str, Any]) -> Answer:
    tool = TOOLS.get(path)
    if tool is None:
        message = f"there is no tool {path}; did you mean crm.find?"
        return Raised(Failure(kind="guest", code="unknown_tool", name="UnknownToolError", message=message))
    try:
        return Returned(encode(tool(args)))
    except ToolError as error:
        return Raised(error.failure)


def boot(
    guest: Guest,
    code: str,
    *,
    value: Any = None,
    seed: int = 7,
    limits: Limits | None = None,
    script: str | None = None,
) -> Boot:
    """A boot record with the suite's own namespaces."""
    return Boot(
        program=Program(code=code if script is None else script, language=guest.language, input=encode(value)),
        namespaces=NAMESPACES,
        seed=seed,
        limits=limits or Limits(),
    )


async def play(guest: Guest, start: Boot, *, order: Order = "all", sleeping: bool = False) -> Played:
    """Run a program to its end over the suite's own tools. `sleeping`: through a snapshot between any two turns."""
    played, tools = Played(), Tools(guest)
    session = await guest.start(start)
    outstanding: list[Called] = []
    settled: list[Settled] = []
    try:
        for number in range(MOST_TURNS):
            turn = await session.advance(settled, START + number)
            played.turns.append(turn)
            if turn.outcome is not None:
                return played
            outstanding = [call for call in [*outstanding, *turn.calls] if call.seq not in turn.dropped]
            chosen = _chosen(outstanding, order)
            outstanding = [call for call in outstanding if call not in chosen]
            settled = [Settled(call.seq, await tools.answer(call)) for call in chosen]
            if sleeping:
                session = await _slept(guest, start, session, played)
    finally:
        await session.close()
    raise AssertionError(f"the program did not end in {MOST_TURNS} turns")


def _chosen(outstanding: Sequence[Called], order: Order) -> Sequence[Called]:
    match order:
        case "all":
            return outstanding
        case "first":
            return outstanding[:1]
        case "last":
            return outstanding[-1:]


async def _slept(guest: Guest, start: Boot, session: Session, played: Played) -> Session:
    blob = await session.snapshot()
    if blob is None:
        return session
    await session.close()
    played.snapshots += 1
    return await guest.restore(start, blob)


async def check(guest: Guest, case: Case) -> None:
    """The program ends as its case says."""
    played = await play(guest, boot(guest, case.programs[guest.language], value=case.value_in))
    if case.fails is not None:
        failure = played.failure
        assert (failure.code, failure.name) == case.fails, str(failure)
        assert case.says in failure.message, str(failure)
        if case.line is not None:
            assert failure.line == case.line, str(failure)
    else:
        assert _same(played.value, case.gives), f"{played.value!r} is not {case.gives!r}"
    if case.prints is not None:
        assert tuple(played.printed) == case.prints
    if case.calls is not None:
        assert tuple(call.path for call in played.calls) == case.calls


def _same(left: Any, right: Any) -> bool:
    """Equal in the codec's text form: 1 is not True, NaN is NaN."""
    return encode(left) == encode(right)


async def check_determinism(guest: Guest, case: Case, order: Order) -> None:
    """The same program with the same answers in the same order takes the same turns, byte for byte."""
    start = boot(guest, case.programs[guest.language], value=case.value_in)
    first, second = await play(guest, start, order=order), await play(guest, start, order=order)
    assert first.story() == second.story()


async def check_snapshots(guest: Guest, case: Case, order: Order) -> int:
    """Through a snapshot at every quiescent point the program takes the same turns; gives the number of snapshots."""
    start = boot(guest, case.programs[guest.language], value=case.value_in)
    awake, asleep = await play(guest, start, order=order), await play(guest, start, order=order, sleeping=True)
    assert awake.story() == asleep.story()
    return asleep.snapshots


async def check_endings(guest: Guest, code: str) -> None:
    """After its end a session answers the same outcome, and may be closed twice."""
    session = await guest.start(boot(guest, code))
    turn = await session.advance([], START)
    assert turn.outcome is not None
    again = await session.advance([Settled(1, Returned(Encoded("1")))], START)
    assert again.outcome == turn.outcome
    assert again.calls == ()
    await session.close()
    await session.close()
