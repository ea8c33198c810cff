"""The whole life of runs that must be approved: every command a process of its own, on one SQLite file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("processes are killed with signals", allow_module_level=True)

from cli_bank import Bank, bank_in
from cli_command import PATIENCE_S


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return bank_in(tmp_path)


def test_a_payment_is_asked_for_edited_made_and_rolled_back_by_five_processes(bank: Bank) -> None:
    asked = bank.run("run", "pay.ts")
    assert (asked.code, asked.out, bank.ledger) == (3, "", [])
    assert 'bank.pay({"to": "Ada", "amount": 500})' in asked.err
    assert "asked: default: destructive writes are asked" in asked.err

    unfit = bank.run("runs", "approve", "last", "2", "--args", '{"to": "Ada", "amount": "much"}')
    assert (unfit.code, unfit.out, bank.ledger) == (2, "", [])
    assert "the edited arguments do not fit: bank.pay: amount: expected integer" in unfit.err

    done = bank.run("runs", "approve", "last", "2", "--by", "Grace", "--args", '{"to": "Ada", "amount": 400}')
    assert (done.code, done.out) == (0, '{"left": 1000, "id": "p-Ada"}\n')
    assert 'bank.pay({"to": "Ada", "amount": 400})' in done.err
    assert done.err.endswith("paid p-Ada\n")
    assert bank.ledger == ["pay Ada 400"]

    shown = bank.run("runs", "show", "last").out
    assert 'bank.pay({"to":"Ada","amount":500})' in shown
    assert "approved by Grace (cli) at " in shown
    assert 'with {"to": "Ada", "amount": 400} instead' in shown

    undone = bank.run("runs", "rollback", "last")
    assert undone.code == 0
    assert "1 call undone" in undone.out
    assert '{"to":"Ada","amount":400}' in undone.out
    assert bank.ledger == ["pay Ada 400", "take back p-Ada"]
    assert bank.run("runs", "rollback", "last").code == 0
    assert len(bank.ledger) == 2
    assert [run["status"] for run in bank.runs()] == ["rolled_back"]
    assert "undone by " in bank.run("runs", "show", "last").out


def test_the_commands_that_are_offered_can_be_pasted(bank: Bank) -> None:
    asked = bank.run("run", "pay.ts", "--store", "it's here.db")
    approved = bank.pasted(asked.err, "edited:")
    assert (approved.code, approved.out) == (0, '{"left": 1000, "id": "p-Ada"}\n')
    assert bank.ledger == ["pay Ada 500"]
    again = bank.run("run", "pay.ts", "--store", "it's here.db")
    rejected = bank.pasted(again.err, "reject:")
    assert rejected.code == 1
    assert "bank.pay was rejected by a person: why not" in rejected.err
    assert bank.ledger == ["pay Ada 500"]


def test_a_run_keeps_the_policy_that_its_command_was_given(bank: Bank) -> None:
    bank.write("twice.ts", "await bank.wire({ to: 'Ann' }); return await bank.wire({ to: 'Bob' })")
    asked = bank.run("run", "twice.ts", "--approve", "writes")
    assert asked.code == 3
    once = bank.pasted(asked.err, "approve:")
    assert (once.code, bank.ledger) == (3, ["wire Ann"])
    assert bank.pasted(once.err, "approve:").out == "wired to Bob\n"


def test_a_killed_write_is_in_doubt_until_somebody_says_what_became_of_it(bank: Bank) -> None:
    bank.killed_in_mid_write("return await bank.wire({ to: 'Ann' })")
    assert [run["status"] for run in bank.runs()] == ["running"]
    doubted = bank.run("runs", "resume", "last")
    assert (doubted.code, doubted.out, bank.ledger) == (3, "", ["wire Ann"])
    assert "whether it took effect is not known" in doubted.err
    assert "in doubt: bank.wire" in bank.run("runs").out
    settled = bank.pasted(doubted.err, "it did not happen")
    assert (settled.code, settled.out, bank.ledger) == (0, "wired to Ann\n", ["wire Ann", "wire Ann"])
    assert "made again, as " in bank.run("runs", "show", "last").out


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [(["done", "--value", '"by hand"'], 0, "by hand\n"), (["fail", "--reason", "it is gone"], 1, "")],
)
def test_a_write_in_doubt_is_taken_as_done_or_as_failed(bank: Bank, words: list[str], code: int, out: str) -> None:
    bank.killed_in_mid_write("return await bank.wire({ to: 'Ann' })")
    assert bank.run("runs", "resume", "last").code == 3
    settled = bank.run("runs", "settle", "last", "1", *words)
    assert (settled.code, settled.out, bank.ledger) == (code, out, ["wire Ann"])
    assert code == 0 or "it is gone" in settled.err


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told_who(bank: Bank) -> None:
    assert bank.run("run", "pay.ts").code == 3
    both = [bank.started("runs", "approve", "last", "--by", name) for name in ("Ann", "Bob")]
    ended = [(*process.communicate(timeout=PATIENCE_S), process.returncode) for process in both]
    assert sorted(code for _, _, code in ended) == [0, 2]
    winner = "Ann" if ended[0][2] == 0 else "Bob"
    ((_, told, _),) = [one for one in ended if one[2] == 2]
    assert f"{winner} (cli) decided already: approve" in told.decode()
    assert bank.ledger == ["pay Ada 500"]


def test_a_server_on_the_store_goes_on_with_what_is_approved_without_waiting(bank: Bank) -> None:
    assert bank.run("run", "pay.ts").code == 3
    server = bank.started("serve", "--http", "127.0.0.1:0")
    try:
        left = bank.run("runs", "approve", "last", "--no-wait")
        assert (left.code, left.out) == (0, "")
        assert "toolscript runs resume" in left.err
        assert bank.run("runs", "resume", "last").out == '{"left": 1000, "id": "p-Ada"}\n'
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE_S)
    assert bank.ledger == ["pay Ada 500"]


def test_what_a_rollback_leaves_standing_is_said_and_tried_again(bank: Bank) -> None:
    bank.write("both.ts", "await bank.wire({ to: 'Ann' }); return await bank.pay({ to: 'Bob', amount: 1 })")
    bank.run("run", "both.ts", "--approve", "none")
    bank.write("closed", "")
    failed = bank.run("runs", "rollback", "last", "--json")
    assert failed.code == 1
    standing = {one["path"]: one["why"] for one in failed.json["standing"]}
    assert standing["bank.wire"] == "it has no revert"
    assert "the bank is closed" in standing["bank.pay"]
    (bank.folder / "closed").unlink()
    again = bank.run("runs", "rollback", "last")
    assert again.code == 1
    assert "1 call undone, 1 call left standing" in again.out
    assert bank.ledger == ["wire Ann", "pay Bob 1", "take back p-Bob"]


def test_a_corrected_program_takes_over_the_answers_of_the_failed_one(bank: Bank) -> None:
    bank.write("bad.ts", "const told = await bank.wire({ to: 'Ann' }); return told.x.y")
    failed = bank.run("run", "bad.ts")
    assert failed.code == 1
    assert "it made 1 call that changed something" in failed.err
    bank.write("good.ts", "return await bank.wire({ to: 'Ann' })")
    words = [*offered_run(failed.err, "good.ts")]
    corrected = bank.run(*words)
    assert (corrected.code, corrected.out, bank.ledger) == (0, "wired to Ann\n", ["wire Ann"])
    assert "1 call got the answer that it had in run_" in corrected.err
    newest, first = bank.runs()
    assert newest["retry_of"] == first["run"]
    assert f"corrects {first['run']}" in bank.run("runs", "show", "last").out
    assert f"corrected by {newest['run']}" in bank.run("runs", "show", str(first["run"])).out


def offered_run(text: str, program: str) -> list[str]:
    """The command to run a corrected program, which is called FILE in it."""
    (line,) = [line for line in text.splitlines() if "--retry-of" in line]
    return [program if word == "FILE" else word for word in line.split()[1:]]


def test_a_sleeping_run_is_waited_for(bank: Bank) -> None:
    bank.write("nap.ts", "await codemode.sleep(5.3); return 'awake'")
    assert bank.run("run", "nap.ts").out == "awake\n"
