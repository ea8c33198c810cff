"""Calls of operations over the network: built, signed, sent, made again where that is safe, and interpreted.

1. Nothing that failed before it was sent, or that is safe to make again, fails a call at the first try (`retry`).
2. Every secret that was ever put on a request is taken out of whatever comes back: values, errors, problems.
3. What is known of a page is kept until the program asks for it (`codemode.next_page`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from toolscript.codec import encode
from toolscript.connectors.openapi.auth import with_header
from toolscript.connectors.openapi.client import Broken, Http, TooMuch, Unsent
from toolscript.connectors.openapi.guard import Refused
from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.pace import Pace
from toolscript.connectors.openapi.pages import links_of, page_of
from toolscript.connectors.openapi.request import Request, built
from toolscript.connectors.openapi.response import Answer, failed, retry_after_s, value_of
from toolscript.connectors.openapi.retry import BUSY, Retry, Trouble
from toolscript.connectors.openapi.secrets import SecretMissing
from toolscript.connectors.openapi.signing import Signed, Signer
from toolscript.connectors.openapi.uploads import Uploads
from toolscript.errors import Failure, FailureCode, ToolError
from toolscript.runs.redaction import Redactor
from toolscript.tools import CallContext, Media, Page, Tool

KEY_HEADER = "Idempotency-Key"
MAX_PAGES = 1_000  # of which something is remembered: each is asked for right after its call

_Place = tuple[str, str, str]
"""A page: the run, the operation, and the arguments in one form."""
_UNAUTHORIZED = 401


class Learned:
    """The secrets that went over the wire so far, and what takes them out again."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
        self.redactor = Redactor()

    def __call__(self, secret: str) -> None:
        if secret not in self._secrets:
            self._secrets |= {secret}
            self.redactor = Redactor(self._secrets)


class Exchange:
    """Calls the operations of one API. `told` hears of what only an operator can put right."""

    def __init__(
        self,
        http: Http,
        signer: Signer,
        learned: Learned,
        *,
        pace: Pace,
        retry: Retry,
        uploads: Uploads,
        told: Callable[[str], None],
        key_header: str = KEY_HEADER,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._signer = signer
        self._learned = learned
        self._pace = pace
        self._retry = retry
        self._uploads = uploads
        self._told = told
        self._key_header = key_header
        self._pause = pause
        self._jitter = jitter
        self._wall_clock = wall_clock
        self._pages: OrderedDict[_Place, Page] = OrderedDict()
        self._linked: OrderedDict[_Place, None] = OrderedDict()

    async def call(
        self, operation: Operation, base: str, tool: Tool, args: Mapping[str, Any], context: CallContext
    ) -> Any:
        """The value of one call; raises `ToolError`, without any secret in it."""
        called = str(tool.path)
        try:
            given = await self._uploads.brought(operation, args, context, called)
            request = built(operation, given, base, called)
            if tool.keyed and not _has_header(request, self._key_header):
                request = with_header(request, self._key_header, context.idempotency_key)
            answer = await self._answered(operation, request, called, repeatable=tool.effect == "read" or tool.keyed)
            value = self._without_secrets(value_of(operation, answer, called, self._wall_clock()))
        except ToolError as error:
            failure = self._learned.redactor.failure(error.failure)
            if failure is error.failure:
                raise
            raise ToolError(failure) from None
        if tool.effect == "read":
            place = (context.run, tool.raw_name, _canonical(args))
            page = page_of(operation, args, value, answer, came_by_link=place in self._linked)
            self._note(page, place, is_linked="next" in links_of(answer.header("link")))
        return value

    def page(self, tool: Tool, args: Mapping[str, Any], run: str) -> Page | None:
        """What is known of the page that a run got for these arguments."""
        return self._pages.get((run, tool.raw_name, _canonical(args)))

    def _note(self, page: Page, place: _Place, *, is_linked: bool) -> None:
        redactor = self._learned.redactor
        self._pages[place] = replace(page, next=redactor.value(page.next), problem=redactor.text(page.problem))
        if len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)
        if is_linked and page.next is not None:
            self._linked[*place[:2], _canonical(page.next)] = None
            if len(self._linked) > MAX_PAGES:
                self._linked.popitem(last=False)

    def _without_secrets(self, value: Any) -> Any:
        redactor = self._learned.redactor
        if isinstance(value, Media):
            return replace(value, content=redactor.value(value.content))
        return redactor.value(value)

    async def _answered(self, operation: Operation, request: Request, called: str, *, repeatable: bool) -> Answer:
        """The answer of the last try."""
        tries, waited_s, is_fresh = 0, 0.0, False
        while True:
            tries += 1
            signed = await self._signed(operation, request, called)
            asked_s: float | None = None
            try:
                async with self._pace.slot():
                    answer = await self._http.send(signed.request)
            except (Unsent, Broken) as error:
                trouble: Trouble = "unsent" if isinstance(error, Unsent) else "broken"
                failure = _failure(error, called, repeatable=repeatable, tries=tries)
            except (Refused, TooMuch) as error:
                if isinstance(error, Refused):
                    why = f" ({error.__cause__})" if error.__cause__ is not None else ""
                    self._told(self._learned.redactor.text(f"{error}{why}"))
                raise _failure(error, called, repeatable=repeatable, tries=tries) from error
            else:
                if answer.status == _UNAUTHORIZED and not is_fresh and self._signer.refused(signed):
                    is_fresh, tries = True, tries - 1
                    continue
                if answer.status not in BUSY:
                    self._look(answer, signed)
                    return answer
                asked_s = retry_after_s(answer.headers, self._wall_clock())
                trouble, failure = "busy", failed(answer, called, asked_s)
            delay_s = self._retry.delay_s(
                trouble,
                tries=tries,
                waited_s=waited_s,
                asked_s=asked_s,
                repeatable=repeatable,
                jitter=self._jitter(),
            )
            if delay_s is None:
                raise failure
            waited_s += delay_s
            await self._pause(delay_s)

    async def _signed(self, operation: Operation, request: Request, called: str) -> Signed:
        try:
            return await self._signer.signed(operation, request)
        except SecretMissing as error:
            self._told(self._learned.redactor.text(f"Its credentials cannot be had: {error}"))
            raise ToolError(
                f"{called} cannot be called now: its credentials cannot be had on the host. "
                "Its operator must look; `toolscript doctor` says what is wrong."
            ) from error

    def _look(self, answer: Answer, signed: Signed) -> None:
        if answer.status == _UNAUTHORIZED:
            self._told(
                "It answered with status 401: "
                + ("the credentials that are configured were refused." if signed.has_any else "set `auth`.")
            )


def _has_header(request: Request, name: str) -> bool:
    return any(other.lower() == name.lower() for other, _ in request.headers)


def _canonical(args: Mapping[str, Any]) -> str:
    return encode(dict(sorted(args.items())))


def _failure(error: Exception, called: str, *, repeatable: bool, tries: int) -> ToolError:
    """The words for a program, of a request that got no answer."""
    name = called.partition(".")[0]
    again = f" It was tried {tries} times." if tries > 1 else ""
    code: FailureCode = "unreachable"
    match error:
        case Unsent():
            words = f"{called}: {name} cannot be reached. {error} Nothing was sent.{again}"
        case Broken() if error.is_silence:
            code = "timeout"
            words = f"{called}: {name} did not answer in time.{again}"
            words += "" if repeatable else " Whether the call took effect is not known."
        case Broken() if repeatable:
            words = f"{called}: the connection to {name} failed. {error}{again}"
        case Broken():
            words = f"{called}: the connection to {name} failed. {error} Whether the call took effect is not known."
        case TooMuch():
            code = "too_large"
            words = (
                f"{called} answered with {error}, over the limit of {error.limit:,} bytes. "
                "Ask it for less: a page, a range, fewer fields."
            )
        case _:
            words = f"{called} was not sent. {error}"
    return ToolError(Failure(kind="tool", code=code, name="ToolError", message=words))
