"""A process that used the Python guest ends as it should, and its workers end with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, os, sys
from toolscript import Runtime, functions, tool

@tool(effect="read")
async def add(a: int, b: int) -> int:
    "Add."
    return a + b

async def main(how):
    runtime = Runtime([functions("bench", add)])
    await runtime.__aenter__()
    run = lambda code: runtime.run(code, language="python")
    assert (await run("await bench.add(a=1, b=2)")).value == 3
    assert not (await run("1 / 0")).ok
    loop = asyncio.create_task(run("while True: pass"))
    await asyncio.sleep(0.02)
    if how == "killed":
        print(os.getpid(), flush=True)
        await asyncio.sleep(60)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    code = "import asyncio\\nawait asyncio.sleep(0.01)\\nawait bench.add(a=1, b=2)"
    results = await asyncio.gather(*[run(code) for _ in range(8)])
    assert [result.value for result in results] == [3] * 8
    if how == "left":
        await runtime.__aexit__(None, None, None)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("how", ["left", "dropped"])
def test_a_process_that_used_the_guest_exits_cleanly(how: str) -> None:
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are found in /proc")
def test_workers_end_with_a_host_that_is_killed() -> None:
    host = subprocess.Popen([sys.executable, "-c", SCRIPT, "killed"], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    try:
        host.stdout.readline()
        workers = children_of(host.pid)
        assert len(workers) > 1
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
    patience = time.monotonic() + 5
    while any(map(is_alive, workers)):
        assert time.monotonic() < patience, "a worker outlives its host"
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found.extend(map(int, (task / "children").read_text().split()))
    return found


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_where_workers_cannot_be_tied_to_their_host_they_run_all_the_same(tmp_path: Path) -> None:
    broken = tmp_path / "setpriv"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    script = (
        "import asyncio\nfrom toolscript import Runtime\nasync def main():\n    async with Runtime([]) as runtime:\n"
    )
    script += "        print((await runtime.run('1 + 1', language='python')).value)\nasyncio.run(main())"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "2\n", "")
