import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.tokens import LARGE, cut, estimate

# The true counts are o200k_base's.
CASES = json.loads((Path(__file__).parent.parent / "cases" / "tokens.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_estimate_is_a_little_high(case):
    assert 0.93 <= estimate(case["text"]) / case["tokens"] <= 1.22


@given(st.text(), st.text())
def test_more_text_never_costs_less(left, right):
    assert estimate(left + " " + right) >= estimate(left)


@given(st.text(), st.integers(0, 50))
def test_a_cut_is_a_beginning_within_its_budget(text, budget):
    kept = cut(text, budget)
    assert text.startswith(kept)
    assert estimate(kept) <= budget
    assert kept == text or estimate(text) >= budget


def test_a_large_text_is_estimated_from_samples():
    text = CASES[3]["text"] * (2 * LARGE // len(CASES[3]["text"]))
    began = time.perf_counter()
    sampled = estimate(text * 20)
    assert time.perf_counter() - began < 0.5
    assert sampled == pytest.approx(20 * 2 * LARGE / len(CASES[3]["text"]) * CASES[3]["tokens"], rel=0.2)
