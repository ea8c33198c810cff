"""Text of documents: JSON, and YAML without its traps."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.connectors.openapi.yaml_text import MAX_NODES, parse
from toolscript.errors import ConfigError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: push", {"on": "push"}),
        ("country: no", {"country": "no"}),
        ("enum: [yes, off, y, N]", {"enum": ["yes", "off", "y", "N"]}),
        ("200: {}\n404: {}", {"200": {}, "404": {}}),
        ("true: 1\nnull: 2\n1.5: 3", {"true": 1, "null": 2, "1.5": 3}),
        ("date: 2020-01-01", {"date": "2020-01-01"}),
        ("time: 12:30:45", {"time": "12:30:45"}),
        ("zip: 01234", {"zip": "01234"}),
        ("mode: 0o17", {"mode": "0o17"}),
        ("hex: 0x1F", {"hex": "0x1F"}),
        ("big: 1_000", {"big": "1_000"}),
        ("version: 3.0", {"version": 3.0}),
        ("version: 3.0.3", {"version": "3.0.3"}),
        ("infinity: .inf", {"infinity": ".inf"}),
        ("a: ~\nb:\nc: null", {"a": None, "b": None, "c": None}),
        ("a: '1'\nb: \"true\"", {"a": "1", "b": "true"}),
        ("a: !!str 1", {"a": "1"}),
        ("a: -3\nb: 1e3\nc: 0", {"a": -3, "b": 1000.0, "c": 0}),
        ("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3", {"base": {"x": 1, "y": 2}, "more": {"y": 3, "x": 1}}),
        ("a: !!python/object/apply:os.system [x]", {"a": ["x"]}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("", None),
    ],
)
def test_text_is_read_as_json_has_it(text, value):
    assert parse(text)[0] == value


@given(values)
def test_json_is_read_as_it_is(value):
    text = json.dumps(value)
    assert parse(text) == (value, ())
    assert parse(text.encode("utf-16"))[0] == value


def test_keys_that_stand_twice_are_told_and_the_last_one_counts():
    value, findings = parse("a:\n  b: 1\n  b: 2\n")
    assert value == {"a": {"b": 2}}
    assert [str(each) for each in findings] == ["/a/b: this key stands twice; the last one counts"]


def test_numeric_keys_are_told_once():
    _, findings = parse("responses:\n  200: {}\n  404: {}\n")
    assert len(findings) == 1
    assert findings[0].pointer == "/responses/200"


def bomb(width, depth):
    lines = [f"a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, depth)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(9, 12),
        "a: &a {b: *a}",
        "a: &a [*a]",
        "[" * 100_000,
        "\n".join(" " * level + "a:" for level in range(150)),
        "{'a': " * 200,
        "a: *nowhere",
        "? [a]\n: b",
        "a: 'open",
        "\x00",
        "{",
    ],
)
def test_hostile_text_is_refused_soon_and_in_words(text):
    began = time.process_time()
    with pytest.raises(ConfigError) as error:
        parse(text, "api.yaml")
    assert time.process_time() - began < 2
    assert len(str(error.value)) < 400
    assert str(error.value).startswith("api.yaml: ")


def test_aliases_of_bearable_size_are_copies():
    value, _ = parse(bomb(3, 5))
    assert len(json.dumps(value)) < MAX_NODES
    assert value["a1"] == [["x"] * 3] * 3


@given(st.text(alphabet="ab:-&*<>[]{}'\"#|?!%@ \n\t012.~", max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        value, _ = parse(text)
    except ConfigError:
        return
    json.dumps(value)
