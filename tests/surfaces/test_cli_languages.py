"""The command with programs in Python, and in either language."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_command import PATIENCE_S, Project, project_in

TOTAL = """\
rows = await shop.orders(customer='Ada', limit=3)
print('rows:', len(rows))
return sum(row['total'] for row in rows)
"""
WITHOUT_MONTY = """\
import sys
sys.modules["pydantic_monty"] = None
from toolscript.surfaces.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path).shop()


def test_a_file_of_python_is_run_as_python(project: Project) -> None:
    project.write("total.py", TOTAL)
    ended = project.run("run", "total.py")
    assert (ended.code, ended.out, ended.err) == (0, "60\n", "rows: 3\n")
    shown = project.run("runs", "show", "last").out
    assert "written in Python\n" in shown
    assert TOTAL.rstrip() in shown
    assert project.run("runs", "show", "last", "--json").json["language"] == "python"


def test_code_of_the_command_line_is_in_the_usual_language_or_in_the_chosen_one(project: Project) -> None:
    assert project.run("run", "-e", "[1, 2].map((n) => n * 2)").out == "[2, 4]\n"
    assert project.run("run", "-e", "[n * 2 for n in input]", "--input", "[1]", "--language", "python").out == "[2]\n"
    project.shop('languages = ["python", "typescript"]\n')
    assert project.run("run", "-e", "len('abc')").out == "3\n"
    assert project.run("run", "-", stdin="len('abcd')").out == "4\n"
    project.write("two.mjs", "[1, 2].length")
    assert project.run("run", "two.mjs").out == "2\n"


def test_a_mistake_in_python_is_told_in_python(project: Project) -> None:
    ended = project.run("run", "-e", "await shop.order(customer='Ada')", "--language", "python")
    assert ended.code == 1
    assert "Did you mean shop.orders(*, customer: str, limit: int = 10)" in ended.err
    assert "at line 1, column " in ended.err
    typescript = project.run("run", "-e", "await shop.order({ customer: 'Ada' })")
    assert "Did you mean shop.orders({ customer: string" in typescript.err


def test_tools_are_shown_in_the_usual_language_or_in_the_chosen_one(project: Project) -> None:
    for words, typescript, python in (
        (["search", "orders"], "shop.orders({ customer: string", "shop.orders(*, customer: str, limit: int = 10)"),
        (["describe", "shop.orders"], "```ts\nshop.orders(input: {", "```py\nshop.orders(\n    *,\n    customer: str,"),
    ):
        assert typescript in project.run(*words).out
        assert python in project.run(*words, "--language", "python").out
        env = {"TOOLSCRIPT_LANGUAGES": "python"}
        assert python in project.run(*words, env=env).out
        assert typescript in project.run(*words, "--language", "typescript", env=env).out
    tools = project.run("tools", "shop.orders", "--json", env={"TOOLSCRIPT_LANGUAGES": "python"}).json["tools"]
    assert tools[0]["signature"].startswith("shop.orders(*, customer: str")


def test_a_snippet_in_python_is_saved_shown_run_and_called(project: Project) -> None:
    project.write("total.py", TOTAL.replace("'Ada'", "input['customer']"))
    schema = '{"type": "object", "properties": {"customer": {"type": "string"}}, "required": ["customer"]}'
    given = ("--file", "total.py", "--description", "The total of a customer.", "--input-schema", schema)
    assert project.run("snippets", "save", "total", *given).code == 0
    shown = project.run("snippets", "show", "total").out
    assert "version 1, python, saved" in shown
    assert "snippets.total(*, customer: str) -> Any" in shown
    assert project.run("snippets", "--json").json["snippets"][0]["language"] == "python"
    assert project.run("snippets", "run", "total", "--input", '{"customer": "Ada"}').out == "60\n"
    called = "await snippets.total(customer='Ada') + await codemode.run('total', {'customer': 'Bob'})"
    assert project.run("run", "-e", called, "--language", "python").out == "120\n"
    refused = project.run("run", "-e", "await snippets.total({ customer: 'Ada' })")
    assert "snippets.total is written in python: a typescript program cannot run it" in refused.err
    missed = project.run("snippets", "run", "total", "--input", "{}")
    assert "Expected: snippets.total(*, customer: str)" in missed.err


def test_the_language_of_a_file_can_be_said_and_that_of_a_run_not(project: Project) -> None:
    project.write("one", "len([1])")
    given = ("--description", "One.", "--language", "python")
    assert project.run("snippets", "save", "one", "--file", "one", *given).code == 0
    assert project.run("snippets", "run", "one").out == "1\n"
    refused = project.run("snippets", "save", "one", "--run", "last", *given)
    assert (refused.code, refused.out) == (2, "")
    assert "the program of a run is in the language that it ran in" in refused.err


@pytest.mark.parametrize(
    ("languages", "hint"),
    [
        ('["ruby"]', "must be a list of some of typescript, python, cpython"),
        ("[]", "must be a list of some of typescript, python, cpython"),
        ("7", "must be a list of texts"),
    ],
)
def test_languages_that_there_are_not_are_refused(project: Project, languages: str, hint: str) -> None:
    project.shop(f"languages = {languages}\n")
    ended = project.run("tools")
    assert ended.code == 2
    assert "toolscript.toml:2: languages" in ended.err
    assert hint in ended.err


def test_a_missing_extra_is_told_with_the_command_that_installs_it(project: Project) -> None:
    def without(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT_MONTY, *words],
            capture_output=True,
            text=True,
            cwd=project.folder,
            env=project.environment(),
            timeout=PATIENCE_S,
            check=False,
        )

    said = "pydantic_monty is not installed; this needs it: pip install 'toolscript[python]'"
    ended = without("run", "-e", "1", "--language", "python")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"toolscript: {said}\n")
    assert without("run", "-e", "1").stdout == "1\n"
    healthy = without("doctor")
    assert healthy.returncode == 0
    assert f"Python, which is not used: {said}" in healthy.stdout
    project.shop('languages = ["python"]\n')
    assert said in without("serve").stderr
    broken = without("doctor")
    assert broken.returncode == 1
    assert f"✗ Python: {said}" in broken.stdout


def test_the_doctor_runs_a_program_in_each_language(project: Project) -> None:
    ended = project.run("doctor")
    assert "✓ Python: a program runs (" in ended.out
    checks = {one["language"]: one for one in project.run("doctor", "--json").json["languages"]}
    assert list(checks) == ["python", "cpython"]
    assert checks["python"]["problem"] is None
    assert [one["wanted"] for one in checks.values()] == [False, False]


def test_the_demo_gives_the_same_answer_in_both_languages(project: Project) -> None:
    typescript, python = (project.run("demo", "--language", one, "--json").json for one in ("typescript", "python"))
    assert python["value"] == typescript["value"]
    assert len(python["calls"]) == len(typescript["calls"])
    assert (python["language"], typescript["language"]) == ("python", "typescript")
    assert "await asyncio.gather(" in python["code"]
    assert python["tokens"]["program"]["total"] * 10 < python["tokens"]["direct_calls"]["total"]
    assert "times fewer tokens" in project.run("demo", "--language", "python").out
    assert json.dumps(python["failure"]) == "null"
