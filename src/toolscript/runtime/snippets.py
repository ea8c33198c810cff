"""Snippets: saved, listed, and opened for the programs that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from toolscript.catalog.catalog import Catalog
from toolscript.codec import TooLarge, digest, encode
from toolscript.errors import Conflict, GuestError, ToolError
from toolscript.ports import Clock, Compiler, Guest, Listing, RunStore
from toolscript.runs.policy import Policy
from toolscript.runs.program import Language
from toolscript.runs.result import result_of
from toolscript.runs.snippet import SNIPPETS, Snippet, allowed_name, refusal, takes_an_object, unknown
from toolscript.runs.usage import BUILTIN
from toolscript.runs.visible import mentioned
from toolscript.runtime.checking import unfit
from toolscript.schema.names import is_identifier
from toolscript.tools import CallContext, Schema, Tool

MAX_CODE_BYTES = 256 << 10  # with its input it crosses as one answer, whose cap is 1 MiB
MAX_DESCRIPTION_CHARS = 2_000  # it is read in every description; about 500 tokens
MAX_OPENED_BYTES = 1 << 20
_ANY_OBJECT: Schema = {"type": "object", "additionalProperties": True}  # shown as Record<string, unknown>
_MOST_SCRIPTS = 200  # compiled texts that are kept; one is made again in a millisecond


class Snippets:
    """The snippets of one scope.

    `known` is what was read from the store last; `load` reads again, because other processes save too. `guest` gives
    the engine of a language, `catalog` all that can be called, `codemode` and `snippets` included.
    """

    def __init__(
        self,
        *,
        store: RunStore,
        scope: str,
        guest: Callable[[Language], Guest],
        catalog: Callable[[], Catalog],
        clock: Clock,
        policy: Policy | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self._scope = scope
        self._guest = guest
        self._catalog = catalog
        self._clock = clock
        self._policy = policy or Policy()
        self._followers = [changed] if changed is not None else []
        self._scripts: dict[tuple[str, str], str] = {}
        self.known: tuple[Snippet, ...] = ()
        """The newest version of each, by name."""

    def follow(self, changed: Callable[[], None]) -> None:
        """`changed` is called whenever `known` is another one."""
        self._followers.append(changed)

    async def load(self) -> None:
        """Read from the store what is there by now."""
        found = tuple(await self._store.snippets(self._scope))
        if found != self.known:
            self.known = found
            for changed in self._followers:
                changed()

    async def list(self) -> tuple[Snippet, ...]:
        """The newest version of each, by name."""
        await self.load()
        return self.known

    async def get(self, name: str, version: int | None = None) -> Snippet:
        """One version of a snippet, or the newest; `Conflict` if there is none."""
        found = await self._store.snippet(self._scope, name, version)
        if found is None:
            raise Conflict(await self._no(name, version))
        return found

    async def delete(self, name: str) -> None:
        """Forget all versions of a snippet; `Conflict` if there is none."""
        if not await self._store.delete_snippet(self._scope, name):
            raise Conflict(await self._no(name, None))
        await self.load()

    async def save(
        self,
        name: str,
        *,
        code: str | None = None,
        run: str | None = None,
        description: str,
        input_schema: Schema | None = None,
        namespaces: Sequence[str] | None = None,
        language: Language = "typescript",
        by: str = "",
    ) -> Snippet:
        """Save a program, or that of a run that completed, as the next version of this name.

        `namespaces` are those without which it does not start; by default those that its text mentions. Raises
        `Conflict` for what cannot be, such as a name that no program could write, and `GuestError` for code that
        cannot be parsed or that is certain to fail.
        """
        if (code is None) == (run is None):
            raise Conflict("a snippet is made of code, or of a run: give one of the two")
        _check_words(name, description)
        schema = _ANY_OBJECT if input_schema is None else input_schema
        if not takes_an_object(schema):
            raise Conflict('the input of a snippet is an object: {"type": "object", "properties": {...}}')
        known = set(self._catalog().namespaces)
        if run is not None:
            code, language, seen = await self._program_of(run)
            known |= seen
        assert code is not None
        await self._script(code, language)
        if run is None:  # what ran well needs no check
            failure = await unfit(code, self._guest(language), self._catalog(), self._policy, namespaces or ())
            if failure is not None:
                raise GuestError(failure)
        needed = mentioned(code, frozenset(known)) if namespaces is None else frozenset(namespaces)
        for namespace in needed:
            if not is_identifier(namespace):
                raise Conflict(f"{namespace!r} is not the name of a namespace")
        snippet = Snippet(
            name=name,
            code=code,
            description=description.strip(),
            language=language,
            input_schema=schema,
            namespaces=tuple(sorted(needed - {BUILTIN, SNIPPETS})),
            created=self._clock.now(),
            saved_by=by,
            from_run=run,
        )
        saved = await self._store.save_snippet(self._scope, snippet)
        await self.load()
        return saved

    async def opened(self, name: str, value: Any, *, version: int | None, language: Language) -> Mapping[str, Any]:
        """What a session needs to run a snippet, as `codemode.run` answers it; `ToolError` where it cannot start."""
        snippet = await self._store.snippet(self._scope, name, version)
        if snippet is None:
            if version is not None and await self._store.snippet(self._scope, name) is not None:
                raise ToolError(await self._no(name, version))
            await self.load()
            raise ToolError(unknown(name, self.known))
        value = {} if value is None else value
        catalog = self._catalog()
        failure = refusal(snippet, value, language=language, catalog=catalog)
        if failure is not None:
            raise ToolError(failure)
        try:
            script = await self._script(snippet.code, language)
        except (Conflict, GuestError) as error:
            raise ToolError(f"{snippet.tool.path} cannot be started: {error}") from error
        opened = {
            "name": name,
            "version": snippet.version,
            "script": script,
            "input": value,
            "namespaces": {held: list(methods) for held, methods in snippet.seen(catalog).items()},
        }
        try:
            encode(opened, max_bytes=MAX_OPENED_BYTES)
        except TooLarge as error:
            message = f"{snippet.tool.path} cannot be started: with its input it comes to {error.reason}. Pass less."
            raise ToolError(message) from error
        return opened

    async def _program_of(self, run: str) -> tuple[str, Language, set[str]]:
        """The program of a run that completed, and the namespaces that it knew."""
        record, entries = await self._store.read(run)
        result = result_of(record, entries)
        if not result.ok:
            raise Conflict(f"the run {run} is {result.status}: only a program that completed becomes a snippet")
        return record.program.code, record.program.language, set(record.namespaces)

    async def _script(self, code: str, language: Language) -> str:
        """What a session evaluates for this code."""
        size = len(code.encode("utf-8", "surrogatepass"))
        if size > MAX_CODE_BYTES:
            raise Conflict(f"the program has {size:,} bytes; a snippet has at most {MAX_CODE_BYTES:,}")
        guest = self._guest(language)
        key = (guest.engine, digest(code.encode("utf-8", "surrogatepass")))
        if key not in self._scripts:
            if not hasattr(guest, "compiled"):
                raise Conflict(f"the guest for {language} runs no snippets")
            script = await cast("Compiler", guest).compiled(code)
            if len(self._scripts) >= _MOST_SCRIPTS:
                self._scripts.clear()
            self._scripts[key] = script
        return self._scripts[key]

    async def _no(self, name: str, version: int | None) -> str:
        newest = await self._store.snippet(self._scope, name)
        if version is not None and newest is not None:
            return f"the snippet {name} has no version {version}; its newest is {newest.version}"
        await self.load()
        return unknown(name, self.known).message


class SnippetShelf:
    """The connector of the namespace `snippets`: one tool a snippet, to be found and described."""

    namespace = SNIPPETS

    def __init__(self, snippets: Snippets) -> None:
        self._snippets = snippets

    async def open(self, changed: Callable[[], None]) -> None:
        self._snippets.follow(changed)
        await self._snippets.load()

    def listing(self) -> Listing:
        tools = tuple(snippet.tool for snippet in self._snippets.known)
        return Listing(state="ready", tools=tools, about="Saved programs: they run inside the program that calls them.")

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        """Guests make a call of a snippet a call of `codemode.run`; nothing else can run one."""
        raise ToolError(f'{tool.path} runs inside a program: await codemode.run("{tool.path.method}", input)')

    async def close(self) -> None:
        return None


def _check_words(name: str, description: str) -> None:
    allowed = allowed_name(name)
    if allowed != name:
        raise Conflict(f"programs cannot call a snippet {name[:100]!r}; {allowed!r} would do")
    if not description.strip():
        raise Conflict("a snippet needs a description: a line that says what it does, by which search finds it")
    if len(description) > MAX_DESCRIPTION_CHARS:
        raise Conflict(
            f"the description has {len(description):,} characters; at most {MAX_DESCRIPTION_CHARS:,} are kept"
        )
