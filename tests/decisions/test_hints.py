"""What a failed program's author probably meant."""

import pytest
from tests.decisions.test_machine import CATALOG

from toolscript.errors import Failure
from toolscript.runs.hints import hint_of


def reference_error(message: str) -> Failure:
    return Failure(kind="guest", code="thrown", name="ReferenceError", message=message)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("find_person", "Tools are called with their namespace: crm.find_person."),
        ("find-person", ""),
        ("CRM", "Did you mean the namespace crm?"),
        ("crm_", "Did you mean the namespace crm?"),
        ("delete_", "Tools are called with their namespace: crm.delete_."),
        ("banana", ""),
    ],
)
def test_a_name_that_is_not_there_is_likened_to_those_that_are(name: str, hint: str):
    assert hint_of(reference_error(f"{name} is not defined"), CATALOG) == hint


def test_other_failures_get_no_hint():
    assert hint_of(reference_error("cannot access 'crm' before initialization"), CATALOG) == ""
    other = Failure(kind="guest", code="thrown", name="TypeError", message="crm is not defined")
    assert hint_of(other, CATALOG) == ""
