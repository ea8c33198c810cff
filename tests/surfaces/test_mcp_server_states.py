"""The state that a client holds while a person decides: it goes on with its run and with nothing else, and once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.server.request_state import AESGCMRequestStateCodec
from mcp.shared.exceptions import MCPError
from mcp_bank import Person, bank, customer, payments
from mcp_parts import words

from toolscript.runs.entry import Actor

CODE = {"code": "return await bank.pay({ to: 'Ada', amount: 50 })"}
BOTH = {"code": "return await Promise.all(['Ada', 'Bob'].map((to) => bank.pay({ to, amount: 1 })))"}
YES = types.ElicitResult(action="accept", content={"decision": "approve"})
NO = types.ElicitResult(action="accept", content={"decision": "reject", "reason": "no"})
NOBODY = Person([])


@pytest.fixture(params=["stdio", "http"])
def transport(request: Any) -> str:
    return request.param


async def call(client: Any, arguments: Any, **more: Any) -> Any:
    """One round, without the client's own loop."""
    return await client.session.call_tool("execute", arguments, allow_input_required=True, **more)


async def asked(client: Any, arguments: Any = CODE) -> Any:
    question = await call(client, arguments)
    assert isinstance(question, types.InputRequiredResult)
    return question


async def runs(folder: Path) -> list[Any]:
    async with bank(folder, role="client") as runtime:
        return await runtime.recent()


async def test_a_restart_between_question_and_answer_changes_nothing(tmp_path: Path, transport: str) -> None:
    async with customer(tmp_path, transport, "auto", NOBODY) as client:
        question = await asked(client)
        assert list(question.input_requests) == ["call_1"]
        (record,) = await runs(tmp_path)
        assert (question.meta["toolscript/run"], question.meta["toolscript/status"]) == (record.id, "parked")
    assert payments(tmp_path) == []
    async with customer(tmp_path, transport, "auto", NOBODY) as client:
        answers = {"input_responses": {"call_1": YES}, "request_state": question.request_state}
        assert words(await call(client, CODE, **answers)) == "50"
    assert payments(tmp_path) == ["Ada 50"]
    assert [run.status for run in await runs(tmp_path)] == ["completed"]


async def test_another_process_on_the_store_takes_the_answer(tmp_path: Path) -> None:
    async with (
        customer(tmp_path, "stdio", "auto", NOBODY) as one,
        customer(tmp_path, "stdio", "auto", NOBODY) as other,
    ):
        question = await asked(one)
        answers = {"input_responses": {"call_1": YES}, "request_state": question.request_state}
        assert words(await call(other, CODE, **answers)) == "50"
        again = await call(one, CODE, **answers)
        said = "This answer changed nothing: call 1 was already answered by mcp (mcp): approve."
        assert words(again) == f"50\n{said}"
    assert payments(tmp_path) == ["Ada 50"]
    assert len(await runs(tmp_path)) == 1


async def test_a_replayed_state_decides_nothing_and_says_who_did(tmp_path: Path, transport: str) -> None:
    async with customer(tmp_path, transport, "auto", NOBODY) as client:
        question = await asked(client)
        state = {"request_state": question.request_state}
        async with bank(tmp_path, role="client") as runtime:
            (record,) = await runtime.recent()
            await runtime.reject(record.id, 1, reason="not today", by=Actor("ada", "cli"))
        late = await call(client, CODE, input_responses={"call_1": YES}, **state)
        assert late.is_error
        assert "bank.pay was rejected by a person: not today" in words(late)
        assert "This answer changed nothing: call 1 was already answered by ada (cli): reject." in words(late)
    assert payments(tmp_path) == []
    assert len(await runs(tmp_path)) == 1


async def test_a_late_answer_to_one_of_two_calls_is_asked_for_again(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        question = await asked(client, BOTH)
        assert list(question.input_requests) == ["call_1", "call_2"]
        async with bank(tmp_path, role="client") as runtime:
            (record,) = await runtime.recent()
            await runtime.approve(record.id, 1, by=Actor("ada", "cli"))
        both = {"call_1": NO, "call_2": NO}
        left = await call(client, BOTH, input_responses=both, request_state=question.request_state)
        assert list(left.input_requests) == ["call_2"]
        assert "call 1 was already answered by ada (cli): approve" in left.input_requests["call_2"].params.message
        last = await call(client, BOTH, input_responses={"call_2": YES}, request_state=left.request_state)
        assert words(last) == "[1,1]"
        # The first state is still sealed and young, and decides nothing any more.
        again = await call(client, BOTH, input_responses=both, request_state=question.request_state)
        assert words(again).startswith("[1,1]")
    assert sorted(payments(tmp_path)) == ["Ada 1", "Bob 1"]


async def test_a_state_without_answers_is_asked_again(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        question = await asked(client)
        for responses in (None, {}, {"call_9": YES}, {"call_1": types.ListRootsResult(roots=[])}):
            again = await call(client, CODE, input_responses=responses, request_state=question.request_state)
            assert list(again.input_requests) == ["call_1"]
    assert payments(tmp_path) == []
    assert len(await runs(tmp_path)) == 1


async def test_answers_without_a_state_decide_nothing(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        await asked(client)
        assert isinstance(await call(client, CODE, input_responses={"call_1": YES}), types.InputRequiredResult)
    assert payments(tmp_path) == []


async def test_what_was_forged_changed_or_meant_for_another_call_is_refused(tmp_path: Path, transport: str) -> None:
    async with customer(tmp_path, transport, "auto", NOBODY) as client:
        state = (await asked(client)).request_state
        (record,) = await runs(tmp_path)
        foreign = AESGCMRequestStateCodec([b"x" * 32]).seal(b'{"run": "run_1"}')
        other = CODE["code"].replace("50", "5000")
        for arguments, held in (
            (CODE, f'{{"run": "{record.id}", "decisions": 0}}'),
            (CODE, record.id),
            (CODE, ""),
            (CODE, state[:-2] + ("AA" if state[-2:] != "AA" else "BB")),
            (CODE, foreign),
            ({"code": other}, state),
            (CODE | {"input": 1}, state),
            (CODE | {"retry_of": record.id}, state),
        ):
            with pytest.raises(MCPError, match="Nothing was started and nothing was decided") as refused:
                await call(client, arguments, input_responses={"call_1": YES}, request_state=held)
            assert refused.value.error.code == -32602
    assert payments(tmp_path) == []
    assert [run.status for run in await runs(tmp_path)] == ["parked"]


async def test_the_state_of_another_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with customer(tmp_path / "one", "http", "auto", NOBODY) as client:
        state = (await asked(client)).request_state
    async with customer(tmp_path / "two", "http", "auto", NOBODY) as client:
        with pytest.raises(MCPError, match="Nothing was started"):
            await call(client, CODE, input_responses={"call_1": YES}, request_state=state)


async def test_a_state_is_too_old_after_seven_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        state = (await asked(client)).request_state
        real = __import__("time").time
        monkeypatch.setattr("mcp.server.request_state.time.time", lambda: real() + 7 * 86_400 + 1)
        with pytest.raises(MCPError, match="older than 7 days"):
            await call(client, CODE, input_responses={"call_1": YES}, request_state=state)


async def test_of_two_clients_that_answer_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    async with (
        customer(tmp_path, "http", "auto", NOBODY) as one,
        customer(tmp_path, "http", "auto", NOBODY) as other,
    ):
        state = (await asked(one)).request_state
        both = await asyncio.gather(
            call(one, CODE, input_responses={"call_1": YES}, request_state=state),
            call(other, CODE, input_responses={"call_1": NO}, request_state=state),
        )
    texts = [words(each) for each in both]
    paid = payments(tmp_path)
    assert paid in ([], ["Ada 50"])
    assert all(("50" in text) == bool(paid) for text in texts)
    assert sum("already" in text for text in texts) == 1
    assert len(await runs(tmp_path)) == 1


async def test_two_runs_of_two_clients_are_apart(tmp_path: Path) -> None:
    async with (
        customer(tmp_path, "http", "auto", NOBODY) as one,
        customer(tmp_path, "http", "auto", NOBODY) as other,
    ):
        first, second = await asked(one), await asked(other)
        no = await call(other, CODE, input_responses={"call_1": NO}, request_state=second.request_state)
        yes = await call(one, CODE, input_responses={"call_1": YES}, request_state=first.request_state)
    assert (no.is_error, words(yes)) == (True, "50")
    assert payments(tmp_path) == ["Ada 50"]
    assert sorted(run.status for run in await runs(tmp_path)) == ["completed", "rejected"]


async def test_an_answer_to_a_run_that_was_cancelled_is_told_so(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        state = (await asked(client)).request_state
        async with bank(tmp_path, role="client") as runtime:
            (record,) = await runtime.recent()
            await runtime.cancel(record.id, by=Actor("ada", "cli"))
        late = await call(client, CODE, input_responses={"call_1": YES}, request_state=state)
        assert late.is_error
        assert "This answer changed nothing" in words(late)
    assert payments(tmp_path) == []


async def test_an_answer_to_a_run_that_is_gone_is_told_so(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", NOBODY) as client:
        state = (await asked(client)).request_state
        async with bank(tmp_path, role="client") as runtime:
            (record,) = await runtime.recent()
            await runtime.cancel(record.id)
            await runtime.delete(record.id)
        late = await call(client, CODE, input_responses={"call_1": YES}, request_state=state)
        assert (late.is_error, record.id in words(late)) == (True, True)
    assert (payments(tmp_path), await runs(tmp_path)) == ([], [])
