"""The conversation of a program with its host: calls out, answers in, one message each way a turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from toolscript.codec import Blob, Encoded, TooLarge, decode
from toolscript.guests.cpython.inside.blobs import ProgramBlob
from toolscript.guests.cpython.inside.channel import Channel, Message
from toolscript.guests.cpython.inside.loop import TurnLoop
from toolscript.guests.cpython.inside.names import Call
from toolscript.guests.cpython.inside.raised import Refused, exception_of
from toolscript.guests.cpython.inside.values import Uncrossable, outward
from toolscript.guests.python.calls import SLEEP
from toolscript.guests.python.printing import Printed

CALLS_MARGIN = 64  # beyond the run's own limit of calls, which the runtime reports in better words


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a program may use, as far as its own process counts it."""

    calls: int
    cpu_ms: int
    memory_bytes: int
    answer_bytes: int
    output_bytes: int
    printed_bytes: int


@dataclass(slots=True)
class _Open:
    """A call without an answer, and what its answer does."""

    settle: Callable[[Any, Exception | None], None]
    is_timer: bool


class Conversation:
    """Implements `loop.Turns`."""

    def __init__(self, channel: Channel, caps: Caps, now: int) -> None:
        self.caps = caps
        self.now_s = now / 1000
        self.printed = Printed(caps.printed_bytes)
        self.loop: TurnLoop
        self._channel = channel
        self._open: dict[int, _Open] = {}
        self._calls: list[tuple[int, str, str]] = []
        self._dropped: list[int] = []
        self._seq = 0
        self._size = 0

    def send(self, path: str, args: Mapping[str, Any], wrapped: Callable[[Any], Any] | None = None) -> Call:
        """Make a call. `wrapped` makes what is awaited out of the answer."""
        future = self.loop.create_future()

        def settle(value: Any, error: Exception | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
                self.loop.failed(future)
            else:
                future.set_result(value if wrapped is None else wrapped(value))

        seq = self._make(path, args, settle)
        if path == SLEEP:
            future.add_done_callback(lambda done: self.drop(seq) if done.cancelled() else None)
        return Call(path, future)

    def timer(self, seconds: float, fire: Callable[[], None]) -> int:
        seconds = int(seconds) if seconds == int(seconds) else seconds
        return self._make(SLEEP, {"seconds": seconds}, lambda value, error: fire())

    def sleep(self, seconds: float) -> None:
        """Let time pass, and nothing else of the program move meanwhile."""
        if seconds > 0:
            call = self.send(SLEEP, {"seconds": int(seconds) if seconds == int(seconds) else seconds})
            while not call.is_settled:
                self.exchange()

    def drop(self, seq: int) -> None:
        if self._open.pop(seq, None) is not None:
            self._dropped.append(seq)

    def waits(self, *, timers: bool) -> bool:
        """Whether a call has no answer yet; `timers`: also a timer."""
        return any(timers or not call.is_timer for call in self._open.values())

    def exchange(self) -> None:
        """Hand over the turn; settle what was answered."""
        if not self._open:
            message = "the program waits for something that nothing can resolve: no call and no timer is outstanding"
            self.end({"failure": {"code": "deadlock", "name": "DeadlockError", "message": message}})
        self._channel.send(self._turn({}))
        message = self._channel.receive()
        self.now_s = message["now"] / 1000
        for seq, *answer in message["answers"]:
            self._settle(seq, answer)

    def end(self, outcome: Message) -> NoReturn:
        """Tell the host how it ended, and wait to be stopped."""
        if "value" in outcome:
            for seq in list(self._open):
                self.drop(seq)
        self.printed.end()
        self._channel.send(self._turn(outcome))
        while True:
            self._channel.receive()

    def limit(self, what: str, advice: str, most: str) -> NoReturn:
        """End because a limit was reached."""
        message = f"{what} (limit: {most}); {advice}"
        self.end({"failure": {"code": "limit", "name": "LimitError", "message": message}})

    def _make(self, path: str, args: Mapping[str, Any], settle: Callable[[Any, Exception | None], None]) -> int:
        if self._seq >= self.caps.calls + CALLS_MARGIN:
            self.limit(
                "the program made too many calls", "filter or page on the tool's side", f"{self.caps.calls:,} calls"
            )
        try:
            text = outward(args, max_bytes=self.caps.answer_bytes)
        except TooLarge:
            raise Uncrossable(f"$: the arguments are over the limit of {self.caps.answer_bytes} bytes") from None
        self._seq += 1
        self._size += len(text)
        if self._size > self.caps.output_bytes:
            advice = "pass less at a time, and await calls before making more"
            self.limit("the calls of one turn are too large", advice, f"{self.caps.output_bytes:,} bytes")
        self._calls.append((self._seq, path, text))
        self._open[self._seq] = _Open(settle, path == SLEEP)
        return self._seq

    def _settle(self, seq: int, answer: list[Any]) -> None:
        call = self._open.pop(seq, None)
        if call is None:
            return
        if answer[0] is not None:
            call.settle(self.inward(answer[0]), None)
        else:
            failure = answer[1]
            content = self.inward(failure["content"]) if "content" in failure else None
            call.settle(None, exception_of(Refused(seq, failure["kind"], failure["code"], failure["name"],
                                                   failure["message"], content)))  # fmt: skip

    def inward(self, text: str) -> Any:
        """A value as the program gets it."""
        value = decode(Encoded(text))
        return self._with_methods(value) if '"$blob"' in text else value

    def _with_methods(self, value: Any) -> Any:
        match value:
            case Blob():
                return ProgramBlob(value, self.send)
            case list():
                return [self._with_methods(item) for item in cast("list[Any]", value)]
            case dict():
                return {key: self._with_methods(item) for key, item in cast("dict[str, Any]", value).items()}
            case _:
                return value

    def _turn(self, ending: Message) -> Message:
        message: Message = {"calls": self._calls, "dropped": self._dropped, "printed": self.printed.taken(), **ending}
        self._calls, self._dropped, self._size = [], [], 0
        return message
