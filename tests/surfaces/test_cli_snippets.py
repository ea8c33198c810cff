from __future__ import annotations

from pathlib import Path

import pytest
from cli_bank import Bank, bank_in

SUM = "let sum = 0;\nfor (const n of input.numbers) sum += n;\nreturn sum;\n"
SCHEMA = '{"type": "object", "properties": {"numbers": {"type": "array"}}, "required": ["numbers"]}'


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    project = bank_in(tmp_path)
    project.write("sum.ts", SUM)
    return project


def save(bank: Bank, name: str = "sum") -> None:
    words = ("--file", "sum.ts", "--description", "The sum of numbers.", "--input-schema", SCHEMA, "--by", "Ada")
    saved = bank.run("snippets", "save", name, *words)
    assert (saved.code, saved.out) == (0, "")


def test_a_snippet_is_saved_listed_shown_run_and_deleted(bank: Bank) -> None:
    none = bank.run("snippets")
    assert (none.code, none.out) == (0, "")
    assert "toolscript snippets save" in none.err
    save(bank)
    save(bank)
    assert bank.run("snippets").out == "sum  version 2  The sum of numbers.\n"
    shown = bank.run("snippets", "show", "sum").out
    assert shown.startswith("sum  version 2, typescript, saved by Ada at 20")
    assert "snippets.sum({ numbers:" in shown
    assert shown.endswith(f"The sum of numbers.\n\n{SUM}")
    assert bank.run("snippets", "show", "sum", "--version", "1", "--json").json["version"] == 1
    assert bank.run("snippets", "run", "sum", "--input", '{"numbers": [1, 2, 39]}').out == "42\n"
    assert bank.run("snippets", "delete", "sum").err == "deleted sum, all versions\n"
    assert bank.run("snippets", "--json").json == {"snippets": []}


def test_the_input_of_a_snippet_is_checked(bank: Bank) -> None:
    save(bank)
    ended = bank.run("snippets", "run", "sum", "--input", '{"number": 1}')
    assert (ended.code, ended.out) == (1, "")
    assert "snippets.sum: " in ended.err
    assert "Expected: snippets.sum(" in ended.err


def test_the_program_of_a_run_becomes_a_snippet_that_asks_like_any_other(bank: Bank) -> None:
    bank.run("run", "pay.ts")
    waiting = bank.run("snippets", "save", "pay_ada", "--run", "last", "--description", "Pay Ada.")
    assert waiting.code == 2
    assert "only a program that completed becomes a snippet" in waiting.err
    bank.run("runs", "approve", "last")
    assert bank.run("snippets", "save", "pay_ada", "--run", "last", "--description", "Pay Ada.").code == 0
    assert bank.run("snippets").out == "pay_ada  version 1  Pay Ada.  (needs bank)\n"
    asked = bank.run("snippets", "run", "pay_ada")
    assert asked.code == 3
    done = bank.pasted(asked.err, "approve:")
    assert (done.code, done.out) == (0, '{"left": 1000, "id": "p-Ada"}\n')
    assert bank.ledger == ["pay Ada 500", "pay Ada 500"]


def test_the_namespaces_of_a_file_are_those_that_it_names(bank: Bank) -> None:
    saved = bank.run("snippets", "save", "pay", "--file", "pay.ts", "--description", "Pay.", "--json")
    assert saved.json["namespaces"] == ["bank"]
    bank.write("toolscript.toml", f"scope = '{bank.folder}'\n")
    refused = bank.run("snippets", "run", "pay")
    assert refused.code == 1
    assert "needs the namespace bank, which is not connected. Nothing was started." in refused.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["save", "x", "--description", "y"], "one of the two: --file FILE, or --run RUN"),
        (["save", "x", "--file", "sum.ts"], "say what it does: --description"),
        (["save", "my sum", "--file", "sum.ts", "--description", "y"], "my_sum"),
        (["save", "x", "--file", "gone.ts", "--description", "y"], "there is no such file"),
        (["save", "x", "--file", "sum.ts", "--description", "y", "--input-schema", "[]"], "is not a JSON Schema"),
        (["save", "x", "--run", "run_x", "--description", "y"], "there is no run run_x"),
        (["show", "smu"], "Did you mean snippets.sum("),
        (["show", "sum", "--version", "9"], "no version 9"),
        (["run", "smu"], "there is no snippet smu"),
        (["delete", "smu"], "there is no snippet smu"),
        (["lsit"], "'lsit' is not an action of toolscript snippets"),
    ],
)
def test_what_cannot_be_is_said(bank: Bank, words: list[str], hint: str) -> None:
    save(bank)
    ended = bank.run("snippets", *words)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err
