"""Python functions as tools: what is offered, how arguments arrive, what results and errors become."""

from __future__ import annotations

import asyncio
import enum
import functools
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict, cast

import pytest
from pydantic import BaseModel, Field, SecretStr

from toolscript import codec
from toolscript.connectors.functions import functions, tool
from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector, Reverter
from toolscript.schema.secrets import secret_places
from toolscript.schema.typescript import type_text
from toolscript.tools import CallContext, Media, Progress, Revert, Tool

CONTEXT = CallContext(run="r1", seq=7)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


class Person(BaseModel):
    name: str
    born: date | None = None
    friends: list[Person] = Field(default_factory=list["Person"])


class Place(TypedDict):
    city: str
    zip_code: NotRequired[str]
    at: Point


class Pair(NamedTuple):
    left: int
    right: str


def only(connector: Connector) -> Tool:
    (one,) = connector.listing().tools
    return one


async def call(fn: Any, **args: Any) -> Any:
    connector = functions("ns", fn)
    try:
        return await connector.call(only(connector), args, CONTEXT)
    finally:
        await connector.close()


def argument(fn: Any, name: str) -> Any:
    schema = only(functions("ns", fn)).input_schema
    assert isinstance(schema, dict)
    return schema["properties"][name]


# --- what is offered


def test_a_function_becomes_a_tool_with_path_description_and_schema() -> None:
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        return a + b

    one = only(functions("calc", add))
    assert str(one.path) == "calc.add"
    assert one.description == "Add two numbers."
    assert one.input_schema == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 2}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert one.output_schema == {"type": "integer"}


def test_a_plain_function_is_a_write_and_only_its_author_makes_it_a_read() -> None:
    def plain() -> None: ...

    @tool(effect="read", idempotent=True)
    def reader() -> None: ...

    first, second = functions("ns", plain, reader).listing().tools
    assert (first.effect, second.effect, second.idempotent) == ("write", "read", True)
    assert reader() is None  # still a function


def test_names_that_are_no_identifiers_get_an_alias_and_keep_the_raw_name() -> None:
    def fn() -> int:
        return 1

    found = functions("ns", tool(fn, name="get-env"), tool(fn, name="delete")).listing().tools
    assert [(one.path.method, one.raw_name) for one in found] == [("get_env", "get-env"), ("delete_", "delete")]


GOOGLE = """Find things.

    More of it.

    Args:
        query (str): What to find,
            in words.
        limit: How many.

    Returns:
        The things.

    Raises:
        ValueError: never.
    """
NUMPY = """Find things.

    More of it.

    Parameters
    ----------
    query : str
        What to find,
        in words.
    limit : int, optional
        How many.

    Returns
    -------
    The things.
    """
SPHINX = """Find things.

    More of it.

    :param query: What to find,
        in words.
    :type query: str
    :param int limit: How many.
    :returns: The things.
    :raises ValueError: never
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_docstrings_of_three_styles_describe_tool_parameters_and_result(text: str) -> None:
    def find(query: str, limit: int = 3) -> list[str]:
        return [query] * limit

    find.__doc__ = text
    one = only(functions("ns", find))
    assert one.description == "Find things.\n\nMore of it."
    assert argument(find, "query")["description"] == "What to find, in words."
    assert argument(find, "limit")["description"] == "How many."
    assert isinstance(one.output_schema, dict)
    assert one.output_schema["description"] == "The things."


def test_descriptions_beside_the_annotation_win_over_the_docstring() -> None:
    def find(
        a: Annotated[str, "words"],
        b: Annotated[int, Field(description="field", ge=1)],
        c: str = Field("x", max_length=3),
    ) -> None:
        """Find.

        Args:
            a: no
            b: no
            c: from the docstring
        """

    assert argument(find, "a")["description"] == "words"
    assert argument(find, "b") == {"type": "integer", "description": "field", "minimum": 1}
    assert argument(find, "c") == {
        "type": "string",
        "maxLength": 3,
        "default": "x",
        "description": "from the docstring",
    }


def test_types_with_definitions_of_one_name_do_not_overwrite_each_other() -> None:
    def make(extra: str) -> Any:
        class Node(BaseModel):
            value: str = extra
            next: Node | None = None

        Node.model_rebuild(_types_namespace={"Node": Node})
        return Node

    def link(a: Any, b: Any) -> None: ...

    link.__annotations__ = {"a": make("one"), "b": make("two")}
    schema = only(functions("ns", link)).input_schema
    assert isinstance(schema, dict)
    assert schema["properties"] == {"a": {"$ref": "#/$defs/Node"}, "b": {"$ref": "#/$defs/Node_2"}}
    assert schema["$defs"]["Node_2"]["properties"]["next"]["anyOf"][0] == {"$ref": "#/$defs/Node_2"}
    assert schema["$defs"]["Node_2"]["properties"]["value"]["default"] == "two"


def test_the_context_is_not_part_of_the_schema() -> None:
    def fn(ctx: CallContext | None, x: int) -> None: ...

    schema = only(functions("ns", fn)).input_schema
    assert isinstance(schema, dict)
    assert list(schema["properties"]) == ["x"]


def test_what_a_partial_has_bound_is_not_shown() -> None:
    def send(to: str, key: str) -> str:
        return to + key

    schema = only(functions("ns", functools.partial(send, key="secret"))).input_schema
    assert "secret" not in str(schema)
    assert "key" not in str(schema)


def test_a_tool_costs_the_same_among_ten_thousand() -> None:
    def make(number: int) -> Callable[..., Any]:
        def fn(query: str, limit: int = 10, tags: list[str] | None = None) -> list[str]:
            """Find things.

            Args:
                query: What to find.
                limit: How many.
            """
            return []

        fn.__name__ = f"find_{number}"
        return fn

    def cost_of_one(count: int) -> float:
        made = [make(number) for number in range(count)]
        begin = time.process_time()
        assert len(functions("ns", *made).listing().tools) == count
        return (time.process_time() - begin) / count

    few = min(cost_of_one(500) for _ in range(5))
    assert min(cost_of_one(10_000) for _ in range(2)) < 5 * few  # anything quadratic makes it 20; in seconds: bench/


# --- how arguments arrive


@pytest.mark.parametrize(
    ("annotation", "given", "arrives"),
    [
        (int, 3.0, 3),
        (float, 2, 2.0),
        (Point, {"x": 1}, Point(1, 0)),
        (Person, {"name": "a", "born": "2020-01-02"}, Person(name="a", born=date(2020, 1, 2))),
        (list[Point], [{"x": 1, "y": 2}], [Point(1, 2)]),
        (Point | None, None, None),
        (int | str, "x", "x"),
        (Colour, "blue", Colour.BLUE),
        (Literal["a", "b"], "b", "b"),
        (datetime, "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        (date, "2026-01-02", date(2026, 1, 2)),
        (timedelta, "PT1H", timedelta(hours=1)),
        (Decimal, "1.10", Decimal("1.10")),
        (uuid.UUID, "12345678123456781234567812345678", uuid.UUID("12345678123456781234567812345678")),
        (Path, "a/b", Path("a/b")),
        (set[int], [1, 2, 2], {1, 2}),
        (bytes, b"\xff", b"\xff"),
        (Place, {"city": "x", "at": {"x": 1}}, {"city": "x", "at": Point(1, 0)}),
        (list[Place], [{"city": "x", "at": {"x": 1}}], [{"city": "x", "at": Point(1, 0)}]),
        (Any, {"free": 1}, {"free": 1}),
    ],
    ids=str,
)
async def test_an_argument_arrives_as_the_annotated_type(annotation: Any, given: Any, arrives: Any) -> None:
    seen: list[Any] = []

    async def fn(value: Any) -> None:
        seen.append(value)

    fn.__annotations__ = {"value": annotation}
    await call(fn, value=given)
    assert seen == [arrives]
    assert type(seen[0]) is type(arrives)


async def test_positional_only_keyword_only_and_further_arguments_are_passed_by_name() -> None:
    async def fn(a: int, /, b: int, *, c: int = 3, **rest: Point) -> list[Any]:
        return [a, b, c, rest["p"].x]

    assert await call(fn, a=1, b=2, p={"x": 9}) == [1, 2, 3, 9]


async def test_defaults_written_as_fields_are_filled_in() -> None:
    async def fn(a: int = Field(5, ge=1), b: list[int] = Field(default_factory=lambda: [1])) -> Any:  # noqa: B008
        return [a, b]

    assert await call(fn) == [5, [1]]


async def test_a_wrong_argument_is_named_by_its_path() -> None:
    async def fn(points: list[Point]) -> None: ...

    with pytest.raises(ToolError, match=r"`points\[1\].x`: .*valid integer") as caught:
        await call(fn, points=[{"x": 1}, {"x": "no"}])
    assert caught.value.failure.code == "bad_arguments"


async def test_types_local_to_the_caller_are_resolved() -> None:
    @dataclass
    class Local:
        n: int

    async def fn(one: Local) -> int:
        return one.n

    assert await call_here(functions("ns", fn), one={"n": 4}) == 4


async def call_here(connector: Connector, **args: Any) -> Any:
    return await connector.call(only(connector), args, CONTEXT)


async def test_the_context_is_handed_in_and_reports_progress() -> None:
    seen: list[Progress] = []

    async def fn(context: CallContext) -> str:
        context.report(Progress(1, 2))
        return context.idempotency_key

    connector = functions("ns", fn)
    context = CallContext(run="r", seq=3, report=seen.append)
    assert await connector.call(only(connector), {}, context) == "r:3"
    assert seen == [Progress(1, 2)]


async def test_methods_partials_and_callable_objects_work() -> None:
    class Shop:
        rate = 2

        def price(self, n: int) -> int:
            return n * self.rate

        @tool(effect="read")
        async def look(self, n: int) -> int:
            return n + self.rate

        @classmethod
        def kind(cls) -> str:
            return cls.__name__

        @staticmethod
        def zero() -> int:
            return 0

        async def __call__(self, n: int) -> int:
            return -n

    shop = Shop()

    async def add(a: int, b: int) -> int:
        return a + b

    connector = functions("ns", shop.price, shop.look, Shop.kind, Shop.zero, shop, functools.partial(add, b=5), max_of)
    tools = {one.raw_name: one for one in connector.listing().tools}
    args: dict[str, dict[str, Any]] = {
        "price": {"n": 3},
        "look": {"n": 3},
        "kind": {},
        "zero": {},
        "Shop": {"n": 1},
        "add": {"a": 1},
        "max_of": {"xs": [1, 3]},
    }
    got = {name: await connector.call(tools[name], given, CONTEXT) for name, given in args.items()}
    assert got == {"price": 6, "look": 5, "kind": "Shop", "zero": 0, "Shop": -1, "add": 6, "max_of": 3}
    assert tools["look"].effect == "read"
    await connector.close()


def max_of(xs: list[int]) -> int:
    return max(xs)


# --- threads


async def test_plain_functions_block_neither_the_loop_nor_each_other() -> None:
    barrier = threading.Barrier(8)

    def wait() -> int:
        return barrier.wait(timeout=10)

    connector = functions("ns", wait)
    calls = [connector.call(only(connector), {}, CONTEXT) for _ in range(8)]
    assert sorted(await asyncio.wait_for(asyncio.gather(*calls), 20)) == list(range(8))
    await connector.close()


async def test_a_cancelled_call_of_a_function_that_never_returns_is_left_at_once() -> None:
    release = threading.Event()
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stuck() -> None:
        loop.call_soon_threadsafe(entered.set)
        release.wait(30)

    connector = functions("ns", stuck)
    task = asyncio.ensure_future(connector.call(only(connector), {}, CONTEXT))
    await asyncio.wait_for(entered.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    release.set()
    await connector.close()


async def test_cancelling_reaches_an_async_function() -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def stuck() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    connector = functions("ns", stuck)
    task = asyncio.ensure_future(connector.call(only(connector), {}, CONTEXT))
    await asyncio.wait_for(entered.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left.is_set()


# --- what results become


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (Point(1, 2), {"x": 1, "y": 2}),
        (Person(name="a", born=date(2020, 1, 2)), {"name": "a", "born": date(2020, 1, 2), "friends": []}),
        ([Colour.RED, {"c": Colour.BLUE}], ["red", {"c": "blue"}]),
        ({3, 1, 2}, [1, 2, 3]),
        (Decimal("1.10"), "1.10"),
        (uuid.UUID(int=5), str(uuid.UUID(int=5))),
        (Path("a/b"), "a/b"),
        (timedelta(hours=1), "PT1H"),
        (Pair(1, "a"), [1, "a"]),
        ({Colour.RED: 1, uuid.UUID(int=1): 2}, {"red": 1, str(uuid.UUID(int=1)): 2}),
        (b"\xff", b"\xff"),
        (bytearray(b"a"), b"a"),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (2**70, 2**70),
        ({"deep": [{"p": Point(0)}]}, {"deep": [{"p": {"x": 0, "y": 0}}]}),
        (None, None),
    ],
    ids=str,
)
async def test_a_result_becomes_a_value_that_the_codec_takes(returned: Any, value: Any) -> None:
    async def fn() -> Any:
        return returned

    got = await call(fn)
    assert got == value
    codec.encode(got)


async def test_a_function_that_yields_gives_a_list() -> None:
    def plain() -> Iterator[int]:
        yield from range(3)

    async def with_await() -> AsyncIterator[int]:
        for n in range(3):
            yield n

    assert await call(plain) == [0, 1, 2]
    assert await call(with_await) == [0, 1, 2]


async def test_a_result_that_cannot_cross_is_named_by_its_type() -> None:
    async def fn() -> Any:
        return [object()]

    with pytest.raises(ToolError, match="type object, which cannot cross"):
        await call(fn)


async def test_a_result_that_contains_itself_is_an_error() -> None:
    @dataclass
    class Ring:
        next: Any = field(default=None)

    async def fn() -> Any:
        ring = Ring()
        ring.next = ring
        return ring

    with pytest.raises(ToolError, match="contains itself"):
        await call(fn)


# --- what errors become


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_an_exception_becomes_its_type_and_message_and_a_tool_error_passes(kind: str) -> None:
    def plain(error: Any) -> None:
        raise error

    async def with_await(error: Any) -> None:
        raise error

    fn = plain if kind == "plain" else with_await

    async def words(error: BaseException) -> str:
        with pytest.raises(ToolError) as caught:
            await call(fn, error=error)
        return caught.value.failure.message

    assert await words(ValueError("bad")) == "ValueError: bad"
    assert await words(KeyError()) == "KeyError"
    assert await words(StopIteration("x")) in (
        "StopIteration: x",
        "RuntimeError: StopIteration: x",
        "RuntimeError: coroutine raised StopIteration",
    )
    assert await words(SystemExit(3)) == "SystemExit: 3"
    assert await words(ToolError("my words in /etc/app")) == "my words in /etc/app"
    assert (
        await words(FileNotFoundError(2, "No such file", "/home/ann/secret/file.txt"))
        == "FileNotFoundError: [Errno 2] No such file: '…/file.txt'"
    )
    assert (
        await words(ValueError("GET https://a.b/usr/x and /users/42"))
        == "ValueError: GET https://a.b/usr/x and /users/42"
    )
    assert len(await words(ValueError("x" * 100_000))) < 5_000


async def test_a_function_that_cancels_itself_fails_and_does_not_cancel_its_caller() -> None:
    async def fn() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ToolError, match="cancelled itself"):
        await call(fn)


# --- bad registration


def star(*args: int) -> None: ...


def unknown_annotation(a: threading.Thread) -> None: ...


def missing(a: Any) -> None: ...


missing.__annotations__["a"] = "Nowhere"


class Unbound:
    def method(self, a: int) -> None: ...


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ([lambda: 1], "lambda has no name"),
        ([star], r"`\*args` cannot be"),
        ([unknown_annotation], "parameter `a` is annotated Thread"),
        ([missing], "name `Nowhere`, which is not defined"),
        ([max_of, max_of], "Two functions are called max_of"),
        ([3], "3 is of type int, not a function"),
        ([Point], "Point is a class"),
        ([Unbound.method], "method: the method is not bound"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_a_tool_is_refused_in_words(tools: list[Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        functions("ns", *tools)


def test_a_namespace_that_programs_cannot_use_is_refused_with_one_that_would_do() -> None:
    with pytest.raises(ConfigError, match="'my_shop' would do"):
        functions("my-shop")


def test_an_unknown_effect_is_refused() -> None:
    with pytest.raises(ConfigError, match='"read" or "write"'):
        tool(effect="reads")  # pyright: ignore[reportUndefinedVariable, reportArgumentType]


async def test_an_async_call_costs_microseconds() -> None:
    async def add(a: int, b: int) -> int:
        return a + b

    connector = functions("ns", add)
    one, args = only(connector), {"a": 1, "b": 2}
    best = 9e9
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(1_000):
            await connector.call(one, args, CONTEXT)
        best = min(best, (time.perf_counter() - begin) * 1_000)
    assert best < 60, f"{best:.1f} µs a call"  # measured at 3 to 10


async def test_media_in_a_result_are_described_as_the_blobs_that_they_become():
    def chart(name: str) -> Media:
        """Draw."""
        return Media(b"", "image/png")

    def charts() -> list[Media]:
        """Draw all."""
        return []

    one, many = functions("draw", chart, charts).listing().tools
    assert type_text(one.output_schema) == "{ type: string, size: number }"
    assert list(many.output_schema["$defs"]["Media"]["properties"]) == ["type", "size"]


# --- how calls are undone


async def undone(fn: Any, args: dict[str, Any], result: Any, context: CallContext = CONTEXT) -> Any:
    connector = functions("ns", fn)
    try:
        return await cast("Reverter", connector).revert(only(connector), args, result, context)
    finally:
        await connector.close()


async def test_a_revert_gets_the_result_and_the_arguments_that_it_names() -> None:
    def create(name: str, at: Point, note: str = "") -> dict[str, int]:
        return {"id": 1}

    def undo(result: dict[str, int], name: str) -> list[Any]:
        return [result["id"], name]

    async def undo_later(at: Point) -> int:
        return at.x

    def undo_all(**everything: Any) -> Any:
        return everything

    def undo_rest(result: Any, **rest: Any) -> Any:
        return [result, rest]

    args = {"name": "a", "at": {"x": 5}}
    assert only(functions("ns", tool(create, revert=undo))).revert == Revert()
    assert only(functions("ns", create)).revert is None
    assert await undone(tool(create, revert=undo), args, {"id": 7}) == [7, "a"]
    assert await undone(tool(create, revert=undo_later), args, {"id": 7}) == 5
    assert await undone(tool(create, revert=undo_all), args, 7) == {**args, "result": 7}
    assert await undone(tool(create, revert=undo_rest), args, 7) == [7, args]
    assert await undone(tool(create, revert=lambda result: result + 1), args, 7) == 8


async def test_an_argument_that_the_call_left_out_has_the_default_of_the_revert_or_else_of_the_tool() -> None:
    def create(a: int = 1, b: int = 2, c: int = Field(3)) -> None: ...

    def undo(a: int, b: int = 20, *, c: int) -> list[int]:
        return [a, b, c]

    assert await undone(tool(create, revert=undo), {}, None) == [1, 20, 3]
    assert await undone(tool(create, revert=undo), {"a": 4, "b": 5, "c": 6}, None) == [4, 5, 6]


async def test_a_revert_may_take_the_context_and_defaults_of_its_own() -> None:
    def create(name: str) -> None: ...

    async def undo(result: Any, context: CallContext, hard: bool = True) -> list[Any]:
        return [context.idempotency_key, hard]

    assert await undone(tool(create, revert=undo), {"name": "a"}, None, CallContext(run="r", seq=3)) == ["r:3", True]


async def test_a_revert_of_a_method_is_bound_to_the_same_instance() -> None:
    def outside(result: Any) -> str:
        return f"outside {result}"

    class Shop:
        def __init__(self) -> None:
            self.stock = 5

        def put_back(self, result: int, n: int) -> int:
            self.stock += n
            return self.stock + result

        @tool(revert=put_back)
        def take(self, n: int) -> int:
            self.stock -= n
            return self.stock

        @tool(revert=outside)
        def look(self) -> int:
            return self.stock

    shop = Shop()
    assert shop.take(2) == 3
    assert await undone(shop.take, {"n": 2}, 100) == 105
    assert await undone(shop.look, {}, 1) == "outside 1"


async def test_what_a_revert_raises_reaches_the_report_in_words() -> None:
    def create() -> None: ...

    def undo(result: int) -> None:
        raise LookupError("no such thing in /home/ann/x.db")

    with pytest.raises(ToolError, match=r"LookupError: no such thing in …/x.db"):
        await undone(tool(create, revert=undo), {}, 1)
    with pytest.raises(ToolError, match=r"`result`: .*valid integer"):
        await undone(tool(create, revert=undo), {}, "no")
    with pytest.raises(ToolError, match=r"ns\.create cannot be undone: its function has no revert"):
        await undone(create, {}, 1)


async def test_a_revert_that_needs_what_was_redacted_says_so() -> None:
    def login(user: str, password: str) -> None: ...

    def logout(user: str, password: str) -> None: ...

    args = {"user": "a", "password": "[redacted]"}
    with pytest.raises(ToolError, match="needs `password`, which is a secret that the log does not hold"):
        await undone(tool(login, revert=logout), args, None)
    assert await undone(tool(login, revert=lambda user: user), args, None) == "a"


def takes_more(result: Any, nam: str) -> None: ...


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"revert": takes_more},
            "create: its revert takes `nam`, which is no argument of create. It can take `result`",
        ),
        ({"revert": star}, r"create: its revert: arguments are passed by name, so `\*args` cannot be"),
        ({"revert": unknown_annotation}, "create: its revert: parameter `a` is annotated Thread"),
        ({"revert": "undo"}, "create: its revert is of type str, not a function"),
        ({"revert": takes_more, "effect": "read"}, "there is nothing to undo"),
    ],
)
def test_what_cannot_be_a_revert_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    def create(name: str) -> None: ...

    with pytest.raises(ConfigError, match=words):
        functions("ns", tool(create, **options))


def test_a_function_says_itself_that_it_honours_keys() -> None:
    def pay(context: CallContext) -> None: ...

    assert not only(functions("ns", pay)).keyed
    assert only(functions("ns", tool(pay, keyed=True))).keyed


# --- what is secret


class Account(BaseModel):
    user: str
    key: SecretStr


async def test_secret_types_and_marks_are_in_the_schema_and_their_defaults_are_not() -> None:
    async def login(
        user: str,
        account: Account,
        password: SecretStr = SecretStr("letmein"),  # noqa: B008
        pin: Annotated[str, Field(json_schema_extra={"writeOnly": True})] = "0000",
        token: str = Field("t-default", json_schema_extra={"writeOnly": True}),
    ) -> list[str]:
        return [user, account.key.get_secret_value(), password.get_secret_value(), pin, token]

    schema = only(functions("ns", login)).input_schema
    args = {"user": "u", "account": {"user": "v", "key": "k"}, "password": "p", "pin": "1", "token": "t"}
    assert secret_places(schema, args) == (("account", "key"), ("password",), ("pin",), ("token",))
    assert "letmein" not in str(schema)
    assert "0000" not in str(schema)
    assert "t-default" not in str(schema)
    assert "*" not in str(schema)
    assert await call(login, **args) == ["u", "k", "p", "1", "t"]
    assert await call(login, user="u", account={"user": "v", "key": "k"}) == ["u", "k", "letmein", "0000", "t-default"]


async def test_a_secret_in_a_result_or_an_error_is_masked() -> None:
    async def show() -> Any:
        return Account(user="u", key=SecretStr("hunter2"))

    async def fail(key: SecretStr) -> None:
        raise ValueError(f"bad key {key}")

    assert "hunter2" not in str(await call(show))
    with pytest.raises(ToolError, match=r"bad key \*+$"):
        await call(fail, key="hunter2")


def test_names_that_come_to_the_same_are_told_apart_and_reported():
    connector = functions("shop", tool(lambda: 1, name="get-order"), tool(lambda: 2, name="get_order"))
    assert len({made.path.method for made in connector.listing().tools}) == 2
    (problem,) = connector.listing().problems
    assert "2 names come to get_order" in problem
