"""Connectors through a filter."""

from __future__ import annotations

from typing import Any

import pytest

from toolscript.connectors.functions import functions, tool
from toolscript.connectors.wrap import wrap
from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector
from toolscript.tools import CallContext

CONTEXT = CallContext(run="r", seq=1)


@tool(name="get-user", effect="read")
async def get_user() -> str:
    return "user"


async def get_order() -> str:
    return "order"


@tool(destructive=True)
async def drop_all() -> str:
    return "dropped"


def source() -> Connector:
    return functions("shop", get_user, get_order, drop_all, about="A shop.")


def shown(connector: Connector) -> dict[str, str]:
    return {str(tool.path): tool.effect for tool in connector.listing().tools}


def test_without_arguments_all_is_as_it_was() -> None:
    assert wrap(source()).listing() == source().listing()


def test_include_and_exclude_are_globs_over_method_and_raw_names() -> None:
    assert list(shown(wrap(source(), include=["get_*"]))) == ["shop.get_user", "shop.get_order"]
    assert list(shown(wrap(source(), include=["get-*"]))) == ["shop.get_user"]
    assert list(shown(wrap(source(), include=["*"], exclude=["get_*"]))) == ["shop.drop_all"]


def test_effects_are_set_by_the_first_pattern_that_fits() -> None:
    wrapped = wrap(source(), effects={"drop_all": "write", "*": "read"})
    assert shown(wrapped) == {"shop.get_user": "read", "shop.get_order": "read", "shop.drop_all": "write"}
    assert [tool.destructive for tool in wrapped.listing().tools] == [False, False, True]
    assert not wrap(source(), effects={"*": "read"}).listing().tools[2].destructive


async def test_renamed_tools_are_called_by_their_own_name_upstream() -> None:
    wrapped = wrap(source(), rename={"get-user": "user", "get_order": "order"}, namespace="store")
    assert list(shown(wrapped)) == ["store.user", "store.order", "store.drop_all"]
    assert [await wrapped.call(tool, {}, CONTEXT) for tool in wrapped.listing().tools] == ["user", "order", "dropped"]


async def test_a_tool_that_is_left_out_cannot_be_called() -> None:
    wrapped = wrap(source(), exclude=["drop_*"])
    with pytest.raises(ToolError, match="is not here any more"):
        await wrapped.call(source().listing().tools[2], {}, CONTEXT)


def test_a_rename_to_a_name_that_is_taken_is_left_undone_and_told() -> None:
    wrapped = wrap(source(), rename={"get_order": "get_user"})
    assert list(shown(wrapped)) == ["shop.get_user", "shop.get_order", "shop.drop_all"]
    assert wrapped.listing().problems == ("rename: get_order cannot be called get_user, because another tool is.",)


def test_a_pattern_that_fits_nothing_is_told_with_a_near_name() -> None:
    assert wrap(source(), exclude=["drop_al"], effects={"zzz*": "read"}).listing().problems == (
        "exclude: drop_al fits no tool of shop; did you mean drop_all?",
        "effects: zzz* fits no tool of shop",
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rename": {"get_user": "delete"}}, "'delete_' would do"),
        ({"namespace": "my-shop"}, "'my_shop' would do"),
        ({"effects": {"*": "reads"}}, 'an effect is "read" or "write"'),
        ({"include": "get_*"}, "lists of patterns"),
    ],
)
def test_what_cannot_be_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        wrap(source(), **options)
