"""What a program calls: namespaces, their methods, and calls under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from typing import Any, cast

from toolscript.guests.python.calls import call_of

Send = Callable[[str, Mapping[str, Any]], "Call"]


class Call(Coroutine[Any, Any, Any]):
    """A call that was made when it was written; awaiting it waits for the answer, also more than once."""

    cannot_cross = "a call cannot cross; did you forget await?"

    def __init__(self, path: str, future: asyncio.Future[Any]) -> None:
        self._path = path
        self._future = future
        self._waiting: Generator[Any, None, Any] | None = None

    @property
    def is_settled(self) -> bool:
        return self._future.done()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait()

    def send(self, value: Any) -> Any:
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.send(value)

    def throw(self, *error: Any) -> Any:
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.throw(*error)

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.close()

    def _wait(self) -> Generator[Any, None, Any]:
        if self._future.cancelled():
            raise asyncio.CancelledError
        return (yield from self._future)

    def __hash__(self) -> int:
        return hash(self._future)

    def __repr__(self) -> str:
        return f"<call of {self._path}: did you forget await?>"


Call.__name__ = Call.__qualname__ = "coroutine"  # what it stands for, in the interpreter's own messages


class Method:
    """A tool as a value."""

    __slots__ = ("__name__", "__qualname__", "_send", "path")
    cannot_cross = "a function cannot cross; pass plain data"

    def __init__(self, path: str, send: Send) -> None:
        self.path = path
        self.__name__ = path.partition(".")[2]
        self.__qualname__ = path
        self._send = send

    def __call__(self, *args: Any, **kwargs: Any) -> Call:
        return self._send(*call_of(self.path, args, kwargs))

    def __repr__(self) -> str:
        return f"<tool {self.path}>"


Method.__name__ = "function"


class Namespace:
    """An object whose attributes are tools; a name that is not listed is a call that the host refuses."""

    cannot_cross = "a namespace cannot cross; call one of its methods"

    def __init__(self, name: str, own: Callable[[str], Any]) -> None:
        vars(self).update({"_Namespace__name": name, "_Namespace__own": own, "_Namespace__methods": {}})

    def __getattr__(self, name: str) -> Any:
        members = vars(self)
        if name.startswith("__") and name not in members["_Namespace__methods"]:
            raise AttributeError(f"{members['_Namespace__name']} has no tool {name}")
        found = members["_Namespace__methods"].get(name)
        if found is None:
            found = members["_Namespace__methods"][name] = members["_Namespace__own"](name)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(self)["_Namespace__name"]
        raise TypeError(f"{own} is read-only: keep values in a variable of your own")

    __delattr__ = cast("Any", __setattr__)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        return sorted(vars(self).get("_listed", ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dir__())

    def __contains__(self, name: object) -> bool:
        return name in vars(self).get("_listed", ())

    def __repr__(self) -> str:
        members = vars(self)
        return f"[Namespace {members['_Namespace__name']}: {', '.join(self.__dir__())}]"


def know(namespace: Namespace, methods: Sequence[str]) -> None:
    """Add names to those that a namespace lists."""
    vars(namespace).setdefault("_listed", set()).update(methods)
