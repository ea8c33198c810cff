"""One call, acted on: its time limit, its answer's size, and every error turned into an answer."""

from __future__ import annotations

import asyncio
import logging
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, assert_never, cast

from toolscript.codec import Blob, CodecError, Encoded, TooLarge, encode
from toolscript.errors import Failure, FailureCode, ToolError
from toolscript.ports import Blobs, Clock, Connector
from toolscript.runs.machine import Execute, Refuse, Sleep
from toolscript.runs.program import Limits
from toolscript.runs.turn import Answer, Raised, Returned
from toolscript.tools import CallContext, Media

log = logging.getLogger("toolscript.calls")

INLINE_BYTES = 1 << 20  # larger bytes cross as a blob: base64 of more would eat the guest's memory


class Caller:
    """Acts on decided calls; never raises but for cancellation."""

    def __init__(self, *, connector: Callable[[str], Connector | None], blobs: Blobs, clock: Clock) -> None:
        self._connector = connector
        self._blobs = blobs
        self._clock = clock

    async def act(
        self,
        decision: Execute | Sleep | Refuse,
        context: CallContext,
        limits: Limits,
        slots: asyncio.Semaphore,
    ) -> Answer:
        """The answer to one call; at most as many tools act at once as there are slots."""
        match decision:
            case Refuse(failure):
                return Raised(failure)
            case Sleep(seconds):
                await self._clock.sleep(seconds)
                return Returned(Encoded("null"))
            case Execute():
                if slots.locked():
                    async with slots:
                        return await self._execute(decision, context, limits)
                await slots.acquire()  # without waiting: a slot is free
                try:
                    return await self._execute(decision, context, limits)
                finally:
                    slots.release()
            case _:
                assert_never(decision)

    async def _execute(self, decision: Execute, context: CallContext, limits: Limits) -> Answer:
        path = decision.tool.path
        connector = self._connector(path.namespace)
        if connector is None:
            return _raised("unreachable", f"{path.namespace} was closed")
        timeout = asyncio.timeout(limits.call_ms / 1_000)
        try:
            call = connector.call(decision.tool, decision.args, context)
            try:
                waiting = call.send(None)
            except StopIteration as ended:  # it had nothing to wait for, and so needs no timer
                value = ended.value
            else:
                async with timeout:
                    value = await _rest(call, waiting)
            return await self._returned(str(path), value, limits)
        except ToolError as error:
            return Raised(error.failure)
        except TimeoutError as error:
            if timeout.expired():
                return _raised("timeout", _took_too_long(str(path), limits))
            return _raised("tool", f"{path} failed: {_words(error)}")
        except Exception as error:  # a tool may raise anything, and the program must be told
            log.warning("%s raised", path, exc_info=True)
            return _raised("tool", f"{path} failed: {_words(error)}")

    async def _returned(self, path: str, value: Any, limits: Limits) -> Answer:
        try:
            return Returned(await self._encoded(value, limits.answer_bytes))
        except TooLarge as error:
            message = f"{path} answered {error.reason} (answer_bytes). Ask it for less: a page, a range, fewer fields."
            return _raised("too_large", message)
        except CodecError as error:
            return _raised("bad_value", f"{path} answered a value that cannot cross: {error}")

    async def _encoded(self, value: Any, max_bytes: int) -> Encoded:
        try:
            return encode(value, max_bytes=max_bytes)
        except TooLarge:
            if not isinstance(value, bytes):
                raise
        except CodecError:
            pass
        return encode(await self._kept(value), max_bytes=max_bytes)

    async def _kept(self, value: Any) -> Any:
        """The value with its media and large bytes kept in the store, and handles in their place."""
        match value:
            case Media(content, media_type):
                return await self._keep(content, media_type)
            case bytes() if len(value) > INLINE_BYTES:
                return await self._keep(value, "application/octet-stream")
            case dict():
                members = cast("dict[str, Any]", value)
                return {key: await self._kept(item) for key, item in members.items()}
            case list() | tuple():
                return [await self._kept(item) for item in cast("list[Any]", value)]
            case _:
                return value

    async def _keep(self, content: bytes, media_type: str) -> Blob:
        name = await self._blobs.put_blob(content, media_type)
        return Blob(id=name, media_type=media_type, size=len(content))


@types.coroutine
def _rest(call: Coroutine[Any, Any, Any], waiting: Any) -> Generator[Any, Any, Any]:
    """Await a coroutine that was started already, and waits."""
    while True:
        try:
            sent = yield waiting
        except BaseException as error:  # the event loop's word, handed on: cancelled, or what was waited for failed
            step = partial(call.throw, error)
        else:
            step = partial(call.send, sent)
        try:
            waiting = step()
        except StopIteration as ended:
            return ended.value


def _raised(code: FailureCode, message: str) -> Raised:
    return Raised(Failure(kind="tool", code=code, name="ToolError", message=message))


def _words(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _took_too_long(path: str, limits: Limits) -> str:
    return (
        f"{path} did not answer within {limits.call_ms / 1_000:g} s (call_ms) and was cancelled. "
        "Ask it for less at a time, or try again later."
    )
