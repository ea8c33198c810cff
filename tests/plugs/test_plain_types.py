"""Plain annotations: read without pydantic, exactly as pydantic reads them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import typing
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolscript.connectors.plain_types import NotPlain, read_plain
from toolscript.connectors.pydantic_types import read_annotation

_atoms = st.sampled_from([int, str, bool, float, None, list, dict])
_literals = st.one_of(
    st.lists(st.sampled_from(["a", "b", "ü"]), min_size=1, max_size=3).map(lambda some: Literal[tuple(some)]),
    st.lists(st.integers(-2, 2), min_size=1, max_size=3).map(lambda some: Literal[tuple(some)]),
)
ANNOTATIONS = st.recursive(
    _atoms | _literals,
    lambda inner: st.one_of(
        (inner | st.just(Any) | st.just(object)).map(lambda one: list[one]),
        (inner | st.just(Any) | st.just(object)).map(lambda one: dict[str, one]),
        inner.map(lambda one: typing.List[one]),  # noqa: UP006 - people write it
        inner.map(lambda one: Optional[one]),  # noqa: UP045 - people write it
        st.lists(inner, min_size=2, max_size=4).map(lambda some: Union[tuple(some)]),  # noqa: UP007
        inner.filter(lambda one: typing.get_origin(one) is not Union).map(lambda one: Annotated[one, "words"]),
    ),
    max_leaves=6,
)
_numbers = st.one_of(
    st.integers(), st.floats(), st.integers(-3, 3), st.integers(-3, 3).map(float), st.just(10**400), st.booleans()
)
_texts = st.sampled_from(["", "a", "b", "1", "1.5", "true", "null", "ü", "\ud800", "x" * 50])
VALUES = st.recursive(
    st.none() | _numbers | _texts,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_texts, inner, max_size=3),
        st.dictionaries(st.integers(0, 2), inner, max_size=1),
        st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=5,
)


def fitting(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of the annotation, so that not all that is drawn is refused."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (Any, object):
        return VALUES
    if origin is list or annotation is list:
        return st.lists(fitting(arguments[0]) if arguments else VALUES, max_size=3)
    if origin is dict or annotation is dict:
        return st.dictionaries(_texts, fitting(arguments[1]) if arguments else VALUES, max_size=3)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is Annotated:
        return fitting(arguments[0])
    if origin is not None:
        return st.one_of(*map(fitting, arguments))
    plain: dict[Any, st.SearchStrategy[Any]] = {int: st.integers(), bool: st.booleans(), float: _numbers, str: _texts}
    return plain.get(annotation, st.none())


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


@given(ANNOTATIONS)
@example(Union[None, int, str])  # noqa: UP007 - null first
def test_the_schema_of_a_plain_annotation_is_the_one_that_pydantic_gives(annotation: Any) -> None:
    plain = read_plain(annotation)
    assert plain is not None
    for mode in ("validation", "serialization"):
        known = read_annotation(annotation, mode)
        assert json.dumps(plain.schema) == json.dumps(known.schema)
        assert known.defs == plain.defs == {}


@given(st.data())
def test_a_plain_value_arrives_as_pydantic_would_hand_it_over(data: st.DataObject) -> None:
    annotation = data.draw(ANNOTATIONS)
    plain, known = read_plain(annotation), read_annotation(annotation, "validation")
    assert plain is not None
    assert known.convert is not None
    value = data.draw(fitting(annotation) | VALUES)
    if plain.convert is None:
        return  # it arrives as it is
    try:
        taken = plain.convert(value)
    except NotPlain:
        return  # pydantic decides
    assert same(taken, known.convert(value))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3),
        (int, 3.0),
        (float, 3),
        (float | None, 3),
        (Annotated[float | None, "words"], 3),
        (list[float], [1, 2.5]),
        (dict[str, list[float]], {"a": [1]}),
        (Literal["a", "b"], "b"),
        (dict[str, Any] | list[Any] | None, {"a": (1,)}),
        (Annotated[list[str], "words"], ["a"]),
        (list[dict[str, int | str]], [{"a": 1, "b": "c"}]),
    ],
)
def test_what_tools_take_every_day_needs_no_pydantic(annotation: Any, value: Any) -> None:
    plain = read_plain(annotation)
    assert plain is not None
    assert plain.convert is not None
    taken = plain.convert(value)
    known = read_annotation(annotation, "validation")
    assert known.convert is not None
    assert same(taken, known.convert(value))
    if isinstance(value, list | dict):
        assert taken is not value  # a tool that changes what it was given must not change the call


@pytest.mark.parametrize("annotation", [set[int], dict[int, str], bytes, tuple[int, ...], Literal["a", 1], int | bytes])
def test_what_is_not_plain_is_left_to_pydantic(annotation: Any) -> None:
    assert read_plain(annotation) is None


_PROGRAM = """
import asyncio, sys
from typing import Annotated, Any, Literal, Optional
from toolscript import Runtime, functions, tool

@tool(effect="read")
async def find(
    text: Annotated[str, "what to find"], limit: int = 10, *, least: float = 0, tags: list[str] | None = None,
    order: Literal["up", "down"] = "up", more: Optional[dict[str, Any]] = None, rest=None,
) -> list[dict[str, int | float | None]]:
    '''Find things.

    Args:
        text: what to find
    '''
    assert type(least) is float
    return [{"id": limit, "least": least}]

async def main():
    async with Runtime([functions("shop", find)]) as runtime:
        code = "return await shop.find({ text: 'a', least: 2, tags: ['b'], order: 'down', more: { c: [1] } })"
        assert (await runtime.run(code)).value == [{"id": 10, "least": 2}]
        print(sorted(name for name in sys.modules if name.partition(".")[0] in %r))

asyncio.run(main())
"""


def test_a_program_with_plain_tools_runs_without_pydantic() -> None:
    heavy = ("pydantic", "pydantic_core", "typing_extensions", "mcp", "snowballstemmer", "email", "sqlite3")
    done = subprocess.run([sys.executable, "-c", _PROGRAM % (heavy,)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
