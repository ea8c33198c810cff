import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.connectors.openapi.names import Naming, named
from toolscript.schema.names import is_identifier

CASES = json.loads((Path(__file__).parent.parent / "cases" / "openapi_names.json").read_text(encoding="utf-8"))
routes = st.tuples(st.sampled_from(["GET", "PUT"]), st.text(alphabet="ab/{}-_.#? é", max_size=8))
operations = st.dictionaries(
    routes, st.sampled_from(["", "find", "find-it", "find_it", "find GET /a", "x"]), max_size=8
)


def of_case(case):
    return [Naming(said, *route.split(" ", 1)) for route, (said, _, _) in case["operations"].items()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_operations_have_ids_and_names(case):
    told = dict(zip(case["operations"], named(of_case(case)), strict=True))
    assert told == {route: (id, name) for route, (_, id, name) in case["operations"].items()}, case["why"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_names_depend_on_no_order(case):
    listed = of_case(case)
    told = dict(zip(map(str, listed), named(listed), strict=True))
    random.Random(7).shuffle(listed)
    assert dict(zip(map(str, listed), named(listed), strict=True)) == told


@given(operations)
def test_every_operation_has_an_id_and_a_legal_name_of_its_own(known):
    told = named([Naming(said, *route) for route, said in known.items()])
    assert len({id for id, _ in told}) == len({name for _, name in told}) == len(known)
    assert all(is_identifier(name) for _, name in told)
