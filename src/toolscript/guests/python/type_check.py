"""The type check of a Python program, by the checker that the engine has built in (`ty`), and before anything runs.

Certain, and so reason enough not to start a program:

1. Arguments that the call itself would refuse whatever is still unknown of them: read from the text, and checked by the
   very rules of a call.
2. A key that the declared type of a tool's result does not have, of an object without further members; an attribute of
   such an object or of a list of them; a key of text for a list; a tool's result where a call takes a scalar.
3. The result of a call that was not awaited, taken apart.

Everything else that the checker says of types is advice. What no source promised is `Any`, so it is neither.

The program is given a first line that is certain to be refused by the checker, so that nothing of it ever runs.
"""

from __future__ import annotations

import ast
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic_monty import Monty, MontyError, MontyTypingError, ResourceLimits

from toolscript.guests.hardness import Hardness
from toolscript.guests.python.arguments import ArgumentChecker, Parsed, Span, checkable, parsed, span_of
from toolscript.guests.python.declared import Stub, stub_of
from toolscript.guests.python.mortal import Mortal
from toolscript.guests.python.names import Names
from toolscript.guests.python.origins import Origins
from toolscript.guests.python.written import is_reached
from toolscript.runs.precheck import Problem, one_a_place
from toolscript.tools import Tool

MAX_STUB_CHARS = 400_000
MAX_MESSAGE = 300
MAX_KEPT = 200  # stubs
SLICE_S = 0.4  # after which a program gives way to others, and is checked beside those that took as long
MAX_SLOW = 4  # programs that stand in line for the second pool
WALL_S = 2.0  # a check takes 10 ms, the first one 80
_REFUSED = "_nothing_of_this_runs"  # a name that nothing defines
_LIMITS: ResourceLimits = {"max_feed_duration_secs": 0.05, "max_memory": 16 << 20, "max_suspensions": 10}
_OF_BLOBS = frozenset(("id", "type", "media_type", "size", "text", "bytes", "slice", "json"))
_ADVICE = frozenset(
    ("invalid-argument-type", "invalid-key", "missing-argument", "unknown-argument", "too-many-positional-arguments",
     "unresolved-attribute", "not-subscriptable", "not-iterable", "unsupported-operator", "call-non-callable",
     "index-out-of-bounds", "missing-typed-dict-key", "invalid-await", "no-matching-overload")
)  # fmt: skip
"""Rules of the checker that speak of values; the others are about style, or are told better by the engine."""
_NO_KEY = re.compile(r'Unknown key "(.*?)" for TypedDict `(\w+)`')
_NO_ATTRIBUTE = re.compile(r"Object of type `(.+?)` has no attribute `(\w+)`")
_TEXT_KEY = re.compile(
    r'cannot be called with key of type `(?:Literal\[".*?"\]|str)` on object of type `list\[(\w+)\]`'
)
_NOT_SCALAR = re.compile(r"bound method `_\w+\.\w+` is incorrect: Expected `(?:str|int|float|bool)`, found `(.+?)`")
_A_COROUTINE = re.compile(r"type `CoroutineType\[Any, Any, ")
_NOT_OURS_TO_SAY = re.compile(r"of type `(?:(?:\w*Exception|\w+Error|_\w+)`|bound method _)")
"""Of exceptions, which have more members here than in Python; of namespaces and tools, which the catalogue knows."""
_CLASS = re.compile(r"\w+")
_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp)
_Placed = ast.expr | ast.stmt | ast.keyword


_Finding = tuple[Span, str, str]
"""Where, by which rule, and the checker's own words."""


class PythonTypeChecker:
    """Checks programs, in worker processes of its own. All methods block; any thread may call them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mortal = Mortal()  # a checker that gives up says so on the host's terminal, if it may
        self._pools: dict[float, Monty] = {}
        self._slow = threading.BoundedSemaphore(MAX_SLOW)
        self._hardness = Hardness(r"#[^\n]*|[ \t]*\n")
        self._arguments = ArgumentChecker()
        self._stubs: dict[tuple[int, ...], Stub] = {}

    def problems(self, code: str, tools: Sequence[Tool]) -> list[Problem]:
        """What is wrong with a program, in the order of its text."""
        meant = checkable(tools)
        program = parsed(code) if meant else None
        if program is None:
            return []
        refused = self._arguments.refused(program, meant)
        return one_a_place([*refused.values(), *self._typed(program, self._stub(meant), list(refused))])

    def close(self) -> None:
        """End the workers; a later check starts others."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.__exit__(None, None, None)
        self._mortal.close()

    def _typed(self, program: Parsed, declared: Stub, refused: Sequence[ast.Call]) -> Iterator[Problem]:
        """What the checker says, without what is said of the arguments of these calls already."""
        if len(declared.text) > MAX_STUB_CHARS or "from __future__" in program.text.body:
            return
        lines = program.text.body.split("\n")
        nodes = _nodes(program.names, lines)
        spans = [span_of(call, lines) for call in refused]
        literals = {span_of(each, lines) for kind in _LITERALS for each in program.names.of(kind)}
        for span, rule, message in self._findings(program.text.body, declared.text):
            if any(_is_inside(span, outer) for outer in spans):
                continue
            node = nodes.get(span)
            value = node.value if isinstance(node, ast.keyword) else node
            if rule == "invalid-argument-type" and value is not None and span_of(value, lines) in literals:
                continue  # judged by the rules of a call already
            if (node is not None and _is_sound_call(node, rule)) or _NOT_OURS_TO_SAY.search(message):
                continue
            certain = node is not None and _is_certain(message, declared, program, node)
            shown = 0
            if "CoroutineType[" in message:  # where the call may be that was not awaited
                shown = program.text.place(_bound_line(node, program.names) or span[0], 1)[0]
            place = program.text.place(span[0], span[1])
            yield Problem(*place, _words(message, declared), certain, used_line=shown)

    def _findings(self, body: str, declared: str) -> list[_Finding]:
        """The checker's own answer, lines counted as in the program; nothing where it has none."""
        known = self._hardness.of(body)
        found = None if known else self._found_within(SLICE_S, body, declared)
        if found is None and known != "hard":
            self._hardness.note(body, "slow")
            if not self._slow.acquire(blocking=False):
                return []
            try:
                found = self._found_within(WALL_S, body, declared)
            finally:
                self._slow.release()
            if found is None:
                self._hardness.note(body, "hard")
        return found or []

    def _found_within(self, seconds: float, body: str, declared: str) -> list[_Finding] | None:
        """The same; None where it takes longer than that."""
        begun = time.monotonic()
        try:
            with self._opened(seconds).checkout(
                type_check=True, type_check_stubs=declared, type_check_format="gitlab", limits=_LIMITS
            ) as session:
                begun = time.monotonic()
                step: Any = session.feed_start(f"{_REFUSED}\n{body}")
                while hasattr(step, "resume_not_handled") and getattr(step, "function_name", "") == "import_stubs":
                    step = step.resume_not_handled()
        except MontyTypingError as error:
            return _read_findings(error.display())
        except (MontyError, TimeoutError):  # it cannot be parsed, was killed, or ran out of something
            return None if time.monotonic() - begun >= seconds else []
        return []

    def _opened(self, seconds: float) -> Monty:
        with self._lock:
            pool = self._pools.get(seconds)
            if pool is None:
                mortal = self._mortal.path()
                try:
                    pool = _started(seconds, mortal)
                except (MontyError, OSError):
                    if mortal is None:
                        raise
                    pool = _started(seconds, None)  # what the platform promised does not work here
                self._pools[seconds] = pool
            return pool

    def _stub(self, tools: Sequence[Tool]) -> Stub:
        key = tuple(map(id, tools))
        with self._lock:
            held = self._stubs.get(key)
            if held is None:
                if len(self._stubs) >= MAX_KEPT:
                    self._stubs.clear()
                held = self._stubs[key] = stub_of(tools)
            return held


def _started(seconds: float, path: str | None) -> Monty:
    pool = Monty(
        binary_path=path,
        min_processes=1,
        max_processes=2 if seconds == SLICE_S else 1,
        request_timeout=seconds,
        checkout_timeout=WALL_S,
        max_checkouts_per_worker=200,
    )
    pool.__enter__()
    with pool.checkout():  # a program that cannot be started is noticed here, and not before
        return pool


def _nodes(names: Names, lines: Sequence[str]) -> Mapping[Span, _Placed]:
    """The nodes of a program by where they stand."""
    placed = [node for nodes in names.kinds.values() for node in nodes if isinstance(node, _Placed)]
    return {span_of(node, lines): node for node in placed}


def _is_sound_call(node: ast.AST, rule: str) -> bool:
    """Whether the checker complains of a form that a call may have: its arguments in one dict."""
    if rule not in ("missing-argument", "too-many-positional-arguments"):
        return False
    return isinstance(node, ast.Dict | ast.Name) or (isinstance(node, ast.Call) and bool(node.args))


def _is_certain(message: str, declared: Stub, program: Parsed, node: ast.AST) -> bool:
    if not is_reached(program.names, node, program.handles):
        return False
    subject, origins = _subject(node, program.names), Origins(program.names)
    if origins.is_idle(node) or origins.is_conditional(node, subject):
        return False
    if found := _NO_KEY.search(message):
        key, name = found[1], found[2]
        elsewhere = any(key in keys for keys in declared.keys.values())
        known = elsewhere or _is_known_of(key, program.names) or not origins.is_plain(subject)
        return name in declared.closed and not known
    if found := _NO_ATTRIBUTE.search(message):
        asked = any(node.id in ("hasattr", "getattr") for node in program.names.of(ast.Name))
        return _is_ours(found[1], declared) and found[2] not in _OF_BLOBS and not asked
    if found := _TEXT_KEY.search(message):
        return found[1] in declared.keys
    if found := _NOT_SCALAR.search(message):
        return _is_ours(found[1], declared)
    return (
        _A_COROUTINE.search(message) is not None
        and isinstance(node, ast.expr)
        and not _is_awaited_in_place(node, program.names)
    )


def _subject(node: ast.AST, names: Names) -> ast.AST:
    """What a place is about: the object whose member or key is read there, or what is handed over."""
    held = names.parents.get(node)
    match node:
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.keyword(value=value):
            return value
        case _:
            return held.value if isinstance(held, ast.Subscript) and held.slice is node else node


def _bound_line(node: ast.AST | None, names: Names) -> int:
    """The line that binds what a place is about; 0 where no single one does."""
    match None if node is None else _subject(node, names):
        case ast.Name(id=name) if names.bound[name] == 1:
            stored = (use.lineno for use in names.named(name) if isinstance(use.ctx, ast.Store))
            return next(stored, 0)
        case _:
            return 0


def _is_awaited_in_place(node: ast.expr, names: Names) -> bool:
    """Whether the program keeps in this variable, in some place, what it awaited of it."""
    match node.value if isinstance(node, ast.Subscript | ast.Attribute) else node:
        case ast.Name(id=name):
            awaited = (held for held in map(names.parents.get, names.named(name)) if isinstance(held, ast.Await))
            given = [names.parents.get(each) for each in awaited]
            return any(isinstance(each, ast.Assign) and _is_name(each.targets[0], name) for each in given)
        case _:
            return False


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_ours(name: str, declared: Stub) -> bool:
    """Whether a type is a class of the stub, or a list of it."""
    inner = name.removeprefix("list[").removesuffix("]") if name.startswith("list[") else name
    return _CLASS.fullmatch(inner) is not None and inner in declared.keys


def _is_known_of(key: str, names: Names) -> bool:
    """Whether the program sets this key anywhere, asks for it, or makes members in ways that cannot be told."""
    for node in names.of(ast.Subscript):
        if not isinstance(node.ctx, ast.Load) and not (
            isinstance(node.slice, ast.Constant) and node.slice.value != key
        ):
            return True
    for node in names.of(ast.Compare):
        if any(isinstance(each, ast.In | ast.NotIn) for each in node.ops) and not (
            isinstance(node.left, ast.Constant) and node.left.value != key
        ):
            return True
    if any(isinstance(node.op, ast.BitOr) for node in names.of(ast.AugAssign)):
        return True
    if any(node.value == key and not _only_reads(node, names) for node in names.of(ast.Constant)):
        return True
    return any(_makes_or_asks(node, key) for node in names.of(ast.Call))


def _only_reads(node: ast.Constant, names: Names) -> bool:
    """Whether a text is no question for a member of that name: a key that is read, that of another dict, a tool's."""
    held = names.parents.get(node)
    match held:
        case ast.Subscript(slice=index) if index is node:
            return True
        case ast.Dict(keys=keys) if any(key is node for key in keys):
            return True
        case _:
            calls = (each.func for each in names.around(node) if isinstance(each, ast.Call))
            return any(
                isinstance(func, ast.Attribute)
                and isinstance(func.value, ast.Name)
                and func.value.id not in names.bound
                for func in calls
            )


def _makes_or_asks(node: ast.Call, key: str) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="update" | "__setitem__" | "setitem")):
            return True
        case ast.Call(func=ast.Attribute(attr="setdefault" | "get" | "pop"), args=[first, *_]):
            return not isinstance(first, ast.Constant) or first.value == key
        case _:
            return False


def _words(message: str, declared: Stub) -> str:
    """The checker's own words, as a program's author knows the names."""
    if _A_COROUTINE.search(message):
        return "the result of a call is not there yet: write `await` before the call"
    if found := _TEXT_KEY.search(message):
        return f"a list of {found[1]} has no keys: take one of its items first"
    if (found := _NO_ATTRIBUTE.search(message)) and found[2] in declared.keys.get(found[1], ()):
        return f'{found[1]} is a dict: write `["{found[2]}"]` for its member'
    message = re.sub(r"bound method `_(\w+\.\w+)`", r"`\1`", message)
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def _read_findings(answer: str) -> list[_Finding]:
    """The findings that are worth telling, without that of the first line, which is ours."""
    try:
        listed = cast("list[dict[str, Any]]", json.loads(answer))
    except ValueError:
        return []
    found: list[_Finding] = []
    for each in listed:
        rule, positions = str(each["check_name"]), each["location"]["positions"]
        begin, end = positions["begin"], positions["end"]
        span = begin["line"] - 1, begin["column"], end["line"] - 1, end["column"]
        if span[0] > 0 and rule in _ADVICE and each["severity"] != "minor":
            found.append((span, rule, str(each["description"]).removeprefix(f"{rule}: ")))
    return found


def _is_inside(span: Span, outer: Span) -> bool:
    return outer[:2] <= span[:2] and span[2:] <= outer[2:]
