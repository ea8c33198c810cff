"""One live program without an event loop: turns, limits and snapshots, on whatever thread calls.

1. A program is one strand, and one more for each snippet that it runs. A turn moves every strand that can move, one
   after the other, in the order in which they came to be able to.
2. Calls are numbered over all strands in the order in which they are made.
3. When the program has its value, the calls that nobody awaited are still answered; timers are not waited for.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic_monty import (
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySyntaxError,
    NameLookupSnapshot,
    ResourceLimits,
    SyncSnapshot,
    __version__,
)

from toolscript.codec import CodecError, Encoded, TooLarge, decode, digest, encode
from toolscript.errors import Failure, Fault, GuestError
from toolscript.guests.python import caught, failures, prelude, saved, snapshot, wire
from toolscript.guests.python.asked import Asked
from toolscript.guests.python.before import ERRORS, STEP
from toolscript.guests.python.guard import Guard
from toolscript.guests.python.opened import Open
from toolscript.guests.python.printing import Printed
from toolscript.guests.python.source import Prepared, prepare
from toolscript.guests.python.strand import Origin, Strand
from toolscript.guests.python.workers import Workers
from toolscript.runs.program import Boot, Instant
from toolscript.runs.turn import Answer, Crashed, Finished, Outcome, Raised, Returned, Settled, Turn, Usage

FORMAT = 1  # of snapshots, and of all that a replay depends on: what is fed, and how calls are made of it
STACK_BYTES_PER_CALL = 128  # so that the default of 128 KiB gives the 1,000 calls that CPython gives
DEPTHS = (64, 1_000)  # beyond it the engine's own stack would not suffice
_ENDLESS = 1 << 31  # suspensions: the program's calls and its time are counted here instead


@cache
def engine() -> str:
    """What a log and a snapshot depend on: the engine's version, and what programs are given with it."""
    return digest("\0".join((f"monty {__version__} {FORMAT}", STEP, ERRORS, caught.PRELUDE, prelude.all_text())))


class _Over(Exception):
    """The program is over, whatever its strands would still do."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class LiveProgram:
    """A program in its workers. One turn at a time; `cancel` and `close` may come from any thread."""

    def __init__(self, boot: Boot, workers: Workers) -> None:
        self._boot = boot
        self._workers = workers
        self._guard = Guard(self._free)
        self._strands: dict[int, Strand] = {}
        self._moving: Strand | None = None
        self._queue: deque[Strand] = deque()
        self._open: dict[int, Open] = {}
        self._told: dict[str, Failure] = {}
        self._asked = Asked(boot, self._open, self._told)
        self._printed = Printed(boot.limits.printed_bytes)
        self._strand_count = 0
        self._cpu_ns = 0
        self._started = False
        self._value: Finished | None = None
        self._outcome: Outcome | None = None
        self._cancelled = False

    def advance_blocking(self, answers: Sequence[Settled], now: Instant) -> Turn:
        """One turn; see `ports.Session.advance`."""
        with self._guard:
            if self._outcome is not None:
                return Turn(outcome=self._outcome, usage=self._usage)
            if self._guard.is_closed:
                raise Fault("the session is closed")
            self._asked.now = now
            try:
                self._outcome = self._turn(answers)
            except _Over as over:
                self._outcome = Crashed(over.failure)
            except BaseException:
                self._guard.is_closed = True
                raise
            if self._outcome is not None:
                self._free()
                self._printed.end()
            calls = self._asked.taken()
            return Turn(calls=calls, printed=self._printed.taken(), outcome=self._outcome, usage=self._usage)

    def snapshot_blocking(self) -> bytes | None:
        """The state between two turns; None when the program has ended."""
        with self._guard:
            if self._guard.is_closed or self._outcome is not None:
                return None
            strands = sorted(self._strands.values(), key=lambda strand: strand.number)
            try:
                states = [strand.dump() or b"" for strand in strands]
            except (MontyError, RuntimeError):
                return None  # its worker is dead: what can be done with the program is to replay it
            notes = {
                "started": self._started,
                "cpu_us": self._cpu_ns // 1000,
                "count": self._asked.count,
                "strand_count": self._strand_count,
                "value": None if self._value is None else self._value.value,
                "printed": [self._printed.written, self._printed.rest, self._printed.is_cut],
                "open": {str(seq): saved.notes_of_call(call) for seq, call in self._open.items()},
                "told": [saved.notes_of_failure(failure) for failure in self._told.values()],
                "woken": {str(number): ids for number, ids in self._asked.woken_tasks.items()},
                "strands": [saved.notes_of_strand(strand) for strand in strands],
            }
            if sum(map(len, states)) > self._most_state:
                return None
            return snapshot.pack(self._origin, notes, states)

    @classmethod
    def restore(cls, boot: Boot, workers: Workers, blob: bytes) -> LiveProgram:
        """The program that a snapshot was taken of; `ValueError` for one that is damaged or of another engine."""
        live = cls(boot, workers)
        notes, states = snapshot.unpack(blob, live._origin, most_bytes=live._most_state)
        try:
            live._wake(notes, states)
        except (KeyError, TypeError, _Over) as error:
            raise ValueError("the snapshot is damaged") from error
        return live

    def cancel(self) -> None:
        """Stop what runs now, at once and for good."""
        self._cancelled = True
        moving = self._moving
        if moving is not None and moving.lease is not None:
            moving.lease.kill()

    def close(self) -> None:
        """Free the workers; a turn that is under way is stopped, and frees them then."""
        self.cancel()
        self._guard.close()

    def _wake(self, notes: Mapping[str, Any], states: Sequence[bytes]) -> None:
        self._started, self._cpu_ns = notes["started"], notes["cpu_us"] * 1000
        self._asked.count, self._strand_count = notes["count"], notes["strand_count"]
        self._value = None if notes["value"] is None else Finished(notes["value"])
        self._printed.written, self._printed.rest, self._printed.is_cut = notes["printed"]
        self._open.update((int(seq), saved.call_of(call)) for seq, call in notes["open"].items())
        self._asked.woken_tasks.update((int(number), ids) for number, ids in notes["woken"].items())
        for failure in map(saved.failure_of, notes["told"]):
            self._told[failure.message] = failure
        for strand_notes, state in zip(notes["strands"], states, strict=True):
            origin = self._snippet(strand_notes) if strand_notes["snippet"] else self._main()
            strand = Strand(strand_notes["number"], origin, self._workers, self._guard)
            saved.fill(strand, strand_notes, state)
            self._strands[strand.number] = strand

    def _snippet(self, notes: Mapping[str, Any]) -> Origin:
        return Origin(
            text=self._prepared(notes["code"]),
            code=notes["code"],
            names=tuple(notes["names"]),
            input=Encoded(notes["input"]),
            snippet=notes["snippet"],
            depth=notes["depth"],
            parent=notes["parent"],
            call_id=notes["call_id"],
        )

    @property
    def _origin(self) -> bytes:
        """What a snapshot belongs to: the engine, and the program with its input and seed."""
        program = self._boot.program
        text = "\0".join((engine(), program.code, program.input, str(self._boot.seed)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]

    @property
    def _most_state(self) -> int:
        """Bytes of a snapshot before it is packed: a program of more is replayed instead."""
        return 2 * self._boot.limits.memory_bytes + (16 << 20)

    @property
    def _usage(self) -> Usage:
        return Usage(cpu_us=self._cpu_ns // 1000)

    def _free(self) -> None:
        for strand in self._strands.values():
            strand.close()
        self._strands.clear()

    def _turn(self, answers: Sequence[Settled]) -> Outcome | None:
        if not self._started:
            self._started = True
            self._add(self._main())
        for settled in answers:
            self._settle(settled)
        while self._queue:
            strand = self._queue.popleft()
            try:
                self._move(strand)
            except (MontyRuntimeError, MontySyntaxError) as error:
                self._failed(strand, error)
            except MontyError as error:
                raise self._broken_off(error) from error
            except (ValueError, TypeError, RuntimeError) as error:  # what its host side says of values of ours
                raise Fault(f"the Python engine refused what it was given: {error}") from error
            finally:
                self._moving = None
        return self._ending()

    def _ending(self) -> Outcome | None:
        """How the program ends, if nothing moves any more and it waits for nothing."""
        if self._value is not None:
            return None if any(not call.is_timer for call in self._open.values()) else self._value
        if not self._open:
            message = "the program waits for something that nothing can resolve: no call and no timer is outstanding"
            return Crashed(Failure(kind="guest", code="deadlock", name="DeadlockError", message=message))
        return None

    def _main(self) -> Origin:
        program = self._boot.program
        return Origin(
            text=self._prepared(program.code),
            code=program.code,
            names=tuple(self._boot.namespaces),
            input=program.input,
        )

    def _prepared(self, code: str) -> Prepared:
        size, most = len(code.encode("utf-8", "surrogatepass")), self._boot.limits.source_bytes
        if size > most:
            message = f"the program is too long: {size:,} bytes (limit: {most:,}); move data into `input`"
            raise _Over(Failure(kind="guest", code="limit", name="LimitError", message=message))
        try:
            return prepare(code)
        except GuestError as error:
            raise _Over(error.failure) from error

    def _add(self, origin: Origin) -> None:
        strand = Strand(self._strand_count, origin, self._workers, self._guard)
        self._strand_count += 1
        self._strands[strand.number] = strand
        self._queue.append(strand)

    def _settle(self, settled: Settled) -> None:
        """Hand an answer to the strand that waits for it."""
        call = self._open.pop(settled.seq, None)
        if call is None:
            return
        if call.depth and isinstance(settled.answer, Returned):
            self._run_snippet(settled.answer.value, call)
            return
        strand = self._strands.get(call.strand)
        if strand is None:  # it ended, and nobody awaited the call
            if isinstance(settled.answer, Raised) and not call.is_timer:
                failure = settled.answer.failure
                self._printed(
                    "stdout", f"warning: nobody awaited a call that failed: {failure.name}: {failure.message}\n"
                )
            return
        if call.reading is not None and isinstance(settled.answer, Returned):
            more = self._asked.read_on(call, settled.answer)
            if more is None:
                return
            self._give(strand, call.call_id, more)
        else:
            self._give(strand, call.call_id, settled.answer)

    def _give(self, strand: Strand, call_id: int, answer: Answer) -> None:
        if isinstance(answer, Raised):
            self._told[answer.failure.message] = answer.failure
        strand.ready.append((call_id, answer))
        if strand not in self._queue:
            self._queue.append(strand)

    def _run_snippet(self, answer: Encoded, call: Open) -> None:
        opened = decode(answer)
        try:
            code, name, names, value = opened["script"], opened["name"], opened["namespaces"], opened["input"]
        except (KeyError, TypeError) as error:
            raise Fault("a snippet came in a form that cannot be run") from error
        notes = {"code": code, "names": names, "input": encode(value), "snippet": name, **_waiting(call)}
        self._add(self._snippet(notes))

    def _move(self, strand: Strand) -> None:
        """Let a strand run until it waits for answers, or ends."""
        self._moving = strand
        if not strand.enter(self._engine_limits, lambda: self._cancelled):
            raise _Over(_STOPPED)
        began, began_calls = time.perf_counter_ns(), self._asked.count  # not while it waited for a worker
        try:
            at = strand.stand(self._printed)
            while (after := self._next(strand, at)) is not None:
                at = after
                if self._cpu_ns + time.perf_counter_ns() - began > self._boot.limits.cpu_ms * 1_000_000:
                    raise _Over(failures.out_of_time(self._boot.limits))
                if self._asked.count != began_calls:
                    self._check_calls()
        finally:
            self._cpu_ns += time.perf_counter_ns() - began
        if isinstance(at, MontyComplete):
            self._ended(strand, at.output)
        else:
            strand.rest(at)

    def _next(self, strand: Strand, at: SyncSnapshot) -> SyncSnapshot | None:
        """Where the strand stands next; None where it can go on no further."""
        match at:
            case FunctionSnapshot():
                if strand.held < 0:
                    return self._asked.called(strand, at)
                answer = strand.held_answer()
                return None if answer is None else at.resume(answer)
            case NameLookupSnapshot():
                return self._asked.named(at)
            case FutureSnapshot():
                due = self._asked.woken(strand, at.pending_call_ids) or strand.due(at.pending_call_ids)
                return at.resume(due) if due else None
            case MontyComplete():
                return None

    def _check_calls(self) -> None:
        limits = self._boot.limits
        if self._asked.count > limits.calls + CALLS_MARGIN:
            advice = "filter or page on the tool's side"
            raise _Over(failures.limit("the program made too many calls", advice, f"{limits.calls:,} calls"))

    def _engine_limits(self) -> ResourceLimits:
        limits = self._boot.limits
        depth = limits.stack_bytes // STACK_BYTES_PER_CALL
        return {
            "max_feed_duration_secs": max(limits.cpu_ms / 1000 - self._cpu_ns / 1e9, 0.001),
            "max_memory": limits.memory_bytes,
            "max_recursion_depth": min(max(depth, DEPTHS[0]), DEPTHS[1]),
            "max_suspensions": _ENDLESS,
        }

    def _ended(self, strand: Strand, output: object) -> None:
        """A strand has its value."""
        del self._strands[strand.number]
        strand.close()
        origin, limits = strand.origin, self._boot.limits
        try:
            value = wire.outward(output, max_bytes=limits.output_bytes)
        except TooLarge:
            size = f"{limits.output_bytes:,} bytes"
            raise _Over(failures.limit("the returned value is too large", "return only what is needed", size)) from None
        except CodecError as error:
            self._end_badly(origin, failures.of_value(error, origin))
            return
        if origin.parent < 0:
            self._value = Finished(value)
        elif (parent := self._strands.get(origin.parent)) is not None:
            self._give(parent, origin.call_id, Returned(value))

    def _failed(self, strand: Strand, error: MontyRuntimeError | MontySyntaxError) -> None:
        if failures.has_left(error):
            self._ended(strand, None)
            return
        failure = failures.of_program(error, strand.origin, self._told, self._boot.limits)
        self._strands.pop(strand.number, None)
        strand.close()
        self._end_badly(strand.origin, failure)

    def _end_badly(self, origin: Origin, failure: Failure) -> None:
        if origin.parent < 0 or failure.code == "limit":
            raise _Over(failure)
        parent = self._strands.get(origin.parent)
        if parent is not None:
            self._give(parent, origin.call_id, Raised(failure))
            self._told[failure.message] = failures.in_snippet(failure, origin.snippet)

    def _broken_off(self, error: MontyError) -> _Over | Fault:
        """The engine did not come back."""
        if self._cancelled or self._workers.is_closed:
            return _Over(_STOPPED)
        if isinstance(error, MontyCrashedError):
            if self._cpu_ns >= self._boot.limits.cpu_ms * 1_000_000:
                return _Over(failures.out_of_time(self._boot.limits))
            advice = "use less memory and recursion"
            return _Over(failures.limit("the program broke off", advice, "the engine's memory"))
        return Fault(f"the Python engine failed: {type(error).__name__}")


def _waiting(call: Open) -> Mapping[str, int]:
    """Who waits for a snippet's value."""
    return {"depth": call.depth, "parent": call.strand, "call_id": call.call_id}


CALLS_MARGIN = 64  # beyond the run's own limit of calls, which the runtime reports in better words
_STOPPED = Failure(kind="guest", code="cancelled", name="CancelledError", message="the program was stopped")
