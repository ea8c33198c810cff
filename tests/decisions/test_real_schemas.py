"""Every tool of ten MCP servers and every operation of ten OpenAPI documents, in both languages."""

import re
import time

import pytest
from tests.decisions.catalogs import RECORDED as LISTS
from tests.decisions.catalogs import needs_recorded, recorded
from tests.decisions.languages import is_python, is_typescript, parses
from tests.decisions.openapi_documents import FILES, operations

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.schema import python, typescript
from toolscript.tokens import estimate

BUDGET = 2_000
MAX_MS = 50  # of processor time, the best of ten tries: what a description may cost
SIGNATURE_TOKENS = 150


def told(catalog, names, record_property):
    """Describes all methods in both languages and checks what comes out; gives the slowest and the largest."""
    slowest, largest = (0.0, ""), (0, "")
    for language in ("typescript", "python"):
        for name in names:
            spent, text = timed(catalog, name, language)
            tokens = estimate(text)
            assert parses(text), text
            assert tokens <= BUDGET, name
            assert f"{name} [" in text.splitlines()[0]
            assert spent <= MAX_MS, (name, language, spent)
            slowest = max(slowest, (round(spent, 1), f"{name} in {language}"))
            largest = max(largest, (tokens, f"{name} in {language}"))
    record_property("slowest description, ms", slowest)
    record_property("largest description, tokens", largest)
    print(f"{len(names)} methods; slowest {slowest[0]} ms: {slowest[1]}; largest {largest[0]} tokens: {largest[1]}")


def timed(catalog, name, language):
    best, text = float("inf"), ""
    for _ in range(10):
        began = time.thread_time()
        text = describe(catalog, [name], budget_tokens=BUDGET, language=language)
        best = min(best, (time.thread_time() - began) * 1000)
        if best <= MAX_MS:
            break
    return best, text


def signed(tools):
    for each in tools:
        line = typescript.signature(each)
        assert is_typescript(line), line
        assert estimate(line) <= SIGNATURE_TOKENS
        line = python.signature(each)
        assert is_python(line), line
        assert estimate(line) <= SIGNATURE_TOKENS


@needs_recorded
def test_every_recorded_tool_is_told_in_both_languages(record_property):
    catalog = recorded()
    signed(catalog.tools)
    told(catalog, [str(each.path) for each in catalog.tools], record_property)


@needs_recorded
@pytest.mark.parametrize("name", sorted(file.stem for file in LISTS.glob("*.json")))
def test_a_recorded_server_declares_as_a_whole(name):
    tools = list(recorded(name).tools)
    stub = python.stub(tools)
    assert is_python(stub)
    assert is_typescript(typescript.ambient(tools))
    assert not re.search(r"# …\d+ more", stub)


@pytest.mark.parametrize("name", FILES)
def test_every_operation_of_a_document_is_told_in_both_languages(name, record_property):
    tools = operations(name)
    signed(tools)
    told(Catalog.empty().replace(name, tools), [str(each.path) for each in tools], record_property)


def test_what_is_cut_of_a_large_type_can_be_asked_for_until_nothing_is():
    tools = operations("stripe_2020")
    catalog = Catalog.empty().replace("stripe_2020", tools)
    waiting, seen = ["stripe_2020.GetCustomersCustomer"], set()
    while waiting and len(seen) < 40:
        path = waiting.pop(0)
        seen.add(path)
        text = describe(catalog, [path])
        assert text.startswith(("stripe_2020.", "```ts"))
        assert parses(text)
        method = path.partition(":")[0]
        for line in text.splitlines():
            if line.startswith("Not all shown: "):
                listed = line.removeprefix("Not all shown: ").partition(". Ask for")[0].partition(" and ")[0]
                waiting += [f"{method}:{part}" for part in listed.split(", ") if f"{method}:{part}" not in seen]
    assert len(seen) == 40
