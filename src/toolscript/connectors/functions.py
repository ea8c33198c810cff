"""Python functions as tools: `functions("shop", find_order, refund)`."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, cast, overload

from toolscript.connectors.results import crossing
from toolscript.connectors.reverting import Bound, Reverting, is_async, parameters_of, read_reverting
from toolscript.connectors.signatures import BadArgument, Signature, read_signature
from toolscript.errors import ConfigError, Failure, ToolError
from toolscript.ports import Connector, Listing
from toolscript.schema.names import collisions, method_names, namespace_names
from toolscript.threads import Threads
from toolscript.tools import CallContext, Effect, Revert, Tool, ToolPath

MAX_THREADS = 32  # as many calls as one run may have in flight (`Limits.concurrent_calls`)
MAX_ERROR_CHARS = 4_000  # the words of an exception that a model reads: about 1,000 tokens

Fn = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTool:
    """A function with what its signature does not say. It can still be called, and bound to an instance."""

    fn: Fn
    name: str | None = None
    description: str | None = None
    effect: Effect = "write"
    destructive: bool = False
    idempotent: bool = False
    keyed: bool = False
    revert: Fn | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> FunctionTool:
        if instance is None:
            return self
        revert: Any = self.revert
        if revert is not None and _wants_self(revert):
            revert = revert.__get__(instance, owner)
        return replace(self, fn=self.fn.__get__(instance, owner), revert=revert)


@overload
def tool(fn: Fn, /) -> FunctionTool: ...
@overload
def tool(
    fn: Fn | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "write",
    destructive: bool = False,
    idempotent: bool = False,
    keyed: bool = False,
    revert: Fn | None = None,
) -> Any: ...
def tool(
    fn: Fn | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "write",
    destructive: bool = False,
    idempotent: bool = False,
    keyed: bool = False,
    revert: Fn | None = None,
) -> Any:
    """Say more of a function than its signature does: `@tool(effect="read")`, or `tool(fn, name="find")`.

    `effect` is `read` for what changes nothing outside; what is not said is a write. `keyed` promises that the function
    honours `context.idempotency_key`: called twice with one key, it acts once and gives the same result. A call that a
    crash cut off is then made again, and nobody is asked. The same holds for its revert.

    `revert` undoes a call. It is called with `result`, what the call gave, and with those of the call's arguments that
    its own parameters name (`**rest` takes all of them): `def undo(result, name): ...`. An argument that the call left
    out has the revert's default, or else the function's own. It may be async, and may take a `CallContext`.
    """
    if effect not in ("read", "write"):
        raise ConfigError(f'tool(effect={effect!r}): an effect is "read" or "write"')
    if effect == "read" and revert is not None:
        raise ConfigError('tool(effect="read", revert=...): a read changes nothing, so there is nothing to undo')

    def decorate(fn: Fn) -> FunctionTool:
        if not callable(fn):
            raise ConfigError(f"tool() takes a function, not {type(fn).__name__}")
        return FunctionTool(
            fn=fn,
            name=name,
            description=description,
            effect=effect,
            destructive=destructive,
            idempotent=idempotent,
            keyed=keyed,
            revert=revert,
        )

    return decorate if fn is None else decorate(fn)


def functions(namespace: str, *tools: Fn | FunctionTool, about: str = "") -> Connector:
    """A connector of Python functions, plain or async.

    Schemas come from type hints and docstrings, and arguments arrive as the annotated types. A function is a write
    unless `tool(effect="read")` says otherwise. A plain one runs on a thread, so it may block. One that yields gives
    a list. Raise `ToolError` to choose the words that the program reads; of any other exception it reads the type's
    name and the message. Raises `ConfigError` for what cannot be a tool.
    """
    if namespace_names([namespace])[namespace] != namespace:
        raise ConfigError(
            f"functions({namespace!r}): programs cannot use this name for a namespace; "
            f"{namespace_names([namespace])[namespace]!r} would do"
        )
    scope = _locals_of(inspect.currentframe())
    return _Functions(namespace, [_checked(one, scope) for one in tools], about)


def _locals_of(frame: FrameType | None) -> Mapping[str, Any]:
    """The names of our caller's caller, in which annotations of local functions may be written."""
    return frame.f_back.f_locals if frame is not None and frame.f_back is not None else {}


@dataclass(frozen=True, slots=True)
class _Checked:
    spec: FunctionTool
    name: str
    signature: Signature
    is_async: bool
    revert: Reverting | None = None


def _checked(one: Fn | FunctionTool, scope: Mapping[str, Any]) -> _Checked:
    spec = one if isinstance(one, FunctionTool) else FunctionTool(fn=one)
    fn: Any = spec.fn
    while isinstance(fn, FunctionTool):
        fn = fn.fn
    if isinstance(fn, staticmethod | classmethod):
        raise ConfigError(f"{fn!r} is not bound yet: pass it as an attribute of its class")
    if not callable(fn):
        raise ConfigError(f"{fn!r} is of type {type(fn).__name__}, not a function: pass functions to functions()")
    if inspect.isclass(fn):
        raise ConfigError(f"{fn.__name__} is a class: pass a function, a bound method, or an instance with `__call__`")
    name = spec.name or _name_of(fn)
    if not inspect.ismethod(fn) and _wants_self(fn):
        raise ConfigError(f"{name}: the method is not bound; pass it as an attribute of an instance")
    signature = read_signature(fn, name, scope)
    revert = None if spec.revert is None else read_reverting(spec.revert, fn, name, signature, scope)
    return _Checked(replace(spec, fn=fn), name, signature, is_async(fn), revert)


def _name_of(fn: Any) -> str:
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__name__", None) or type(fn).__name__
    if name == "<lambda>":
        raise ConfigError('A lambda has no name: write `tool(lambda ..., name="...")`, or a function with `def`')
    return name


def _wants_self(fn: Any) -> bool:
    return next(iter(parameters_of(fn)), "") == "self"


class _Functions:
    def __init__(self, namespace: str, checked: list[_Checked], about: str) -> None:
        self._namespace = namespace
        self._about = about
        self._by_name: dict[str, _Checked] = {}
        for one in checked:
            if one.name in self._by_name:
                raise ConfigError(f'Two functions are called {one.name}: give one a name with `tool(fn, name="...")`')
            self._by_name[one.name] = one
        names = method_names(self._by_name)
        self._tools = tuple(_tool(ToolPath(namespace, names[one.name]), one) for one in checked)
        self._problems = collisions(names)
        self._threads = Threads(most=MAX_THREADS)

    @property
    def namespace(self) -> str:
        return self._namespace

    async def open(self, changed: Callable[[], None]) -> None:
        """Nothing to connect: functions are ready."""

    def listing(self) -> Listing:
        return Listing(state="ready", tools=self._tools, about=self._about, problems=self._problems)

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        known = self._by_name.get(tool.raw_name)
        if known is None:
            raise ToolError(f"{tool.path} is not here any more.")
        return await self._acted(known.spec.fn, known.is_async, lambda: known.signature.bind(args, context))

    async def revert(self, tool: Tool, args: Mapping[str, Any], result: Any, context: CallContext) -> Any:
        known = self._by_name.get(tool.raw_name)
        if known is None or (revert := known.revert) is None:
            raise ToolError(f"{tool.path} cannot be undone: its function has no revert.")
        return await self._acted(revert.fn, revert.is_async, lambda: revert.bind(args, result, context))

    async def _acted(self, fn: Fn, is_async: bool, bind: Callable[[], Bound]) -> Any:
        """What a function gives, called with what `bind` makes of the arguments."""
        try:
            positional, named = bind()
            if is_async:
                value = await _awaited(fn(*positional, **named))
            else:
                variables = contextvars.copy_context()
                value = await self._threads.run(lambda: variables.run(_gathered, fn, positional, named))
                if inspect.isawaitable(value):  # a plain function that hands out a coroutine
                    value = await value
            return crossing(value)
        except BadArgument as error:
            raise ToolError(_failure(str(error), "bad_arguments")) from error
        except ToolError:
            raise
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            raise ToolError("The tool cancelled itself.") from error
        except (Exception, SystemExit) as error:  # around a connector's call: a function may raise anything
            raise ToolError(_words(error)) from error

    async def close(self) -> None:
        self._threads.close()


def _tool(path: ToolPath, one: _Checked) -> Tool:
    spec = one.spec
    return Tool(
        path=path,
        raw_name=one.name,
        description=one.signature.docs.description if spec.description is None else spec.description,
        input_schema=one.signature.input_schema,
        output_schema=one.signature.output_schema,
        effect=spec.effect,
        destructive=spec.destructive,
        idempotent=spec.idempotent,
        keyed=spec.keyed,
        revert=None if one.revert is None else Revert(),
    )


def _gathered(fn: Fn, positional: list[Any], named: dict[str, Any]) -> Any:
    """Call, and read a generator to its end while still on the thread."""
    value = fn(*positional, **named)
    return list(cast("Iterator[Any]", value)) if isinstance(value, Iterator) else value


async def _awaited(value: Awaitable[Any] | AsyncIterator[Any]) -> Any:
    return [item async for item in value] if isinstance(value, AsyncIterator) else await value


def _failure(message: str, code: Any = "tool") -> Failure:
    return Failure(kind="tool", code=code, name="ToolError", message=message)


def _words(error: BaseException) -> str:
    """`TypeName: message`, without folders of the host."""
    message = _without_folders(str(error))
    if len(message) > MAX_ERROR_CHARS:
        message = f"{message[:MAX_ERROR_CHARS]}… ({len(message):,} characters)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


@functools.cache
def _folders() -> re.Pattern[str]:
    """Absolute paths that begin where a host keeps programs, users and scratch files; the last name is group 1."""
    scratch = {os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)}
    own = {str(Path.home()), sys.prefix, sys.base_prefix, os.getcwd()} | scratch
    common = ("/home", "/root", "/usr", "/var", "/etc", "/opt", "/tmp", "/private", "/Users", "/srv", "/mnt", "/proc")  # noqa: S108
    roots = sorted((own | set(common)) - {"/"}, key=len, reverse=True)
    some = "|".join(re.escape(root) for root in roots)
    return re.compile(rf"(?<![\w./:\\-])(?:(?:{some})(?=[/\\])|[A-Za-z]:\\)(?:[^\s'\"/\\:]*[/\\])*([^\s'\"/\\:]*)")


def _without_folders(text: str) -> str:
    return _folders().sub(r"…/\1", text)
