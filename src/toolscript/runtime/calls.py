"""One call, acted on: its time limit, its answer's size, its secrets, and every error turned into an answer."""

from __future__ import annotations

import asyncio
import logging
import types
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from toolscript.codec import TAGGED_JSON, Blob, CodecError, Encoded, TooLarge, encode
from toolscript.errors import Conflict, Failure, FailureCode, Fault, ToolError
from toolscript.ports import Blobs, Clock, Connector, Reverter
from toolscript.runs.machine import Execute, Sleep
from toolscript.runs.program import Limits
from toolscript.runs.redaction import Redactor
from toolscript.runs.rollback import Undo
from toolscript.runs.turn import Answer, Raised, Returned
from toolscript.runs.usage import BUILTIN
from toolscript.runtime.observed import Observed
from toolscript.tools import CallContext, Media, Tool

log = logging.getLogger("toolscript.calls")

INLINE_BYTES = 512 << 10  # larger bytes cross as a blob: base64 of more would eat the guest's memory


class Caller:
    """Acts on decided calls; never raises but for cancellation, and for a store that fails."""

    def __init__(
        self,
        *,
        connector: Callable[[str], Connector | None],
        blobs: Blobs,
        clock: Clock,
        redactor: Redactor,
        observed: Observed,
    ) -> None:
        self._connector = connector
        self._blobs = blobs
        self._clock = clock
        self._redactor = redactor
        self._observed = observed

    async def sleep(self, decision: Sleep) -> Answer:
        """Answer when it is time."""
        await self._clock.sleep(max(0.0, (decision.until - self._clock.now()) / 1_000))
        return Returned(Encoded("null"))

    async def call(self, decision: Execute, context: CallContext, limits: Limits) -> Answer:
        """Ask the tool to act, and give its answer."""
        tool, args = self._observed.own(decision.tool), decision.args
        answer = await self._made(tool, args, lambda connector: connector.call(tool, args, context), context, limits)
        self._observed.note(decision.tool, answer)
        return answer

    async def revert(self, undo: Undo, context: CallContext, limits: Limits) -> Answer:
        """Undo a call, and give what came of it."""
        context = replace(context, read_blob=self.read)
        tool, args = (undo.tool, undo.args) if undo.revert is None else (undo.revert, undo.revert_args)
        tool = self._observed.own(tool)

        def made(connector: Connector) -> Coroutine[Any, Any, Any]:
            if undo.revert is not None:
                return connector.call(tool, args, context)
            return cast("Reverter", connector).revert(tool, args, undo.result, context)

        return await self._made(tool, args, made, context, limits)

    async def _made(
        self,
        tool: Tool,
        args: Mapping[str, Any],
        made: Callable[[Connector], Coroutine[Any, Any, Any]],
        context: CallContext,
        limits: Limits,
    ) -> Answer:
        """The answer to one call of a connector, within its time, without secrets and of a size that can cross."""
        path = str(tool.path)
        connector = self._connector(tool.path.namespace)
        if connector is None:
            return _raised("unreachable", f"{tool.path.namespace} was closed")
        redactor = self._redactor.for_call(args, tool.input_schema)
        timeout = asyncio.timeout(limits.call_ms / 1_000)
        try:
            call = made(connector)
            try:
                waiting = call.send(None)
            except StopIteration as ended:  # it had nothing to wait for, and so needs no timer
                value = ended.value
            else:
                async with timeout:
                    value = await _rest(call, waiting)
        except ToolError as error:
            return redactor.answer(Raised(error.failure))
        except TimeoutError as error:
            if timeout.expired():
                return _raised("timeout", _took_too_long(path, limits))
            return redactor.answer(_raised("tool", f"{path} failed: {_words(error)}"))
        except Fault:  # of our store, behind a tool of our own: nothing for a program
            raise
        except asyncio.CancelledError as error:  # what it waited for was cancelled, or it is
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            return redactor.answer(_raised("tool", f"{path} failed: {_words(error)}"))
        except Exception as error:  # a tool may raise anything, and the program must be told
            log.warning("%s raised", path, exc_info=True)
            return redactor.answer(_raised("tool", f"{path} failed: {_words(error)}"))
        return await self._returned(path, value, redactor, context.run, limits)

    async def _returned(self, path: str, value: Any, redactor: Redactor, run: str, limits: Limits) -> Answer:
        try:
            encoded = redactor.encoded(await self._encoded(value, run, limits))
        except TooLarge as error:
            message = f"{path} answered {error.reason} (answer_bytes). Ask it for less: a page, a range, fewer fields."
            return _raised("too_large", message)
        except CodecError as error:
            return redactor.answer(_raised("bad_value", f"{path} answered a value that cannot cross: {error}"))
        if len(encoded) > limits.value_bytes and not path.startswith(f"{BUILTIN}."):  # whose own caps are lower
            content = encoded.encode("utf-8", "surrogatepass")
            encoded = encode(await self.keep(content, TAGGED_JSON, run))
        return Returned(encoded)

    async def _encoded(self, value: Any, run: str, limits: Limits) -> Encoded:
        try:
            return encode(value, max_bytes=limits.value_bytes)
        except CodecError:  # it is too large, or has media in it
            return encode(await self._kept(value, run), max_bytes=limits.answer_bytes)

    async def _kept(self, value: Any, run: str) -> Any:
        """The value with its media and large bytes kept in the store, and handles in their place."""
        match value:
            case Media(content, media_type):
                # Ours alone says that tags in it are to be read.
                return await self.keep(content, "application/json" if media_type == TAGGED_JSON else media_type, run)
            case bytes() if len(value) > INLINE_BYTES:
                return await self.keep(value, "application/octet-stream", run)
            case dict():
                members = cast("dict[str, Any]", value)
                return {key: await self._kept(item, run) for key, item in members.items()}
            case list() | tuple():
                return [await self._kept(item, run) for item in cast("list[Any]", value)]
            case _:
                return value

    async def read(self, id: str) -> bytes:
        """The bytes of a blob; `ToolError` for one that is not there."""
        try:
            content, _ = await self._blobs.get_blob(id)
        except Conflict as error:
            raise ToolError(str(error)) from error
        return content

    async def keep(self, content: bytes, media_type: str, run: str) -> Blob:
        """Keep bytes in the store, and give the handle that stands for them."""
        name = await self._blobs.put_blob(content, media_type, run=run)
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
