"""One live program without an event loop: turns, limits and snapshots, on whatever thread calls."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace

from toolscript.codec import CodecError, Encoded
from toolscript.errors import Failure, Fault, GuestError
from toolscript.guests.javascript import snapshot, vm, wire
from toolscript.guests.javascript.failures import Words
from toolscript.guests.javascript.source import Prepared, prepare
from toolscript.guests.javascript.template import Template
from toolscript.runs.program import Boot, Instant, Program
from toolscript.runs.turn import Crashed, Finished, Outcome, Settled, Turn, Usage

GAS_UNIT = 10_000  # JS_INTERRUPT_COUNTER_INIT of quickjs.c: loop turns and calls between two looks
CALLS_MARGIN = 64  # beyond the run's own limit of calls, which the runtime reports in better words
STACK_BYTES = (16 << 10, 192 << 10)  # the guest's own stack has 256 KiB


class LiveProgram:
    """A program in its instance. One turn at a time; `cancel` and `close` may come from any thread."""

    def __init__(self, boot: Boot, template: Template, image: snapshot.Image | None = None) -> None:
        self._boot = boot
        self._template = template
        self._image = image
        self._lock = threading.Lock()
        self._vm: vm.VM | None = None
        self._words: Words
        self._script = ""
        self._started = False
        self._usage = Usage()
        self._outcome: Outcome | None = None
        self._closed = False

    @classmethod
    def start(cls, boot: Boot, template: Template) -> LiveProgram:
        """A program that has not run yet; all work is left to its first turn."""
        return cls(boot, template)

    @classmethod
    def restore(cls, boot: Boot, template: Template, blob: bytes) -> LiveProgram:
        """The program that a snapshot was taken of; `ValueError` for one that is damaged or of another engine."""
        live = cls(boot, template, snapshot.unpack(blob, _origin(boot, template), template.memory()))
        if live._awake() is None:
            raise ValueError("the snapshot is of another program")
        return live

    @staticmethod
    def compiled(code: str, template: Template) -> str:
        """The script of a program that the engine has parsed, and not run; `GuestError` for one that it cannot."""
        live = LiveProgram(Boot(program=Program(code=code)), template)
        try:
            machine = live._awake()
            if machine is not None:
                live._set_limits(machine)
                status, content = machine.turn(wire.load_message(live._script), vm.REST_NS)
                live._outcome = live._read(status, content).outcome
        except vm.Stopped as stopped:
            raise Fault("the JavaScript engine failed while it parsed a program") from stopped
        finally:
            live.close()
        if isinstance(live._outcome, Crashed):
            raise GuestError(live._outcome.failure)
        return live._script

    def advance_blocking(self, answers: Sequence[Settled], now: Instant) -> Turn:
        """One turn; see `ports.Session.advance`."""
        with self._lock:
            if self._outcome is not None:
                return Turn(outcome=self._outcome, usage=self._usage)
            if self._closed:
                raise Fault("the session is closed")
            machine = self._awake()
            if machine is None:
                return Turn(outcome=self._outcome, usage=self._usage)
            try:
                turn = self._turn(machine, answers, now)
            except Fault:
                self._closed = True
                raise
            finally:
                if self._closed:
                    self._free()
            if turn.outcome is not None:
                self._outcome = turn.outcome
                self._free()
            return turn

    def snapshot_blocking(self) -> bytes | None:
        """The state between two turns; None when the program has ended."""
        with self._lock:
            machine = None if self._closed or self._outcome is not None else self._awake()
            if machine is None:
                return None
            try:
                machine.rest()
            except vm.Stopped as error:
                raise Fault("the JavaScript engine failed while it collected garbage") from error
            memory = machine.read(0, machine.size())
            header = snapshot.Header(_origin(self._boot, self._template), self._started, machine.cpu_ns // 1000)
            return snapshot.pack(header, memory, self._template.memory())

    def cancel(self) -> None:
        """Stop what runs now, within about two ticks, and for good."""
        machine = self._vm
        if machine is not None:
            machine.cancelled = True

    def close(self) -> None:
        """Free the instance; a turn that is under way is stopped, and frees it then."""
        self._closed = True
        self.cancel()
        if self._lock.acquire(blocking=False):
            try:
                self._free()
            finally:
                self._lock.release()

    def _awake(self) -> vm.VM | None:
        """The instance, made when it is first needed; None when the program cannot even be parsed."""
        if self._vm is not None:
            return self._vm
        prepared = _prepared(self._boot)
        if isinstance(prepared, Failure):
            self._outcome = Crashed(prepared)
            return None
        self._script, self._words = prepared.script, Words(self._boot, prepared)
        machine, image = self._template.instance(self._boot.limits.memory_bytes), self._image
        if image is not None:
            try:
                machine.overwrite(image.pages, image.size)
            except ValueError:
                machine.close()
                raise
            machine.cpu_ns = image.cpu_us * 1000
            self._started, self._image = image.started, None
        machine.cancelled = self._closed
        self._vm = machine
        return machine

    def _free(self) -> None:
        machine, self._vm = self._vm, None
        if machine is not None:
            machine.close()

    def _turn(self, machine: vm.VM, answers: Sequence[Settled], now: Instant) -> Turn:
        limits = self._boot.limits
        control = machine.control
        if self._started:
            message = wire.answers_message(answers)
        else:
            message = wire.start_message(self._boot.namespaces, self._script, self._boot.program.input)
            self._set_limits(machine)
            self._started = True
        control[0] = now
        remaining_ns = limits.cpu_ms * 1_000_000 - machine.cpu_ns
        try:
            status, content = machine.turn(message, max(remaining_ns, 0))
        except vm.Stopped as stopped:
            return self._stopped(machine, str(stopped))
        self._usage = Usage(
            instructions=control[13] * GAS_UNIT, cpu_us=machine.cpu_ns // 1000, memory_bytes=control[14]
        )
        return self._read(status, content)

    def _set_limits(self, machine: vm.VM) -> None:
        limits, control = self._boot.limits, machine.control
        values = (
            *(_signed(self._boot.seed), -(-limits.instructions // GAS_UNIT)),
            max(
                limits.memory_bytes - (1 << 20), 2 << 20
            ),  # less than the instance's, so that the program sees an error
            min(max(limits.stack_bytes, STACK_BYTES[0]), STACK_BYTES[1]),
            *(limits.calls + CALLS_MARGIN, limits.answer_bytes, limits.output_bytes, limits.printed_bytes),
        )
        for index, value in enumerate(values, 1):
            control[index] = value

    def _read(self, status: int, content: bytes) -> Turn:
        try:
            lines = wire.parse(content)
        except ValueError as error:
            raise Fault("the JavaScript engine wrote what cannot be read") from error
        for index, text in lines.warnings:
            lines.printed[index] = self._words.warning(text)
        return Turn(
            calls=tuple(lines.calls),
            dropped=tuple(lines.dropped),
            printed=tuple(lines.printed),
            outcome=self._status_outcome(status) or self._ending(lines),
            usage=self._usage,
        )

    def _status_outcome(self, status: int) -> Outcome | None:
        limits = self._boot.limits
        match status:
            case vm.OUT_OF_GAS:
                return self._limit(
                    "the program ran too long", "look for an endless loop, or do less", f"{limits.instructions:,} steps"
                )
            case vm.TOO_MANY_CALLS:
                return self._limit(
                    "the program made too many calls", "filter or page on the tool's side", f"{limits.calls:,} calls"
                )
            case vm.OUT_OF_MEMORY:
                return Crashed(self._words.out_of_memory())
            case vm.BROKEN:
                raise Fault("the JavaScript engine could not read its message")
            case _:
                return None

    def _ending(self, lines: wire.Lines) -> Outcome | None:
        match lines.ending:
            case None:
                return None
            case "finished":
                return Finished(Encoded(lines.text))
            case "failed":
                try:
                    return Crashed(self._words.of_program(lines.text))
                except CodecError as error:
                    raise Fault("the JavaScript engine wrote a failure that cannot be read") from error
            case "too_large":
                size = f"{self._boot.limits.output_bytes:,} bytes"
                return self._limit("the returned value is too large", "return only what is needed", size)
            case "deadlock":
                message = (
                    "the program waits for a promise that nothing can resolve: no call and no timer is outstanding"
                )
                return Crashed(Failure(kind="guest", code="deadlock", name="DeadlockError", message=message))

    def _limit(self, what: str, advice: str, limit: str) -> Outcome:
        return Crashed(self._words.limit(what, advice, limit))

    def _stopped(self, machine: vm.VM, why: str) -> Turn:
        limits = self._boot.limits
        self._usage = replace(self._usage, cpu_us=machine.cpu_ns // 1000)
        if machine.cancelled:
            failure = Failure(kind="guest", code="cancelled", name="CancelledError", message="the program was stopped")
        elif machine.cpu_ns >= limits.cpu_ms * 1_000_000:
            advice = "look for a regular expression, sort or loop over too much data"
            failure = self._words.limit("the program used up its computing time", advice, f"{limits.cpu_ms:,} ms")
        else:
            failure = self._words.limit("the program broke off", "use less memory and recursion", _trap_words(why))
        return Turn(outcome=Crashed(failure), usage=self._usage)


def _trap_words(why: str) -> str:
    return "the engine's stack" if "stack" in why else "the engine's memory"


def _prepared(boot: Boot) -> Prepared | Failure:
    size = len(boot.program.code.encode("utf-8", "surrogatepass"))
    if size > boot.limits.source_bytes:
        message = (
            f"the program is too long: {size:,} bytes (limit: {boot.limits.source_bytes:,}); move data into `input`"
        )
        return Failure(kind="guest", code="limit", name="LimitError", message=message)
    try:
        return prepare(boot.program.code)
    except GuestError as error:
        return error.failure


def _origin(boot: Boot, template: Template) -> bytes:
    """What a snapshot belongs to: the engine, and the program with its input and seed."""
    program = boot.program
    text = "\0".join((template.digest, program.code, program.input, str(boot.seed)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def _signed(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)
