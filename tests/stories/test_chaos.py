"""The chaos of `scripts/chaos`, in small: workers killed and stopped at random, and clocks that are wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def started(*args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.chaos", "--timeout-s", "50", *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def summary(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a round came to, which must have gone well."""
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err.decode()
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def rounds() -> list[dict[str, Any]]:
    """Two rounds at once: their runs sleep for five seconds each."""
    keyed = started("--runs", "40", "--kills", "6", "--workers", "3", "--seed", "1", "--skew-ms", "2000")
    plain = started("--runs", "40", "--kills", "5", "--pauses", "3", "--seed", "2", "--upstream", "plain")
    return [summary(keyed), summary(plain)]


def test_every_effect_happens_once_at_an_upstream_that_honours_keys(rounds: list[dict[str, Any]]):
    keyed = rounds[0]
    assert (keyed["completed"], keyed["replayed"], keyed["kills"]) == (40, 40, 6)
    assert (keyed["effects"], keyed["uncertain"], keyed["lost"]) == (200, 0, 0)
    assert keyed["takeovers"] > 40


def test_no_effect_happens_twice_without_a_decision_at_an_upstream_without_keys(rounds: list[dict[str, Any]]):
    plain = rounds[1]
    assert (plain["completed"], plain["replayed"], plain["kills"], plain["pauses"]) == (40, 40, 5, 3)
    assert (plain["duplicates"], plain["lost"]) == (0, 0)
    assert 200 <= plain["effects"] <= 200 + plain["retried"]
    assert plain["decided"] == 40 + plain["uncertain"]
