"""The runtime: connectors, guests and a store behind one object."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.questions import Query
from toolscript.catalog.search import Found
from toolscript.codec import encode
from toolscript.errors import ConfigError, Conflict
from toolscript.ports import Clock, Connector, Guest, Observer, RunStore
from toolscript.runs.approval import Wish
from toolscript.runs.audit import audit
from toolscript.runs.entry import Actor, Granted, RunRecord, RunStatus
from toolscript.runs.history import history
from toolscript.runs.policy import Policy
from toolscript.runs.program import LANGUAGES, Language, Limits, Program
from toolscript.runs.redaction import Redactor
from toolscript.runs.result import Result, result_of
from toolscript.runs.retention import Retention
from toolscript.runs.rollback import Rollback
from toolscript.runs.turn import Outcome
from toolscript.runtime.checking import TypeCheck
from toolscript.runtime.clock import SystemClock
from toolscript.runtime.guests import Guests, Isolation
from toolscript.runtime.keeper import Role
from toolscript.runtime.operator import LIBRARY
from toolscript.runtime.parts import Given, parts_of
from toolscript.runtime.plugs import load
from toolscript.runtime.replay import replay
from toolscript.runtime.rerank import Rerank


class Runtime:
    """Runs programs that call tools.

    ```python
    async with Runtime([functions("crm", find, create)]) as runtime:
        result = await runtime.run("return (await crm.find({ name: 'Ada' })).length")
        print(result.value)
    ```

    `store` defaults to this process's memory. `isolation` says where programs run: in this process on threads, or in
    locked-down worker processes. `languages` are those that models are offered; the first is that of programs of which
    no other is said, and with `cpython` among them a `python` program that needs more than the small guest has runs
    there. A constructor opens nothing: enter the runtime to connect, leave it to close.
    """

    def __init__(
        self,
        connectors: Iterable[Connector] = (),
        *,
        store: RunStore | None = None,
        policy: Policy | None = None,
        scope: str = "",
        role: Role = "worker",
        isolation: Isolation = "threads",
        languages: Sequence[Language] = ("typescript",),
        guests: Mapping[Language, Guest] | None = None,
        limits: Limits | None = None,
        lease_ms: int = 15_000,
        retention: Retention | None = None,
        secrets: Sequence[str] = (),
        rerank: Rerank | None = None,
        snippets_by: Literal["developer", "model"] = "developer",
        type_check: TypeCheck = "refuse",
        tsc: Path | None = None,
        clock: Clock | None = None,
        observers: Sequence[Observer] = (),
        entropy: Callable[[int], bytes] = os.urandom,
        connect_timeout_s: float = 30.0,
    ) -> None:
        self.limits = limits or Limits()
        self.policy = policy or Policy()
        self.languages = _known(languages)
        self._given = Given(
            connectors=tuple(connectors),
            store=store or load("toolscript.stores.memory:MemoryStore")(),
            guests=Guests(guests or {}, isolation, tsc),
            clock=clock or SystemClock(),
            policy=self.policy,
            scope=scope,
            role=role,
            languages=self.languages,
            lease_ms=lease_ms,
            retention=retention,
            redactor=Redactor(secrets),
            rerank=rerank,
            snippets_by=snippets_by,
            type_check=type_check,
            observers=tuple(observers),
            entropy=entropy,
            connect_timeout_s=connect_timeout_s,
        )
        self._parts = parts_of(self._given)
        self.snippets = self._parts.snippets

    async def __aenter__(self) -> Self:
        parts = self._parts
        parts.finder.start()
        try:
            await parts.upstreams.open()
        except BaseException:
            await parts.upstreams.close()
            raise
        parts.observed.start()
        parts.keeper.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        given, parts = self._given, self._parts
        async with AsyncExitStack() as leaving:  # the last first, and all of them, whatever fails
            for part in (given.store, parts.observed, given.guests, parts.upstreams, parts.drives, parts.keeper):
                leaving.push_async_callback(part.close)

    @property
    def catalog(self) -> Catalog:
        """The tools that can be called at this moment, without `codemode` itself and without what is denied."""
        return self._parts.finder.catalog

    @property
    def connectors(self) -> Sequence[Connector]:
        """Those that the runtime was given, without its own."""
        return self._parts.upstreams.connectors

    async def ready(self, *, timeout_s: float | None = None) -> None:
        """Wait until every connector has connected, or could not."""
        patience_s = self._given.connect_timeout_s if timeout_s is None else timeout_s
        await self._parts.upstreams.ready(lambda names: names, patience_s)
        await self._parts.observed.current()

    async def changed(self, since: Catalog) -> Catalog:
        """The catalogue, once it is another than `since`; for whoever follows it."""
        upstreams = self._parts.upstreams
        while (now := self.catalog) is since:
            await upstreams.changed(upstreams.offered)
        return now

    async def blob(self, id: str) -> tuple[bytes, str]:
        """The bytes that a `Blob` stands for, and their media type; `Conflict` if there are none."""
        return await self._given.store.get_blob(id)

    async def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose of a surface: the same in every process of this scope on the store."""
        return hmac.digest(await self._given.store.secret(), f"{purpose}\0{self._given.scope}".encode(), "sha256")

    async def run(
        self,
        code: str,
        *,
        input: Any = None,
        language: Language | None = None,
        key: str | None = None,
        limits: Limits | None = None,
        observer: Observer | None = None,
        retry_of: str | None = None,
    ) -> Result:
        """Run a program to its end, or until it waits for a person. Cancelling this call cancels the run.

        The program reads `input` by that name. A known `key` gives the run that exists instead of a second one.
        A failed program is a `Result` with a `failure`, not an exception; one that waits has the status `parked`, and
        its `pending` calls are for `approve` and `reject`. With `retry_of` the program corrects a run that failed:
        calls get the answers that they had there, as long as they are the same.
        """
        run = await self.start(
            code, input=input, language=language, key=key, limits=limits, observer=observer, retry_of=retry_of
        )
        try:
            return await self.wait(run)
        except asyncio.CancelledError:
            await self.cancel(run)
            raise

    async def start(
        self,
        code: str,
        *,
        input: Any = None,
        language: Language | None = None,
        key: str | None = None,
        limits: Limits | None = None,
        observer: Observer | None = None,
        retry_of: str | None = None,
    ) -> str:
        """Start a program and give its run's id; idempotent by `key`."""
        program = Program(code=code, language=language or self.languages[0], input=encode(input))
        observers = self._given.observers if observer is None else (*self._given.observers, observer)
        return await self._parts.launcher.start(
            program, key=key, limits=limits or self.limits, observers=observers, retry_of=retry_of
        )

    async def wait(self, run: str, *, timeout_s: float | None = None) -> Result:
        """The result of a run, once it has ended or waits for a person, whoever drives it.

        A run that sleeps is waited for. After `timeout_s`, what it came to so far.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout_s is None else loop.time() + timeout_s
        while True:
            left = None if deadline is None else max(0.0, deadline - loop.time())
            task = self._parts.drives.task(run)
            if task is not None:
                await asyncio.wait([task], timeout=left)
                result = task.result() if task.done() and not task.cancelled() else await self.result(run)
                if result.outcome is None:  # people may have decided since it was parked
                    result = await self.result(run)
            else:
                result = await self.result(run)
            if result.settled or left == 0.0:
                return result
            if task is None:
                await self._parts.keeper.news(left)

    async def approve(self, run: str, *seqs: int, args: Mapping[str, Any] | None = None, by: Actor = LIBRARY) -> Result:
        """Approve pending calls, or all of them; one with edited arguments. Does not wait for the run to go on.

        Raises `Conflict` if one is not pending (any more), or if the arguments do not fit.
        """
        await self._parts.operator.decide(run, Wish(choice="approve", seqs=seqs, args=args, by=by))
        return await self.result(run)

    async def reject(self, run: str, *seqs: int, reason: str = "", end: bool = False, by: Actor = LIBRARY) -> Result:
        """Reject pending calls, or all of them: the program gets an exception with the reason, or the run ends."""
        await self._parts.operator.decide(run, Wish(choice="end" if end else "reject", seqs=seqs, reason=reason, by=by))
        return await self.result(run)

    async def settle(
        self,
        run: str,
        seq: int,
        choice: Literal["retry", "done", "fail"],
        *,
        value: Any = None,
        reason: str = "",
        by: Actor = LIBRARY,
    ) -> Result:
        """Say what became of an uncertain call: make it again, it gave this value, or it failed."""
        await self._parts.operator.decide(run, Wish(choice=choice, seqs=(seq,), value=value, reason=reason, by=by))
        return await self.result(run)

    async def grant(
        self,
        run: str,
        tools: Sequence[str],
        *,
        when: Sequence[str] = (),
        calls: int | None = None,
        for_s: float | None = None,
        by: Actor = LIBRARY,
    ) -> Result:
        """Approve pending and later calls of a run: tools by pattern (`crm.*`), arguments by conditions
        (`amount < 100`), at most so many calls, for so many seconds."""
        now = self._given.clock.now()
        granted = Granted(
            id=f"g_{self._given.entropy(4).hex()}",
            tools=tuple(tools),
            when=tuple(when),
            calls=calls,
            until=None if for_s is None else now + round(for_s * 1_000),
            by=by,
            at=now,
        )
        await self._parts.operator.grant(run, granted)
        return await self.result(run)

    async def cancel(self, run: str, *, by: Actor = LIBRARY) -> Result:
        """End a run, whoever drives it; no further call starts. A run that has ended stays as it is."""
        await self._parts.operator.cancel(run, by)
        return await self.result(run)

    async def resume(self, run: str) -> Result:
        """Drive a run here if nobody does, then as `wait`; for runs whose process is gone."""
        if run not in self._parts.drives:
            record, entries = await self._given.store.read(run)
            if history(entries).ended is None:
                self._same_scope(record)
                self._parts.drives.own.add(run)
                await self._parts.launcher.claim(record.scope, self._given.clock.now(), run)
        return await self.wait(run)

    async def rollback(self, run: str, *, by: Actor = LIBRARY) -> Rollback:
        """Undo what a run did, newest first, as far as it can be; `Conflict` while it runs.

        A parked run is cancelled first. A second rollback tries again what failed. Raises `Conflict` in another scope
        than the run's, because the tools that undo it are not here.
        """
        self._same_scope((await self._given.store.read(run))[0])
        return await self._parts.operator.rollback(run, by)

    async def delete(self, run: str) -> None:
        """Forget an ended run, with all that belongs to it; `Conflict` if it has not ended."""
        await self._parts.operator.delete(run)

    async def audit(self, run: str) -> list[dict[str, Any]]:
        """What happened in a run, and who allowed it: one JSON object a line of an audit trail."""
        return audit(*await self._given.store.read(run))

    async def result(self, run: str) -> Result:
        """What a run came to so far, as its log says; `Conflict` if there is no such run."""
        return result_of(*await self._given.store.read(run))

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        """The newest runs, newest first."""
        return await self._given.store.recent(limit=limit, status=status)

    async def replay(self, run: str) -> Outcome | None:
        """Run a program again over its log: nothing acts, and any difference is a `Fault`."""
        record, entries = await self._given.store.read(run)
        guest = self._given.guests.of(record.program.language)
        if guest.engine != record.engine:
            raise Conflict(f"the run {run} was made by another engine ({record.engine}) than this one ({guest.engine})")
        session = await guest.start(record.boot)
        try:
            return await replay(history(entries), session)
        finally:
            await session.close()

    async def search(
        self,
        query: Query,
        *,
        limit: int = 10,
        offset: int = 0,
        namespace: str | Sequence[str] | None = None,
        language: Language | None = None,
    ) -> Found:
        """Find tools; waits for connectors that are still connecting. `ValueError` for a query of the wrong form.

        With a `language`, snippets that programs in it cannot run are left out.
        """
        return await self._parts.finder.search(
            query, limit=limit, offset=offset, namespace=namespace, language=language
        )

    async def describe(
        self, paths: Sequence[str], *, budget_tokens: int = 2_000, language: Language | None = None
    ) -> str:
        """Documentation and types of tools, parts of their types, or whole namespaces, for a model or a person.

        `codemode` is a namespace like others here.
        """
        return await self._parts.finder.describe(paths, budget_tokens=budget_tokens, language=language)

    def _same_scope(self, record: RunRecord) -> None:
        if record.scope != self._given.scope:
            raise Conflict(
                f"the run {record.id} belongs to {record.scope or 'no scope'}, and this is "
                f"{self._given.scope or 'no scope'}: go on with it there, or set `scope`"
            )


def _known(languages: Sequence[Language]) -> tuple[Language, ...]:
    chosen = tuple(dict.fromkeys(languages))
    if isinstance(languages, str) or not chosen or not set(chosen) <= set(LANGUAGES):
        raise ConfigError(
            f"languages is {languages!r}; it must name some of {', '.join(LANGUAGES)}, such as ['python']"
        )
    return chosen
