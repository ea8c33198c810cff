"""The demonstration's program, in each syntax: they make the same calls and give the same answer."""

from __future__ import annotations

from collections.abc import Mapping

from toolscript.schema.syntax import Syntax

_TYPESCRIPT = """\
const countries = ["JP", "FR", "US"];
const customers = (await Promise.all(countries.map((country) => crm.customers({ country })))).flat();

// open orders of one customer, page by page
async function open(customer) {
  const found = [];
  for (let page = 1; page !== null; ) {
    const answer = await shop.orders({ customer: customer.id, page });
    found.push(...answer.orders.filter((order) => order.status === "open"));
    page = answer.next;
  }
  return found;
}

const orders = await Promise.all(customers.map(open));
const currencies = [...new Set(orders.flat().map((order) => order.currency))];
const values = await Promise.all(currencies.map((currency) => rates.euros({ currency })));
const rate = Object.fromEntries(currencies.map((currency, i) => [currency, values[i]]));

return customers
  .map((customer, i) => ({
    name: customer.name,
    country: customer.country,
    open: orders[i].length,
    euros: Math.round(orders[i].reduce((sum, order) => sum + order.total * rate[order.currency], 0)),
  }))
  .sort((a, b) => b.euros - a.euros)
  .slice(0, 5);
"""

_PYTHON = """\
import asyncio

countries = ["JP", "FR", "US"]
found = await asyncio.gather(*[crm.customers(country=country) for country in countries])
customers = [customer for each in found for customer in each]

# open orders of one customer, page by page
async def open_orders(customer):
    found, page = [], 1
    while page is not None:
        answer = await shop.orders(customer=customer["id"], page=page)
        found += [order for order in answer["orders"] if order["status"] == "open"]
        page = answer["next"]
    return found

orders = await asyncio.gather(*[open_orders(customer) for customer in customers])
currencies = sorted({order["currency"] for each in orders for order in each})
values = await asyncio.gather(*[rates.euros(currency=currency) for currency in currencies])
rate = dict(zip(currencies, values))

rows = [
    {
        "name": customer["name"],
        "country": customer["country"],
        "open": len(each),
        "euros": round(sum(order["total"] * rate[order["currency"]] for order in each)),
    }
    for customer, each in zip(customers, orders)
]
return sorted(rows, key=lambda row: row["euros"], reverse=True)[:5]
"""

PROGRAMS: Mapping[Syntax, str] = {"typescript": _TYPESCRIPT, "python": _PYTHON}
