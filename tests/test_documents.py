"""What the documents show works: the README's program, and the demo over third-party servers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/durable-runs.md"])
def test_the_programs_of_a_page_print_what_it_says(page: str, tmp_path: Path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        (expected,) = re.findall(r"print\(.*\)  # (.*)", block)
        file = tmp_path / f"example_{number}.py"
        file.write_text(block)
        assert run(sys.executable, str(file), cwd=tmp_path).strip() == expected


def test_links_between_documents_lead_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_the_demo_joins_results_of_three_third_party_servers(language: str):
    servers = Path(os.environ.get("TOOLSCRIPT_TEST_SERVERS", "/nowhere"))
    commands = [servers / "current/bin/mcp-server-git", servers / "current/bin/mcp-server-time"]
    commands.append(servers / "old/bin/mcp-server-sqlite")
    if not all(command.exists() for command in commands):
        pytest.skip("the third-party servers are not installed: scripts/servers installs them")
    out = run(sys.executable, "examples/demo/demo.py", *map(str, commands), "--language", language)
    assert "12 calls in" in out
    assert '"incident": "#44 Webhooks arrive twice (severity 3)"' in out
    assert re.search(r"[3-9]\.\d times fewer with one program", out)


def test_one_program_joins_two_published_apis_and_a_third_party_server():
    servers = Path(os.environ.get("TOOLSCRIPT_TEST_SERVERS", "/nowhere"))
    commands = [servers / "node/node_modules/.bin/prism", servers / "old/bin/mcp-server-sqlite"]
    if not all(command.exists() for command in commands):
        pytest.skip("the third-party servers are not installed: scripts/servers installs them")
    out = run(sys.executable, "examples/openapi/demo.py", *map(str, commands))
    answers = re.findall(r"--- the answer\n\n(\{.*?\n\})\n", out, re.DOTALL)
    assert len(answers) == 2  # in TypeScript and in Python
    for answer in map(json.loads, answers):
        assert answer == {
            "best": ["Furious 7 (7.39)", "Mad Max: Fury Road (7.26)", "Deadpool (7.16)"],
            "bookmarks": 7,
            "years": [{"year": "2015", "films": 3}, {"year": "2016", "films": 4}],
        }
