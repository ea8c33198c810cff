"""What types cost a model, as a table that the documentation shows; `UPDATE_TABLE=1` writes it anew."""

import os
from pathlib import Path

import pytest
from tests.decisions.catalogs import needs_recorded, recorded
from tests.decisions.openapi_documents import operations

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.runs.usage import manual
from toolscript.runtime.builtin import TOOLS
from toolscript.schema import python, typescript
from toolscript.schema.check import Checker
from toolscript.tokens import estimate

PAGE = Path(__file__).parents[2] / "docs" / "types.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def rows():
    catalog = recorded("git", "excel", "notion")
    small, large = catalog.find("git.git_log"), catalog.find("excel.create_chart")
    figma = operations("figma")
    stripe = operations("stripe_2020")
    documents = Catalog.empty().replace("figma", figma).replace("stripe_2020", stripe)
    yield "search hit, a small tool (`git.git_log`)", *both(small, signature)
    yield "search hit, a large tool (`excel.create_chart`)", *both(large, signature)
    yield "describe, a small tool (`git.git_log`)", *described(catalog, "git.git_log")
    yield "describe, a large tool (`excel.create_chart`)", *described(catalog, "excel.create_chart")
    yield "describe, a recursive type (`figma.getFile`)", *described(documents, "figma.getFile")
    yield (
        "describe, a type that reaches most of an API (Stripe)",
        *described(documents, "stripe_2020.GetCustomersCustomer"),
    )
    yield "describe, one part of it (`:Card`)", *described(documents, "stripe_2020.GetCustomersCustomer:Card")
    yield "describe, a namespace of 46 tools (`excel`)", *described(catalog, "excel")
    yield (
        "describe, what every program has (`codemode`)",
        *(estimate(manual(TOOLS, each)["codemode"]) for each in ("typescript", "python")),
    )
    problems = Checker(small.input_schema).arguments({"repo": ".", "max_count": "ten"})
    words = estimate("\n".join([*map(str, problems), typescript.signature(small)]))
    yield "arguments that do not fit, with the signature", words, words
    assert problems


def signature(tool, language):
    return python.signature(tool) if language == "python" else typescript.signature(tool)


def both(tool, text):
    return estimate(text(tool, "typescript")), estimate(text(tool, "python"))


def described(catalog, path):
    return tuple(estimate(describe(catalog, [path], language=each)) for each in ("typescript", "python"))


@needs_recorded
def test_the_table_of_token_counts_is_the_one_in_the_documentation():
    pytest.importorskip("yaml", reason="nothing here reads YAML")
    lines = ["| what a model reads | TypeScript | Python |", "|---|---|---|"]
    lines += [f"| {what} | {first:,} | {second:,} |" for what, first, second in rows()]
    table = "\n".join(lines) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    shown, _, tail = rest.partition(END)
    if os.environ.get("UPDATE_TABLE"):
        PAGE.write_text(f"{head}{BEGIN}{table}{END}{tail}", encoding="utf-8")
        shown = table
    assert shown == table
