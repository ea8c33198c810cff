"""When a failure tells the call that it came from: where the program's line does not say it."""

from dataclasses import replace

import pytest

from toolscript.codec import encode
from toolscript.errors import Failure
from toolscript.runs.complaint import complaint
from toolscript.runs.result import CallRecord
from toolscript.runs.turn import Raised

FAILED = Failure(kind="tool", code="tool", name="ToolError", message="no contact 404")


def told(source: str, path: str = "crm.get", **args: object) -> str:
    """What is told of a failed call beside its words and its line."""
    answer = Raised(FAILED)
    call = CallRecord(seq=1, path=path, args=encode(args), effect="read", status="raised", at=0, answer=answer)
    failure = replace(FAILED, line=1, column=1, source=source)
    return complaint(failure, [call]).partition("\n  in ")[2]


@pytest.mark.parametrize(
    "source",
    [
        "await crm.get(id=404)",
        "const c = await crm.get({ id: 404 });",
        "await asyncio.gather(crm.get(id=404), crm.update(id=2))",
        "  return (await crm.get({ id: 404 })).name.get",
        "target(1); await crm.get({ id: 404 })",
    ],
)
def test_a_line_with_one_call_of_the_method_says_it_itself(source: str) -> None:
    assert told(source, id=404) == ""


@pytest.mark.parametrize(
    "source",
    [
        "await asyncio.gather(crm.get(id=404), crm.get(id=2))",
        "await Promise.all([crm.get({ id: 404 }), crm.get({ id: 2 })])",
        "await asyncio.gather(*[crm.get(id=i) for i in (1, 404)])",
        "for (const id of [1, 404]) await crm.get({ id });",
        "await get_all(404)",
        "await crm.get(",
    ],
)
def test_of_several_calls_the_one_that_failed_is_told(source: str) -> None:
    assert told(source, id=404) == 'crm.get({"id": 404})'


def test_a_call_without_arguments_is_shown_by_its_name() -> None:
    assert told("x = await crm.count()", "crm.count") == ""
    assert told("x = await count_all()", "crm.count") == "crm.count()"
