from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_bank import Bank, bank_in

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from cli_terminal import Screen, screen

TWO = """\
const pay = (to, amount) => bank.pay({ to, amount }).then((paid) => paid.id, (error) => error.message);
return await Promise.all([pay("Ann", 1), pay("Ben", 2)]);
"""


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    project = bank_in(tmp_path)
    project.write("two.ts", TWO)
    return project


def answer(on: Screen, prompt: str, line: str) -> None:
    on.until(prompt)
    on.press(line.encode() + b"\n")


def test_a_run_that_waits_says_so_as_json(bank: Bank) -> None:
    asked = bank.run("run", "pay.ts", "--json")
    assert asked.code == 3
    assert asked.json["status"] == "parked"
    ((pending),) = asked.json["pending"]
    since = pending.pop("since_ms")
    assert pending == {
        "seq": 2,
        "path": "bank.pay",
        "args": {"to": "Ada", "amount": 500},
        "status": "pending",
        "rule": "default: destructive writes are asked",
    }
    (listed,) = bank.runs()
    assert listed["pending"] == [{**pending, "since_ms": since}]
    assert bank.run("runs", "approve", "last", "--json").json["value"] == {"left": 1000, "id": "p-Ada"}
    shown = bank.run("runs", "show", "last", "--json").json
    (decision,) = shown["calls"][1]["decisions"]
    assert (decision["choice"], decision["via"], decision["args"]) == ("approve", "cli", None)
    assert shown["calls"][1]["rule"] == "default: destructive writes are asked"


def test_the_list_says_what_each_run_waits_for(bank: Bank) -> None:
    bank.run("run", "pay.ts")
    bank.run("run", "-", stdin="return 1")
    newest, oldest = bank.run("runs").out.splitlines()
    assert "completed" in newest
    assert newest.endswith("  return 1")
    assert 'parked       asks: bank.pay({"to": "Ada", "amount": 500})' in oldest
    assert [run["status"] for run in bank.run("runs", "--status", "parked", "--json").json["runs"]] == ["parked"]
    none = bank.run("runs", "--status", "failed")
    assert (none.code, none.out, none.err) == (0, "", "no run is failed\n")


def test_several_calls_are_decided_together_or_one_by_one(bank: Bank) -> None:
    both = bank.run("run", "two.ts")
    assert "1  bank.pay" in both.err
    assert "2  bank.pay" in both.err
    rejected = bank.run("runs", "reject", "last", "1", "--reason", "not Ann")
    assert rejected.code == 3
    assert "2  bank.pay" in rejected.err
    assert "1  bank.pay" not in rejected.err
    done = bank.run("runs", "approve", "last")
    assert done.code == 0
    assert json.loads(done.out)[1] == "p-Ben"
    assert "not Ann" in done.out
    bank.run("run", "two.ts")
    assert bank.run("runs", "approve", "last", "--by", "Ann").out == '["p-Ann", "p-Ben"]\n'


def test_a_rejection_may_end_the_run(bank: Bank) -> None:
    bank.run("run", "two.ts")
    ended = bank.run("runs", "reject", "last", "2", "--end", "--reason", "enough", "--json")
    assert (ended.code, ended.json["status"], bank.ledger) == (1, "rejected", [])


def test_a_grant_approves_what_waits_and_what_comes(bank: Bank) -> None:
    code = (
        "const ids = []; for (const n of [1, 2, 300]) ids.push((await bank.pay({ to: 'A', amount: n })).id); return ids"
    )
    bank.run("run", "-", stdin=code)
    granted = bank.run("runs", "grant", "last", "bank.*", "--when", "amount < 100", "--for", "10m", "--calls", "5")
    assert (granted.code, bank.ledger) == (3, ["pay A 1", "pay A 2"])
    assert "granted bank.* in the run" in granted.err
    assert '3  bank.pay({"to": "A", "amount": 300})' in granted.err
    assert bank.run("runs", "approve", "last").code == 0
    assert "granted bank.* by " in bank.run("runs", "show", "last").out


def test_a_run_is_cancelled_deleted_and_exported(bank: Bank) -> None:
    bank.run("run", "pay.ts")
    alive = bank.run("runs", "delete", "last")
    assert alive.code == 2
    assert "is parked: cancel it first" in alive.err
    cancelled = bank.run("runs", "cancel", "last", "--by", "Grace")
    assert (cancelled.code, cancelled.out) == (0, "")
    assert "cancelled by Grace (cli) at " in bank.run("runs", "show", "last").out
    assert "has ended (cancelled): there is nothing to cancel" in bank.run("runs", "cancel", "last").err
    lines = [json.loads(line) for line in bank.run("runs", "export", "last").out.splitlines()]
    assert [line["kind"] for line in lines] == ["run", "call", "call", "park", "cancel", "end"]
    assert bank.run("runs", "export", "last", "--json").json["lines"] == lines
    deleted = bank.run("runs", "delete", "last")
    assert (deleted.code, bank.runs()) == (0, [])


def test_old_runs_are_forgotten_and_parked_ones_never(bank: Bank) -> None:
    bank.run("run", "pay.ts")
    for _ in range(3):
        bank.run("run", "-", stdin="1")
    assert bank.run("runs", "prune").code == 2
    assert bank.run("runs", "prune", "--older", "1d", "--json").json == {"deleted": 0}
    assert bank.run("runs", "prune", "--keep", "1").err == "deleted 2 runs\n"
    assert [run["status"] for run in bank.runs()] == ["completed", "parked"]


def test_a_run_is_named_by_a_part_of_its_id(bank: Bank) -> None:
    for _ in range(2):
        bank.run("run", "-", stdin="1")
    newest, oldest = (str(run["run"]) for run in bank.runs())
    for part in (oldest, oldest[:-1], oldest[4:20], oldest[-6:]):
        assert bank.run("runs", "show", part, "--json").json["run"] == oldest
    assert bank.run("runs", "show", "last", "--json").json["run"] == newest
    several = bank.run("runs", "show", "run_")
    assert several.code == 2
    assert f"run_ fits 2 runs: {newest}, {oldest}" in several.err
    assert "there is no run run_x" in bank.run("runs", "show", "run_x").err


def test_a_key_starts_a_run_once(bank: Bank) -> None:
    first = bank.run("run", "pay.ts", "--key", "october", "--json").json
    again = bank.run("run", "pay.ts", "--key", "october", "--json")
    assert (again.code, again.json["run"]) == (3, first["run"])
    bank.run("runs", "approve", "last")
    ended = bank.run("run", "pay.ts", "--key", "october")
    assert (ended.code, ended.out, bank.ledger) == (0, '{"left": 1000, "id": "p-Ada"}\n', ["pay Ada 500"])


def test_a_run_of_another_project_is_decided_on_but_not_driven(bank: Bank, tmp_path: Path) -> None:
    run = bank.run("run", "pay.ts", "--json").json["run"]
    elsewhere = Bank(tmp_path / "elsewhere")
    elsewhere.write("toolscript.toml", "")
    store = str(tmp_path / "home/.local/state/toolscript/runs.db")
    assert f"(of {tmp_path})" in elsewhere.run("runs", "--store", store).out
    refused = elsewhere.run("runs", "resume", run, "--store", store)
    assert refused.code == 2
    assert f"belongs to {tmp_path}; it cannot be gone on with here:\n  cd {tmp_path} && " in refused.err
    edited = elsewhere.run("runs", "approve", run, "--args", "{}", "--store", store)
    assert (edited.code, "arguments are checked there" in edited.err) == (2, True)
    assert elsewhere.run("runs", "rollback", run, "--store", store).code == 2
    approved = elsewhere.run("runs", "approve", run, "--store", store)
    assert (approved.code, bank.ledger) == (3, [])
    assert f"cd {tmp_path} && toolscript runs resume {run}" in approved.err
    assert bank.run("runs", "resume", run).code == 0
    assert bank.ledger == ["pay Ada 500"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["approve", "last", "7"], "has no call 7. These wait: 2 (bank.pay, pending)"),
        (["approve", "last", "1"], "call 1 of the run"),
        (["approve", "last", "--args", "[1]"], "--args is not an object"),
        (["approve", "last", "--args", "{"], "--args is not JSON"),
        (["approve", "last", "x"], "argument SEQ: invalid int value: 'x'"),
        (["settle", "last", "2", "done"], "is not uncertain"),
        (["settle", "last", "2", "retry", "--value", "1"], "--value is what a call gave that is done"),
        (["settle", "last", "2", "maybe"], "invalid choice: 'maybe'"),
        (["grant", "last", "bank.*", "--for", "soon"], "--for is 'soon'; it must be a time"),
        (["grant", "last", "bank.*", "--calls", "0"], "a grant of 0 calls grants nothing"),
        (["grant", "last", "bank.*", "--when", "amount <"], "amount <"),
        (["rollback"], "arguments are required: RUN"),
        (["shwo", "last"], "'shwo' is not an action of toolscript runs; did you mean 'show'?"),
        (["list"], "toolscript runs alone lists them"),
        (["approve", "last", "--resaon", "x"], "--resaon is not an option"),
        (["prune", "--keep", "-1"], "--keep is -1; it must be 0 or more"),
        (["prune", "--older", "30"], "--older is '30'; it must be a time"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(bank: Bank, words: list[str], hint: str) -> None:
    bank.run("run", "pay.ts")
    ended = bank.run("runs", *words)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err
    assert [run["status"] for run in bank.runs()] == ["parked"]


def test_options_may_stand_anywhere(bank: Bank) -> None:
    bank.run("run", "two.ts", "--store", "here.db")
    ended = bank.run("runs", "--store", "here.db", "--json", "reject", "last", "--reason", "no", "1")
    assert (ended.code, ended.json["status"]) == (3, "parked")
    assert [call["seq"] for call in ended.json["pending"]] == [2]


def test_the_doctor_counts_what_waits(bank: Bank) -> None:
    bank.run("run", "pay.ts")
    found = bank.run("doctor", "--json").json
    assert found["store"]["runs"] == {"running": 0, "parked": 1, "due": 0, "uncertain": 0}
    bank.run("runs", "approve", "last", "--no-wait")
    told = bank.run("doctor").out
    assert "  runs: 0 running, 1 parked" in told
    assert "! 1 of the runs could be gone on with" in told


def test_a_person_at_the_terminal_is_asked(bank: Bank) -> None:
    with screen(bank, "run", "two.ts", stdin=None) as on:
        on.until('call 1: bank.pay({"to": "Ann", "amount": 1})')
        on.until("asked: default: destructive writes are asked")
        answer(on, "[l]ater? ", "what")
        on.until("answer with one of the letters in brackets")
        answer(on, "[l]ater? ", "e")
        on.until('the arguments are {"to": "Ann", "amount": 1}')
        answer(on, "new arguments: ", '{"to": "Ann"}')
        on.until("the edited arguments do not fit: bank.pay")
        answer(on, "[l]ater? ", "e")
        answer(on, "new arguments: ", '{"to": "Ann"')
        on.until("this is not JSON")
        answer(on, "[l]ater? ", "e")
        answer(on, "new arguments: ", '{"to": "Ann", "amount": 11}')
        on.until("call 2: bank.pay")
        answer(on, "[l]ater? ", "r")
        answer(on, "reason, which the program is told: ", "not Ben")
        code, text = on.end()
    assert code == 0
    assert '"p-Ann"' in text
    assert "not Ben" in text
    assert bank.ledger == ["pay Ann 11"]


@pytest.mark.parametrize("key", [b"l\n", b"\x04"])
def test_a_person_may_decide_later(bank: Bank, key: bytes) -> None:
    with screen(bank, "run", "pay.ts", stdin=None) as on:
        on.until("[l]ater? ")
        on.press(key)
        code, text = on.end()
    assert code == 3
    assert "toolscript runs approve run_" in text
    assert [run["status"] for run in bank.runs()] == ["parked"]
    with screen(bank, "runs", "resume", "last", stdin=None) as on:
        answer(on, "[l]ater? ", "a")
        assert on.end()[0] == 0
    assert bank.ledger == ["pay Ada 500"]


def test_ctrl_c_at_a_question_cancels_a_run_that_was_started_here_only(bank: Bank) -> None:
    with screen(bank, "run", "pay.ts", stdin=None) as on:
        on.until("[l]ater? ")
        on.press(b"\x03")
        code, text = on.end()
    assert code == 130, text
    assert "cancelled the run" in text
    assert bank.run("run", "pay.ts").code == 3
    with screen(bank, "runs", "resume", "last", stdin=None) as on:
        on.until("[l]ater? ")
        on.press(b"\x03")
        code, text = on.end()
    assert code == 130, text
    assert "goes on with: toolscript runs resume" in text
    assert [run["status"] for run in bank.runs()] == ["parked", "cancelled"]


def test_a_question_is_withdrawn_when_somebody_else_decides(bank: Bank) -> None:
    with screen(bank, "run", "pay.ts", stdin=None) as on:
        on.until("[l]ater? ")
        assert bank.run("runs", "approve", "last", "--by", "Grace", "--no-wait").code == 0
        on.until("Grace (cli) decided meanwhile: approve")
        code, text = on.end()
    assert (code, '"id": "p-Ada"' in text) == (0, True)
    assert bank.ledger == ["pay Ada 500"]


def test_a_call_in_doubt_is_asked_about_at_the_terminal(bank: Bank) -> None:
    bank.killed_in_mid_write("return await bank.wire({ to: 'Ann' })")
    with screen(bank, "runs", "resume", "last", stdin=None) as on:
        on.until("whether it took effect is not known")
        answer(on, "[l]ater? ", "d")
        answer(on, "the value that it gave, as JSON: ", '"by hand"')
        code, text = on.end()
    assert code == 0
    assert "by hand" in text
    assert bank.ledger == ["wire Ann"]


@pytest.mark.parametrize("words", [["--quiet"], ["--json"]])
def test_nobody_is_asked_where_output_is_for_programs(bank: Bank, words: list[str]) -> None:
    with screen(bank, "run", "pay.ts", *words, stdin=None) as on:
        code, text = on.end()
    assert code == 3
    assert "[l]ater" not in text
