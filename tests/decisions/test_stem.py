"""Stems are those of the Snowball project's English stemmer."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.catalogs import RECORDED, needs_recorded

from toolscript.catalog.stem import stem

ENDINGS = re.findall(  # one string is easier to read than fifty; the first ending is none
    r"^|\w+",
    """ s es ed ing ly eed eedly ingly edly ies ied ational ness ative ion ement ment ent ll e ogist ogi li iti y past
    ation izer alism ousness fulness iveness biliti icate iciti ical ful ive ize ism ous ance ence able ible
    ant al ic""",
)
SNOWBALL = pytest.importorskip("snowballstemmer", reason="the stemmer that ours is compared with").stemmer("english")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("listing", "list"),
        ("repositories", "repositori"),
        ("generalization", "general"),
        ("dying", "die"),
        ("proceed", "proceed"),
        ("hopping", "hop"),
        ("hoping", "hope"),
        ("outing", "outing"),
        ("news", "news"),
        ("yes", "yes"),
        ("as", "as"),
        ("2021s", "2021s"),
        ("погоды", "погоды"),
    ],
)
def test_a_word_has_its_stem(word, expected):
    assert stem(word) == expected == SNOWBALL.stemWord(word)


@settings(max_examples=1_000)
@given(
    st.text("aeiouybcdglmnrstpwxz1é", max_size=8), st.sampled_from(ENDINGS), st.sampled_from(["", "", "s", "e", "ly"])
)
def test_any_word_has_the_stem_that_snowball_gives_it(start, ending, more):
    word = start + ending + more
    assert stem(word) == SNOWBALL.stemWord(word)


@needs_recorded
def test_words_of_real_tools_have_the_stems_that_snowball_gives_them():
    texts = (file.read_text(encoding="utf-8") for file in RECORDED.glob("*.json"))
    words = sorted({word.lower() for text in texts for word in re.findall(r"[^\W_]+", text)})
    assert len(words) > 1_000
    assert [stem(word) for word in words] == [SNOWBALL.stemWord(word) for word in words]
