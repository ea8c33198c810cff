"""Connectors through a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from toolscript.connectors.functions import functions, tool
from toolscript.connectors.wrap import Wrapped, wrap
from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector, Listing
from toolscript.tools import CallContext, Revert, Tool

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


# --- reverts and keys


async def create_contact(name: str) -> dict[str, str]:
    return {"id": name}


async def delete_contact(id: str) -> str:
    return f"deleted {id}"


@tool(revert=lambda result: f"undid {result}")
async def book() -> str:
    return "booked"


def crm() -> Connector:
    return functions("crm", create_contact, delete_contact, book)


def reverts(connector: Connector) -> dict[str, Revert | None]:
    return {one.path.method: one.revert for one in connector.listing().tools}


def test_a_revert_is_written_in_the_names_that_are_shown() -> None:
    wrapped = wrap(
        crm(),
        rename={"delete_contact": "remove"},
        reverts={"create_*": 'remove(id=result.id, why="x")', "book": "trips.cancel()"},
        namespace="people",
    )
    assert reverts(wrapped) == {
        "create_contact": Revert("people.remove", {"id": "result.id", "why": '"x"'}),
        "remove": None,
        "book": Revert("trips.cancel", {}),
    }
    assert wrapped.listing().problems == ("reverts: people.remove has no argument why; it takes id",)


def test_a_revert_may_be_written_in_the_names_of_the_source() -> None:
    source = functions("crm", create_contact, tool(delete_contact, name="delete"), book)
    plain = wrap(source, reverts={"create_contact": "delete(id=result.id)"})
    assert reverts(plain)["create_contact"] == Revert("crm.delete_", {"id": "result.id"})
    renamed = wrap(source, rename={"delete": "remove"}, reverts={"create_contact": "delete(id=result.id)"})
    assert reverts(renamed)["create_contact"] == Revert("crm.remove", {"id": "result.id"})
    assert plain.listing().problems == renamed.listing().problems == ()


def test_reverts_that_fit_or_lead_nowhere_are_told() -> None:
    wrapped = wrap(
        crm(),
        reverts={"make_contact": "delete_contact(id=result)", "create_contact": "delete_contct(id=result.id)"},
        keyed=["zzz", "book"],
    )
    assert wrapped.listing().problems == (
        "reverts: make_contact fits no tool of crm; did you mean create_contact?",
        "keyed: zzz fits no tool of crm",
        "reverts: create_contact is undone by crm.delete_contct, which is not there; did you mean crm.delete_contact?",
    )


def test_a_revert_that_cannot_be_read_is_refused_with_its_tool_and_the_column() -> None:
    with pytest.raises(ConfigError, match=r"reverts: create_contact: revert, column 19: reslt is neither"):
        wrap(crm(), reverts={"create_contact": "delete_contact(id=reslt.id)"})


def test_keyed_tools_are_those_that_a_pattern_names_and_those_that_say_so_themselves() -> None:
    source = functions("crm", tool(create_contact, keyed=True), delete_contact, book)
    assert [one.keyed for one in wrap(source, keyed=["bo*"]).listing().tools] == [True, False, True]
    with pytest.raises(ConfigError, match="lists of patterns"):
        wrap(crm(), keyed="book")


async def test_a_revert_of_the_connector_behind_is_passed_through_every_layer() -> None:
    twice = wrap(wrap(crm(), rename={"book": "order"}, namespace="trips"), namespace="travel")
    (order,) = [one for one in twice.listing().tools if one.path.method == "order"]
    assert order.revert == Revert()
    assert isinstance(twice, Wrapped)
    assert await twice.revert(order, {}, "this", CONTEXT) == "undid this"
    with pytest.raises(ToolError, match="has no revert"):
        await twice.revert(twice.listing().tools[0], {}, "this", CONTEXT)


def test_a_layer_outside_moves_the_reverts_of_the_one_inside() -> None:
    inside = wrap(crm(), reverts={"create_contact": "delete_contact(id=result.id)", "book": "trips.cancel()"})
    outside = wrap(inside, rename={"delete_contact": "remove"}, namespace="people")
    assert reverts(outside)["create_contact"] == Revert("people.remove", {"id": "result.id"})
    assert reverts(outside)["book"] == Revert("trips.cancel", {})


class Bare:
    """A connector without the power to undo."""

    def __init__(self) -> None:
        self._inner = crm()
        self.namespace = "crm"

    async def open(self, changed: Callable[[], None]) -> None: ...

    def listing(self) -> Listing:
        return self._inner.listing()

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        return await self._inner.call(tool, args, context)

    async def close(self) -> None: ...


async def test_a_connector_that_undoes_nothing_says_so() -> None:
    wrapped = wrap(Bare())
    assert isinstance(wrapped, Wrapped)
    with pytest.raises(ToolError, match="cannot be undone: its source knows no way"):
        await wrapped.revert(wrapped.listing().tools[0], {}, None, CONTEXT)


def test_a_source_without_pages_says_so_through_the_wrapper() -> None:
    wrapped = wrap(source())
    (user, *_) = wrapped.listing().tools
    with pytest.raises(ToolError, match="comes without pages that are known"):
        wrapped.page(user, {}, "run_1")  # type: ignore[attr-defined]
