"""One session of the engine: the program itself, or a snippet that it runs. It has a worker, or is bytes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic_monty import (
    ClassInstance,
    ExternalSettledResult,
    FunctionSnapshot,
    FutureSnapshot,
    MontyError,
    PrintCallback,
    ResourceLimits,
    SyncSnapshot,
)

from toolscript.codec import Blob, Encoded
from toolscript.errors import Fault
from toolscript.guests.python import wire
from toolscript.guests.python.before import STEP_NAME, before, has_step
from toolscript.guests.python.calls import STATE
from toolscript.guests.python.guard import Guard
from toolscript.guests.python.raised import raised
from toolscript.guests.python.source import Prepared
from toolscript.guests.python.workers import Lease, Workers
from toolscript.runs.turn import Answer, Raised, Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a strand comes from: its text, and for a snippet its name and the call that asked for it.

    `parent` and `call_id` say who waits for its value: a strand's number, and the id of the call in there.
    """

    text: Prepared
    code: str
    names: Sequence[str]
    input: Encoded
    snippet: str = ""
    depth: int = 0
    parent: int = -1
    call_id: int = -1

    before: str = field(init=False)
    """What is fed before the text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", before(self.text.script, self.names))

    @property
    def file(self) -> str:
        """What the engine calls the text in its frames: it counts what it was fed."""
        return "<python-input-1>" if self.before else "<python-input-0>"


class Strand:
    """Moves only while its program's guard is held."""

    def __init__(self, number: int, origin: Origin, workers: Workers, guard: Guard) -> None:
        self.number = number
        self.origin = origin
        self.ready: list[tuple[int, Answer]] = []
        """Answers that it was not yet given, by the id of their call."""
        self.held = -1
        """The id of the call that it waits for within a statement, where it can take no other answer."""
        self.draws = 0
        self.blobs: dict[uuid.UUID, Blob] = {}
        self._handles: dict[Blob, ClassInstance] = {}
        self.bytes: bytes | None = None
        self.lease: Lease | None = None
        self.is_lost = False
        self._workers = workers
        self._guard = guard
        self._at: SyncSnapshot | None = None
        for name in (*origin.names, STATE):
            wire.namespace_id(
                name
            )  # known from here on, also where the objects themselves were sent by another process

    def enter(self, limits: Callable[[], ResourceLimits], given_up: Callable[[], bool]) -> bool:
        """See to it that it has a worker; False when it was given up before it got one."""
        self._workers.wake(self)
        if self.is_lost:
            raise Fault("the worker of a Python program died while the program waited")
        if self.lease is None:
            self.lease = self._workers.lease(limits(), given_up)
        return self.lease is not None and not given_up()  # asked again, now that there is a lease to be killed

    def stand(self, printed: PrintCallback) -> SyncSnapshot:
        """Where it stands in its worker; it is started if it was not."""
        assert self.lease is not None
        if self._at is not None:
            at, self._at = self._at, None
            return at
        if self.bytes is not None:
            at, self.bytes = self.lease.session.load_snapshot(self.bytes, print_callback=printed), None
            return at
        return self._start(self.lease, printed)

    def rest(self, at: SyncSnapshot) -> None:
        """Wait here for answers."""
        self._at = at
        self._workers.rest(self)

    def sleep(self) -> bool:
        """Become bytes, and give the worker back."""
        if not self._guard.enter_at_once():
            return False
        try:
            at = self._at
            if not isinstance(at, FunctionSnapshot | FutureSnapshot):
                return False
            with suppress(MontyError, RuntimeError):  # the worker is dead: whoever wants to go on is told
                self.bytes = at.dump()
            self.close()
            self.is_lost = self.bytes is None
            return True
        finally:
            self._guard.leave()

    def dump(self) -> bytes | None:
        """Its state as bytes, where it stays as it is; None when it has not begun."""
        at = self._at
        return at.dump() if isinstance(at, FunctionSnapshot | FutureSnapshot) else self.bytes

    def close(self) -> None:
        """Give the worker back."""
        lease, self.lease, self._at = self.lease, None, None
        self._workers.wake(self)
        if lease is not None:
            lease.release()

    def due(self, pending: Sequence[int]) -> dict[int, ExternalSettledResult]:
        """The answers that it can be given now, in their order; what it does not wait for any more is dropped."""
        due = {call_id: self._given(answer) for call_id, answer in self.ready if call_id in pending}
        self.ready.clear()
        return due

    def held_answer(self) -> ExternalSettledResult | None:
        """The answer to the call that holds it, if it is there."""
        for index, (call_id, answer) in enumerate(self.ready):
            if call_id == self.held:
                del self.ready[index]
                self.held = -1
                return self._given(answer)
        return None

    def know(self, blob: Blob) -> None:
        """From now on its methods can be called."""
        self.blobs[wire.blob_id(blob)] = blob

    def _given(self, answer: Answer) -> ExternalSettledResult:
        match answer:
            case Returned(value):
                return {"return_value": self.taken(value)}
            case Raised(failure):
                return raised(failure)

    def taken(self, text: Encoded) -> Any:
        """A value as the engine gets it."""
        return wire.inward(text, self._handle)

    def _handle(self, blob: Blob) -> ClassInstance:
        """The engine wants the same object for the same blob."""
        if blob not in self._handles:
            self.know(blob)
            self._handles[blob] = wire.handle(blob)
        return self._handles[blob]

    def _start(self, lease: Lease, printed: PrintCallback) -> SyncSnapshot:
        origin, session = self.origin, lease.session
        inputs: dict[str, Any] = {name: wire.namespace(name) for name in origin.names}
        inputs["input"] = self.taken(origin.input)
        if origin.before:
            steps = has_step(origin.text.script, origin.names)
            given = {"_mark": wire.method("codemode.step")} if steps else {}
            step = session.feed_run(f"{origin.before}\n{STEP_NAME if steps else None}", inputs=given)
            if steps:
                inputs["codemode"] = wire.namespace("codemode", step=step)
        return session.feed_start(origin.text.script, inputs=inputs, print_callback=printed)
