from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_command import PATIENCE_S, Project, project_in

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from cli_terminal import screen

CTRL_C = b"\x03"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path).shop()


def runs(project: Project) -> list[tuple[str, str]]:
    found = project.run("runs", "--json").json["runs"]
    return [(run["run"], run["status"]) for run in found]


def test_a_terminal_shows_which_call_is_running_and_ctrl_c_cancels_the_run(project: Project) -> None:
    with screen(project, "run", "-", stdin=b"await shop.orders({ customer: 'x' }); await shop.hang({})") as shown:
        shown.until("1 call done · shop.hang 0.")
        shown.press(CTRL_C)
        code, text = shown.end()
    ((run, status),) = runs(project)
    assert (code, status) == (130, "cancelled")
    assert f"cancelled the run {run}" in text
    assert "Traceback" not in text


def test_a_second_ctrl_c_leaves_at_once(project: Project) -> None:
    with screen(project, "run", "-", stdin=b"await shop.stuck({})") as shown:
        shown.until("shop.stuck 0.")
        shown.press(CTRL_C)
        shown.until("press Ctrl-C again to leave at once")
        shown.press(CTRL_C)
        code, text = shown.end()
    assert code == 130
    assert "cancelled the run" not in text
    assert [status for _, status in runs(project)] == ["running"]


def test_ctrl_c_while_servers_connect_ends_quietly(project: Project) -> None:
    project.servers(silent=["raw_server.py", "mute"])
    with screen(project, "tools") as shown:
        shown.until("connecting silent")
        shown.press(CTRL_C)
        code, text = shown.end()
    assert code == 130
    assert "Traceback" not in text


def test_a_run_that_is_asked_to_end_is_cancelled(project: Project) -> None:
    with screen(project, "run", "-", stdin=b"await shop.hang({})") as shown:
        shown.until("shop.hang")
        shown.process.send_signal(signal.SIGTERM)
        code, _ = shown.end()
    assert code == 128 + signal.SIGTERM
    assert [status for _, status in runs(project)] == ["cancelled"]


def test_an_interrupted_run_says_its_id_as_json_too(project: Project) -> None:
    process = subprocess.Popen(
        project.command("run", "-", "--json", "--verbose"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project.folder,
        env=project.environment(),
        text=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    assert process.stdout is not None
    with process:
        process.stdin.write("console.log('x'); await codemode.sleep(600)")
        process.stdin.close()
        while "run_" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert process.wait(PATIENCE_S) == 130
    assert '"status": "cancelled"' in out


def test_the_files_that_were_found_are_named_on_a_terminal_only(project: Project) -> None:
    project.servers()
    with screen(project, "tools") as shown:
        code, text = shown.end()
    assert code == 0
    assert "using toolscript.toml, mcp.json" in text
    assert project.run("tools").err == ""


def test_a_value_is_laid_out_on_a_terminal(project: Project) -> None:
    with screen(project, "run", "-", stdin=b"return { a: 1 }") as shown:
        assert '{\n  "a": 1\n}' in shown.end()[1]


def test_colour_is_for_terminals_that_want_it(project: Project) -> None:
    def shown(**env: str) -> str:
        with screen(project, "tools", env=env) as on:
            return on.end()[1]

    assert "\x1b[32m" in shown()
    assert "\x1b" not in shown(NO_COLOR="1").replace("\r\x1b[K", "")
    assert "\x1b" not in shown(TERM="dumb")
    assert "\x1b" not in project.run("tools").out


@pytest.mark.parametrize(
    ("command", "shown"), [("doctor", "\x1b[32m✓\x1b[0m engine: "), ("demo", "\x1b[1mThe program\x1b[0m")]
)
def test_our_own_colours_are_no_control_characters_of_tools(project: Project, command: str, shown: str) -> None:
    with screen(project, command) as on:
        text = on.end()[1]
    assert shown in text
    assert "\\x1b" not in text


def test_quiet_leaves_only_the_result_on_a_terminal(project: Project) -> None:
    with screen(project, "run", "-", "--quiet", stdin=b"await codemode.sleep(0.4); return 'done'") as shown:
        assert shown.end() == (0, "done\n")


def test_the_progress_line_is_gone_at_the_end_and_never_wider_than_the_screen(project: Project) -> None:
    code = b"await codemode.sleep(0.5); await shop.orders({ customer: 'x' }); return 'done'"
    with screen(project, "run", "-", stdin=code, columns=20, env={"NO_COLOR": "1"}) as shown:
        _, text = shown.end()
    assert text.endswith("\r\x1b[Kdone\n")
    lines = [line for line in text.split("\r\x1b[K") if " s" in line]
    assert lines
    assert max(len(line) for line in lines) < 20


def test_what_tools_say_cannot_move_the_cursor_of_a_terminal(project: Project) -> None:
    code = "return await shop.escape({})"
    with screen(project, "run", "-", stdin=code.encode()) as shown:
        assert "\\x1b[2Jcleared" in shown.end()[1]
    assert project.run("run", "-", stdin=code).out == "\x1b[2Jcleared\n"


@pytest.mark.parametrize("words", [["tools"], ["tools", "--json"], ["--help"], ["run", "p.ts"]])
def test_a_closed_pipe_ends_quietly(project: Project, words: list[str]) -> None:
    project.write("p.ts", "return 'x'.repeat(1000000)")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            project.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=project.folder,
            env=project.environment(),
            timeout=PATIENCE_S,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
