"""Three small services with made-up content, for the demonstration: customers, their orders, exchange rates."""

from __future__ import annotations

import asyncio
import random
from typing import Literal, TypedDict

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.ports import Connector

LATENCY_S = 0.012  # what a quick service nearby takes; without it there would be nothing to see in the timeline
PAGE = 20

Country = Literal["DE", "FR", "JP", "US"]
_CURRENCIES = {"DE": "EUR", "FR": "EUR", "JP": "JPY", "US": "USD"}
_RATES = {"EUR": 1.0, "JPY": 0.0061, "USD": 0.92}
_FIRST = ("Ada", "Blaise", "Chiyo", "Dorothy", "Emmy", "Fumiko", "Grace", "Henri", "Ida", "Jun")
_LAST = ("Arai", "Bauer", "Curie", "Dubois", "Ito", "Keller", "Moreau", "Noether", "Smith", "Walker")


class Customer(TypedDict):
    """Someone who buys."""

    id: str
    name: str
    country: Country
    segment: str
    since: str


class Order(TypedDict):
    """One order; `total` is in the currency of the customer's country."""

    id: str
    customer: str
    placed: str
    status: Literal["paid", "open", "returned"]
    currency: str
    total: float
    lines: int


class Orders(TypedDict):
    """A page of orders; `next` is the number of the next page, or null."""

    orders: list[Order]
    next: int | None


def _made_up() -> tuple[list[Customer], dict[str, list[Order]]]:
    dice = random.Random(42)  # noqa: S311 - the same for everybody
    customers: list[Customer] = []
    orders: dict[str, list[Order]] = {}
    for number in range(1, 41):
        name = f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"
        country: Country = dice.choice(("DE", "FR", "JP", "US"))
        key = f"c{number:03}"
        segment = dice.choice(("retail", "trade", "online"))
        since = f"20{dice.randint(15, 25)}-{dice.randint(1, 12):02}"
        customers.append(Customer(id=key, name=name, country=country, segment=segment, since=since))
        orders[key] = [_order(dice, key, country, place) for place in range(dice.randint(4, 44))]
    return customers, orders


def _order(dice: random.Random, customer: str, country: Country, place: int) -> Order:
    currency = _CURRENCIES[country]
    return Order(
        id=f"{customer}-{place + 1:03}",
        customer=customer,
        placed=f"2026-{dice.randint(1, 10):02}-{dice.randint(1, 28):02}",
        status=dice.choice(("paid", "paid", "paid", "open", "returned")),
        currency=currency,
        total=round(dice.uniform(20, 900) / _RATES[currency], 2),
        lines=dice.randint(1, 9),
    )


_CUSTOMERS, _ORDERS = _made_up()


@tool(effect="read")
async def customers(country: Country) -> list[Customer]:
    """List the customers of a country."""
    await asyncio.sleep(LATENCY_S)
    return [customer for customer in _CUSTOMERS if customer["country"] == country]


@tool(effect="read")
async def orders(customer: str, page: int = 1) -> Orders:
    """The orders of a customer, oldest first, twenty a page."""
    await asyncio.sleep(LATENCY_S)
    if customer not in _ORDERS:
        raise ToolError(f"there is no customer {customer}; ids are those that crm.customers gives")
    rows = _ORDERS[customer][(page - 1) * PAGE : page * PAGE]
    return Orders(orders=rows, next=page + 1 if len(_ORDERS[customer]) > page * PAGE else None)


@tool(effect="read")
async def euros(currency: str) -> float:
    """What one unit of a currency is worth in euros."""
    await asyncio.sleep(LATENCY_S)
    if currency not in _RATES:
        raise ToolError(f"there is no rate for {currency}; there are {', '.join(_RATES)}")
    return _RATES[currency]


def connectors() -> tuple[Connector, ...]:
    """The three services."""
    return (
        functions("crm", customers, about="Customers and where they are"),
        functions("shop", orders, about="Orders"),
        functions("rates", euros, about="Exchange rates"),
    )
