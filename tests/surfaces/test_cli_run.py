from __future__ import annotations

from pathlib import Path

import pytest
from cli_command import Project, project_in

from toolscript.runs.result import Result
from toolscript.surfaces.assemble import servers
from toolscript.surfaces.cli.opening import Opened
from toolscript.surfaces.cli.run import exit_code, needed
from toolscript.surfaces.config import read_config


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


@pytest.mark.parametrize(
    ("code", "out"),
    [
        ("return 6 * 7", "42\n"),
        ("return 'as it is'", "as it is\n"),
        ("return 'with its end\\n'", "with its end\n"),
        ("return { a: [1, 'é'] }", '{"a": [1, "é"]}\n'),
        ("return undefined", "null\n"),
        ("return new Date(0)", "1970-01-01T00:00:00Z\n"),
        ("return [NaN, 10n ** 20n]", "[null, 100000000000000000000]\n"),
        ("return 'a\\ud800b'", "a\\ud800b\n"),
    ],
)
def test_the_value_is_printed_as_json_and_text_as_it_is(project: Project, code: str, out: str) -> None:
    ended = project.run("run", "-", stdin=code)
    assert (ended.code, ended.out, ended.err) == (0, out, "")


def test_a_file_is_run_with_its_input_and_its_console_goes_to_stderr(project: Project) -> None:
    code = "const n: number = input.n;\nconsole.log('n is', n);\ncodemode.show({ n });\nreturn n + 1;\n"
    project.write("p.ts", code)
    ended = project.run("run", "p.ts", "--input", '{"n": 4}')
    assert (ended.code, ended.out, ended.err) == (0, "5\n", 'n is 4\n{"n": 4}\n')


def test_input_comes_from_a_file_or_from_stdin(project: Project) -> None:
    project.write("p.ts", "return input.length")
    project.write("list.json", "[1, 2, 3]")
    assert project.run("run", "p.ts", "--input", "@list.json").out == "3\n"
    assert project.run("run", "p.ts", "--input", "@-", stdin="[1]").out == "1\n"


def test_a_program_calls_a_real_server_and_functions_together(project: Project) -> None:
    project.servers(maths=["sdk_server.py", "stdio"])
    project.shop()
    code = """
        const orders = await shop.orders({ customer: "Ada", limit: 3 });
        const sums = await Promise.all(orders.map((order) => maths.add({ a: order.total, b: 1 })));
        return sums.map((sum) => sum.sum);
    """
    ended = project.run("run", "-", stdin=code)
    assert (ended.code, ended.out, ended.err) == (0, "[11, 21, 31]\n", "")


def test_the_json_of_a_run_says_all_of_it(project: Project) -> None:
    project.shop()
    code = "console.log('hi'); codemode.show([1]); return (await shop.orders({ customer: 'x', limit: 1 }))[0].id"
    found = project.run("run", "-", "--json", stdin=code).json
    assert found["status"] == "completed"
    assert found["run"].startswith("run_")
    assert (found["value"], found["failure"], found["printed"]) == (1, None, ["hi"])
    assert found["shown"] == [[1]]
    call = next(call for call in found["calls"] if call["path"] == "shop.orders")
    assert (call["args"], call["effect"], call["status"]) == ({"customer": "x", "limit": 1}, "read", "returned")
    assert call["value"] == [{"id": 1, "customer": "x", "total": 10}]
    assert isinstance(call["duration_us"], int)
    members = {"run", "status", "value", "failure", "printed", "shown", "calls", "pending", "duration_ms"}
    assert set(found) == members


def test_a_failed_program_is_told_with_line_and_caret_on_stderr(project: Project) -> None:
    project.shop()
    ended = project.run("run", "-", stdin="const a = 1;\nreturn await shop.refund({ order: a });\n")
    assert (ended.code, ended.out) == (1, "")
    assert "ToolError: order 1 is already refunded" in ended.err
    assert "at line 2" in ended.err
    assert "2 | return await shop.refund({ order: a });" in ended.err
    assert "^" in ended.err


def test_a_failed_program_is_an_object_where_json_is_asked_for(project: Project) -> None:
    ended = project.run("run", "-", "--json", stdin="let x = ;")
    assert ended.code == 1
    failure = ended.json["failure"]
    assert (ended.json["status"], ended.json["value"]) == ("failed", None)
    assert (failure["kind"], failure["code"], failure["line"], failure["source"]) == ("guest", "syntax", 1, "let x = ;")
    assert failure["text"] == ended.err.rstrip("\n")


def test_a_misspelt_tool_is_told_with_the_right_one(project: Project) -> None:
    project.shop()
    ended = project.run("run", "-", stdin="shop.order({ customer: 'x' })")
    assert ended.code == 1
    assert "shop.orders" in ended.err


@pytest.mark.parametrize(
    ("stdin", "words", "hint"),
    [
        (b"", ["-"], "the program on stdin is empty"),
        (b" \n\t", ["-"], "the program on stdin is empty"),
        (b"\xff\xfe", ["-"], "the program on stdin is not text: byte 1"),
        (b"return 1\0", ["-"], "the program on stdin is not text: byte 9 is zero"),
        (b"", ["gone.ts"], "the program gone.ts: there is no such file"),
        (b"", ["."], "the program .: this is a folder"),
        (b"1", ["-", "--input", "{a: 1}"], "--input is not JSON: "),
        (b"1", ["-", "--input", "hello"], "a text needs its double quotes"),
        (b"1", ["-", "--input", "@gone.json"], "--input @gone.json: there is no such file"),
        (b"1", ["-", "--input", "@bad.json"], "bad.json is not JSON: "),
        (b"1", ["-", "--timeout", "-1"], "--timeout is -1"),
        (b"1", [], "one of the two: a FILE (- is stdin), or -e CODE"),
        (b"1", ["-", "-e", "1"], "one of the two: a FILE (- is stdin), or -e CODE"),
        (b"", ["-e", " "], "-e is empty"),
        (b"1", ["-", "--config", "gone.json"], "--config gone.json: there is no such file"),
    ],
)
def test_bad_input_is_a_clear_usage_error(project: Project, stdin: bytes, words: list[str], hint: str) -> None:
    project.write("bad.json", "{")
    ended = project.run("run", *words, stdin=stdin)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err


def test_the_timeout_ends_a_run(project: Project) -> None:
    project.shop()
    ended = project.run("run", "-", "--timeout", "0.3", "--json", stdin="await shop.hang({})")
    assert ended.code == 1
    assert ended.json["failure"]["code"] == "limit"


def test_limits_of_the_file_and_of_the_environment_hold(project: Project) -> None:
    project.shop("[limits]\ncalls = 2\n")
    code = "for (let i = 0; i < 3; i++) await shop.orders({ customer: 'x' })"
    assert project.run("run", "-", "--json", stdin=code).json["failure"]["code"] == "limit"
    assert project.run("run", "-", stdin=code, env={"TOOLSCRIPT_LIMITS_CALLS": "3"}).code == 0


def test_a_server_that_dies_in_mid_call_fails_the_program_and_nothing_hangs(project: Project) -> None:
    project.servers(frail=["raw_server.py", "dies-in-call"])
    ended = project.run("run", "-", stdin="return await frail.good({})")
    assert (ended.code, ended.out) == (1, "")
    assert "broke while frail.good was running" in ended.err
    assert "Traceback" not in ended.err


def test_a_server_that_cannot_start_is_said_beside_the_failure(project: Project) -> None:
    project.servers(frail=["raw_server.py", "dies"])
    ended = project.run("run", "-", stdin="return await frail.good({})")
    assert ended.code == 1
    assert "frail is unreachable: " in ended.err


@pytest.mark.parametrize(
    ("code", "namespaces"),
    [
        ("return one.good({})", ["one"]),
        ("return [await one.good({}), await two.good({})]", ["one", "two"]),
        ("return shop.orders({ customer: 'x' })", []),
        ("return shop.orders({ customer: await one.good({}) })", ["one"]),
        ("return codemode.search('one')", ["one", "two"]),
        ("return globalThis['o' + 'ne'].good({})", ["one", "two"]),
        ("return oen.good({})", ["one", "two"]),
    ],
)
def test_only_the_servers_that_a_program_can_reach_are_started(
    project: Project, code: str, namespaces: list[str]
) -> None:
    project.servers(one=["raw_server.py", "plain"], two=["raw_server.py", "plain"])
    project.shop()
    config = read_config(folder=project.folder, environment=project.environment())
    assert [spec.namespace for spec in needed(Opened(config, servers(config)), code).specs] == namespaces


def test_what_is_said_of_a_server_that_is_not_started_is_no_error(project: Project) -> None:
    project.servers(one=["raw_server.py", "plain"])
    tables = '[namespaces.one]\ninclude = ["*"]\n[namespaces.shop]\nreverts = { refund = "shop.orders()" }\n'
    project.shop(tables)
    ended = project.run("run", "-e", "return (await shop.orders({ customer: 'x', limit: 1 })).length")
    assert (ended.code, ended.out) == (0, "1\n")
    project.shop(tables.replace("[namespaces.one]", "[namespaces.oen]"))
    misspelt = project.run("run", "-e", "return shop.orders({ customer: 'x' })")
    assert misspelt.code == 2
    assert "there is no namespace oen; did you mean one?" in misspelt.err


def test_only_the_apis_that_a_program_names_are_read_and_those_that_undo_them(project: Project) -> None:
    project.write("api.json", '{"openapi": "3.1.0", "paths": {}}')
    more = '[namespaces.one]\nreverts = { make = "two.unmake(id=result.id)" }\n'
    for name in ("one", "two", "three"):
        more += f'[openapi.{name}]\nspec = "api.json"\n'
    project.shop(more)
    config = read_config(folder=project.folder, environment=project.environment())

    def read(code: str) -> list[str]:
        return [api.namespace for api in needed(Opened(config, ()), code).config.apis]

    assert read("return one.make({})") == ["one", "two"]
    assert read("return three.make({})") == ["three"]
    assert read("return codemode.search('x')") == ["one", "two", "three"]


def test_runs_are_kept_and_shown(project: Project) -> None:
    project.shop()
    assert project.run("runs").code == 2
    project.run("run", "-", stdin="return await shop.orders({ customer: 'Ada', limit: 1 })")
    (kept,) = project.run("runs", "--json").json["runs"]
    assert (kept["status"], kept["language"]) == ("completed", "typescript")
    assert kept["run"] in project.run("runs").out
    shown = project.run("runs", "show", kept["run"])
    assert 'shop.orders({"customer":"Ada","limit":1})' in shown.out
    assert '[{"id": 1, "customer": "Ada", "total": 10}]' in shown.out
    assert project.run("runs", "show", kept["run"], "--json").json["calls"][0]["path"] == "shop.orders"
    assert "there is no run run_x" in project.run("runs", "show", "run_x").err
    assert project.run("runs", "shwo").code == 2


def test_the_store_is_where_it_is_asked_for(project: Project) -> None:
    assert project.run("run", "-", "--store", "here.db", stdin="1").code == 0
    assert (project.folder / "here.db").exists()
    assert len(project.run("runs", "--store", "here.db", "--json").json["runs"]) == 1
    assert project.run("run", "-", "--store", ":memory:", stdin="1").code == 0
    assert not (project.folder / ":memory:").exists()
    assert "keeps no runs" in project.run("runs", "--store", ":memory:").err


def test_a_store_that_cannot_be_opened_is_a_fault_with_words(project: Project) -> None:
    project.write("file", "")
    ended = project.run("run", "-", "--store", "file/runs.db", stdin="1")
    assert (ended.code, ended.out) == (1, "")
    assert "the store" in ended.err
    assert "Traceback" not in ended.err


def test_workers_run_a_program_too(project: Project) -> None:
    assert project.run("run", "-", "--isolation", "workers", stdin="return 6 * 7").out == "42\n"


def test_a_run_that_waits_is_told_from_one_that_failed() -> None:
    assert exit_code(Result(run="r", status="parked", outcome=None)) == 3
    assert exit_code(Result(run="r", status="running", outcome=None)) == 3
    assert exit_code(Result(run="r", status="rejected", outcome=None)) == 1
