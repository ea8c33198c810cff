"""The tools behind the servers that the tests drive."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.runtime.runtime import Runtime
from toolscript.tools import Media

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)

_PEOPLE = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": "Ada"}]
_ORDERS = [
    {"customer": 1, "total": 150.0},
    {"customer": 1, "total": 20.0},
    {"customer": 3, "total": 101.0},
    {"customer": 2, "total": 500.0},
]


def _mark(name: str) -> None:
    """Leave a trace in the file that the test gave, if it did."""
    trace = os.environ.get("TOOLS_TRACE")
    if trace:
        with Path(trace).open("a") as file:
            file.write(name + "\n")


@tool(effect="read")
def find(name: str) -> list[dict[str, Any]]:
    """Find customers by name."""
    return [person for person in _PEOPLE if person["name"] == name]


@tool
def create(name: str) -> int:
    """Create a customer."""
    _mark("create")
    print("a stray line that must not reach the wire")
    os.write(1, b"and one past Python's own streams\n")
    return 4


@tool(effect="read")
def picture() -> Media:
    """A picture of a customer."""
    return Media(PNG, "image/png")


@tool(effect="read")
def export(rows: int) -> list[dict[str, Any]]:
    """Many rows."""
    return [{"id": number, "name": f"Customer {number}"} for number in range(rows)]


@tool(effect="read")
async def forever() -> None:
    """Never answers."""
    _mark("forever started")
    try:
        await asyncio.Event().wait()
    finally:
        _mark("forever ended")


@tool(effect="read")
def orders(customer: int) -> list[dict[str, Any]]:
    """The orders of a customer."""
    return [order for order in _ORDERS if order["customer"] == customer]


@tool
def refund(order: int) -> None:
    """Refund an order."""
    _mark("refund")
    raise ToolError(f"order {order} was refunded before")


def runtime(*, slow: bool = False) -> Runtime:
    crm = functions("crm", find, create, picture, export, forever, about="Customers.")
    shop = functions("shop", orders, refund, about="Orders and refunds.")
    return Runtime([crm, shop])
