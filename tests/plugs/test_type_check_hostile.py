"""Programs are untrusted texts, and a checker stands outside the sandbox: it reads no files, hangs on nothing, and dies
alone."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typed_tools import CRM, TEXT, Checked, installed_tsc, record, tool

from toolscript.guests.javascript import tsc
from toolscript.guests.javascript.declared import declared
from toolscript.guests.javascript.dissect import MAX_CHARS, dissect
from toolscript.guests.javascript.tsc import TypeServer, find_tsc
from toolscript.guests.javascript.type_check import TypeScriptChecker

BUILD = Path(__file__).parent.parent.parent / "packaging" / "typecheck" / "build.py"
WRONG = "let x: number = 'a'; export {}"
BOMBS = {
    "a type that is its own double": "type A<T> = T extends any ? [A<[T, T]>, A<[T, T]>] : never; let x: A<1>",
    "a type without an end": "type U<T> = T extends 1 ? U<[T]> : U<[T, T]>; let z: U<0>",
    "a tuple of thousands": "type R<T extends unknown[] = []> = T['length'] extends 999 ? T : R<[...T, 0]>; let x: R",
    "a union of all texts": "type D = 1 | 2 | 3 | 4; type T = `${D}${D}${D}${D}${D}${D}${D}${D}`; let x: T = 'a'",
    "a sum of a hundred thousand": "let n = 1" + " + 1" * 100_000,
    "brackets in brackets": "let a = " + "[" * 3_000 + "]" * 3_000,
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[TypeServer]:
    server = TypeServer(installed_tsc())
    yield server
    server.close()


@pytest.mark.parametrize("name", BOMBS)
def test_a_type_bomb_ends_in_time_and_the_next_program_is_checked(server: TypeServer, name: str):
    begun = time.monotonic()
    server.findings(BOMBS[name])
    assert time.monotonic() - begun < tsc.WALL_S + 1.5
    found = server.findings(WRONG)
    assert found is not None
    assert [finding.code for finding in found] == [2322]


def test_a_text_that_takes_long_gives_way_to_others_and_is_not_tried_again(server: TypeServer):
    bomb = BOMBS["a tuple of thousands"]
    answers: list[object] = []
    hostile = [threading.Thread(target=server.findings, args=(f"{bomb}; let v{n} = 1",)) for n in range(3)]
    for thread in hostile:
        thread.start()
    others = [threading.Thread(target=lambda: answers.append(server.findings(WRONG))) for _ in range(3)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(30)
    assert any(thread.is_alive() for thread in hostile)
    assert len(answers) == 3
    assert all(answers)
    for thread in hostile:
        thread.join(30)
    server.findings(bomb)
    begun = time.monotonic()
    assert server.findings(f"{bomb} // the same again") is None
    assert time.monotonic() - begun < 0.1


def test_a_checker_that_is_killed_is_replaced(server: TypeServer):
    assert server.findings(WRONG)
    first = server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert server.findings(WRONG) is None
    assert server.findings(WRONG)
    assert server.pid != first


def test_a_closed_checker_leaves_no_process_and_no_folder(server: TypeServer):
    server.findings(WRONG)
    assert server.pid is not None
    folder = Path(os.readlink(f"/proc/{server.pid}/cwd")) if sys.platform == "linux" else None
    server.close()
    assert server.pid is None
    assert folder is None or not folder.exists()


def test_many_threads_share_one_process(server: TypeServer):
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(server.findings(WRONG))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 16
    assert all(answers)


@pytest.mark.parametrize(
    "lead",
    [
        '/// <reference path="{path}" />\n',
        'import secret from "{path}";\n',
        'type S = import("{path}").S;\n',
        'const s = await import("{path}");\n',
        'type S = \\u0069mport("{path}").S;\n',
        "type S = typeof require('{path}');\n",
        "// @ts-nocheck\n",
    ],
)
def test_a_program_cannot_lead_the_checker_to_a_file(tmp_path: Path, lead: str):
    secret = tmp_path / "secret.ts"
    secret.write_text("export type S = 'the secret'; declare global { type Secret = 'the secret' }")
    checker = TypeScriptChecker(installed_tsc())
    for path in (str(secret), str(secret.with_suffix("")), secret.as_uri()):
        code = (
            lead.replace("{path}", path)
            + "const a: Secret = 1; const b: S = 1; return (await crm.get({ id: 'x' })).nam"
        )
        program = dissect(code)
        told = [] if program is None else checker.problems(program, CRM)
        assert not any("secret" in problem.message for problem in told), told
    checker.close()


def test_the_checker_itself_resolves_nothing(server: TypeServer, tmp_path: Path):
    secret = tmp_path / "secret.ts"
    secret.write_text("export type S = 'the secret'; declare global { type Secret = 'the secret' }")
    module = secret.with_suffix("")
    text = f'/// <reference path="{secret}" />\nlet a: import("{module}").S = 1; let b: Secret = 1; export {{}}'
    found = server.findings(text)
    assert found
    assert not any("the secret" in finding.message for finding in found)


def test_a_comment_can_only_silence_what_is_told_of_its_own_program():
    checker = TypeScriptChecker(installed_tsc())
    silenced = dissect("const p = await crm.get({ id: 1 });\n// @ts-ignore\nreturn p.nam")
    assert silenced is not None
    assert checker.problems(silenced, CRM) == []
    told = dissect("// @ts-nocheck\nawait crm.get({ id: 'x' })")
    assert told is not None
    assert [problem.line for problem in checker.problems(told, CRM)] == [2]
    checker.close()


def test_names_and_texts_of_a_schema_stay_data():
    odd = '"; } declare const crm: never; /* `${x}` */ \u2028 \n'
    hostile = tool("crm.odd", record(**{odd: {"enum": [odd, 1]}, "*/ }": TEXT}), record(**{odd: TEXT}))
    checker = TypeScriptChecker(installed_tsc())
    program = dissect(
        "const o = await crm.odd(input); await crm.get({ id: 1 }); return [o.nope, (await crm.get({ id: 1 })).nam]"
    )
    assert program is not None
    assert [problem.certain for problem in checker.problems(program, (hostile, *CRM))] == [True, True]
    assert "\n" not in declared(hostile, 1).method
    checker.close()


@pytest.mark.parametrize(
    "code",
    [
        "return x" + ".a" * 20_000,
        "return x" + ".a()" * 9_000,
        "return x" + ".push(x)" * 6_000,
        "(() => {" * 3_000 + "x.a.b" + "})()" * 3_000,
        "crm.get({a:" * 3_000 + "x.a" + "})" * 3_000,
        "x.a.b;" * 8_000,
    ],
    ids=["members", "calls", "fillings", "functions", "arguments", "statements"],
)
def test_a_program_that_is_deep_is_taken_apart_in_time(code: str):
    begun = time.monotonic()
    dissect(code)
    assert time.monotonic() - begun < 4


def test_a_program_that_is_too_long_is_not_checked():
    assert dissect("1;" * (MAX_CHARS // 2 + 1)) is None


def test_a_type_that_reaches_too_far_ends_in_anything():
    wide = {
        f"D{n}": record(**{f"p{m}": {"$ref": f"#/$defs/D{(n * 7 + m) % 900}"} for m in range(9)}) for n in range(900)
    }
    begun = time.monotonic()
    text = declared(tool("crm.huge", {"type": "object"}, {"$ref": "#/$defs/D0", "$defs": wide}), 1)
    assert time.monotonic() - begun < 0.5
    assert "p0: any;" in text.types[-1] or any("p0: any;" in each for each in text.types)
    assert sum(map(len, text.types)) < 60_000


def test_an_old_or_broken_checker_counts_as_none(tmp_path: Path):
    fake = tmp_path / "tsc"
    fake.write_text("#!/bin/sh\necho Version 5.9.3\n")
    fake.chmod(0o755)
    (tmp_path / "lib.d.ts").write_text("")
    assert find_tsc(fake) is None
    fake.write_text("#!/bin/sh\nexit 1\n")
    assert find_tsc(fake) is None
    assert find_tsc(tmp_path / "nothing") is None


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("body", ["sleep 100", "echo nonsense", "cat /dev/zero | head -c 3000000", "exit 0"])
def test_a_checker_that_speaks_no_sense_costs_its_time_and_no_more(tmp_path: Path, body: str):
    fake = tmp_path / "tsc"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)
    server = TypeServer(fake)
    begun = time.monotonic()
    assert server.findings(WRONG) is None
    assert time.monotonic() - begun < tsc.WALL_S + 1
    server.close()


async def test_a_python_program_does_not_run_while_it_is_checked():
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    from toolscript.guests.python.type_check import PythonTypeChecker

    checked = Checked("python", PythonTypeChecker())
    for code in ("while True: pass", "# type: ignore\nwhile True: pass", "x = 'a' * 10**9\nwhile True: x += x"):
        begun = time.monotonic()
        checked.problems(f"{code}\nawait crm.get(id=1)")
        assert time.monotonic() - begun < 1.5
    checked.checker.close()


async def test_a_python_program_that_is_hard_to_check_ends_in_time():
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    from toolscript.guests.python.type_check import WALL_S, PythonTypeChecker

    checked = Checked("python", PythonTypeChecker())
    for code in (
        "x = 1" + " + 1" * 8_000,
        "\n".join(f"def f{n}(x): return f{n + 1}(x) if x else [f{n}(x)]" for n in range(800)),
        "x = " + "[" * 80 + "]" * 80,
        "\n".join(["x = [1]", *("x = [x, x, {'a': x}]" for _ in range(300))]),
    ):
        begun = time.monotonic()
        checked.problems(f"{code}\nawait crm.get(id=1)")
        assert time.monotonic() - begun < WALL_S + 1.5
    assert checked.certain("await crm.get(id='x')")
    checked.checker.close()


def test_a_checker_that_runs_out_of_memory_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]):
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    from toolscript.guests.python.type_check import PythonTypeChecker

    checked = Checked("python", PythonTypeChecker())
    doubled = "\n".join(["t0 = (1, 1)", *(f"t{n + 1} = (t{n}, t{n})" for n in range(60))])
    checked.problems(f"{doubled}\nawait crm.get(id=t60)")
    assert checked.certain("await crm.get(id='x')")
    checked.checker.close()
    assert capfd.readouterr() == ("", "")


async def test_a_check_does_not_hold_up_the_event_loop():
    from toolscript.guests.javascript.guest import JavaScriptGuest

    guest = JavaScriptGuest(tsc=installed_tsc())
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    spinning = asyncio.create_task(spin())
    await guest.type_problems("await crm.get({ id: 1 }); let n = 1" + " + 1" * 8_000, CRM)
    spinning.cancel()
    await guest.close()
    assert turns > 10


def test_the_wheel_of_the_checker_is_whole_and_always_the_same(tmp_path: Path):
    package = installed_tsc().parent.parent
    if not (package / "package.json").is_file():
        pytest.skip("the checker is not that of npm")
    sys.path.insert(0, str(BUILD.parent))
    try:
        import build  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(BUILD.parent))
    files = {f"toolscript_typecheck/lib/{path.name}": path.read_bytes() for path in (package / "lib").iterdir()}
    assert build.zipped(files) == build.zipped(dict(reversed(list(files.items()))))
    (tmp_path / "x.whl").write_bytes(build.zipped(files))
    with zipfile.ZipFile(tmp_path / "x.whl") as wheel:
        modes = {info.filename: info.external_attr >> 16 for info in wheel.infolist()}
        assert stat.S_IMODE(modes[f"toolscript_typecheck/lib/{installed_tsc().name}"]) == 0o755
        assert f"{build.DIST_INFO}/RECORD" in wheel.namelist()


def test_a_tarball_that_is_not_the_pinned_one_is_refused(tmp_path: Path):
    (tmp_path / "x.tgz").write_bytes(b"something else")
    command = [
        sys.executable,
        str(BUILD),
        "--out",
        str(tmp_path),
        "--platform",
        "linux-x64",
        "--tarball",
        str(tmp_path / "x.tgz"),
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode != 0
    assert "is not the pinned one" in said.stderr
    assert not list(tmp_path.glob("*.whl"))
