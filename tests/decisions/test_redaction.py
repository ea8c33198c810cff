"""Secrets taken out of texts, values, failures and arguments."""

from __future__ import annotations

import base64
import json
import timeit
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolscript.codec import Blob, Encoded, decode, encode
from toolscript.errors import Failure
from toolscript.runs.redaction import REDACTED, Redactor, is_redacted
from toolscript.runs.turn import Raised, Returned
from toolscript.schema.secrets import has_secrets, secret_places

KEY = "sk-live-0123456789"
known = Redactor([KEY, 'quo"te\\d/+é', "Pass wörd"])


# --- texts


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        'quo"te\\d/+é',
        json.dumps('quo"te\\d/+é')[1:-1],
        json.dumps('quo"te\\d/+é', ensure_ascii=False)[1:-1],
        json.dumps(json.dumps('quo"te\\d/+é', ensure_ascii=False)[1:-1])[1:-1],
        repr('quo"te\\d/+é')[1:-1],
        quote('quo"te\\d/+é'),
        quote('quo"te\\d/+é', safe=""),
        quote('quo"te\\d/+é', safe="").lower(),
        quote_plus('quo"te\\d/+é'),
        "Pass%20w%c3%b6rd",
        "Pass+w%c3%b6rd",
    ],
)
def test_a_secret_is_found_as_it_is_quoted_and_escaped(form):
    assert known.text(f"error: {form}, again {form}") == f"error: {REDACTED}, again {REDACTED}"


@pytest.mark.parametrize("before", ["", "u", "ab", "abc", "user:"])
@pytest.mark.parametrize("encoder", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_in_base64_also_in_the_middle_of_more(before, encoder):
    secret = "pa?>~ssword~~"
    text = encoder(f"{before}{secret}:rest".encode()).decode()
    clean = Redactor([secret]).text(f"Basic {text}")
    assert REDACTED in clean
    rest = clean.removeprefix("Basic ").replace(REDACTED, "")
    assert len(rest) < len(text) - len(secret)


def test_what_is_no_known_secret_stays():
    text = "Bearer abcdefghijklmnop, password=hunter2, sk-live-01234"
    assert known.text(text) is text


def test_secrets_that_are_too_short_or_part_of_the_mark_are_not_looked_for():
    assert Redactor(["", "abc", "redacted"]).text("abc redacted") == "abc redacted"


def test_the_longer_of_two_secrets_is_taken_out_whole():
    assert Redactor(["abcdef", "abcdefghi"]).text("x abcdefghi y abcdef") == f"x {REDACTED} y {REDACTED}"


# --- values


def test_a_value_without_secrets_is_not_touched():
    value = Encoded('{ "a" : 1.0, "b":"\\u0041", "c": {"$bytes":"AAEC"}}')
    assert known.encoded(value) is value


def test_secrets_in_keys_items_and_bytes_are_taken_out_and_tags_stay():
    value = {
        KEY: [f"a {KEY}", {"deep": KEY}],
        "bytes": f"x{KEY}y".encode(),
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "big": 2**70,
        "blob": Blob(id="a" * 64, media_type="text/plain", size=3),
        "nan": {"$number": "x"},
        "n": 5,
    }
    clean = decode(known.encoded(encode(value)))
    assert clean[REDACTED] == [f"a {REDACTED}", {"deep": REDACTED}]
    assert clean["bytes"] == b"x[redacted]y"
    assert {name: clean[name] for name in ("at", "big", "blob", "nan", "n")} == {
        name: value[name] for name in ("at", "big", "blob", "nan", "n")
    }
    assert KEY not in clean


def test_what_bytes_hold_is_found_where_their_base64_does_not_show_it():
    assert decode(Redactor(["ab+d"]).encoded(encode([b"xab+dx"]))) == [b"x[redacted]x"]
    assert decode(known.encoded(encode({"q": quote('quo"te\\d/+é').encode()}))) == {"q": b"[redacted]"}
    assert decode(known.encoded(encode([b"\xff\x00" + KEY.encode()]))) == [b"\xff\x00[redacted]"]


def test_redacted_keys_do_not_swallow_each_other_and_make_no_tag():
    clean = decode(Redactor(["secret-a", "secret-b", "$secret"]).encoded(encode({"secret-a": 1, "secret-b": 2})))
    assert clean == {REDACTED: 1, f"{REDACTED} 2": 2}
    assert decode(Redactor(["number"]).encoded(encode({"$number": 1}))) == {f"${REDACTED}": 1}


def test_a_number_that_is_a_secret_as_a_whole_is_taken_out():
    redactor = Redactor(["4111111111111111", "90071992547409931234"])
    clean = redactor.encoded(encode([4111111111111111, 41111111111111110, 90071992547409931234, "no 4111111111111111"]))
    assert decode(clean) == [REDACTED, 41111111111111110, REDACTED, f"no {REDACTED}"]


def test_a_secret_behind_needless_escapes_is_found():
    assert decode(known.encoded(Encoded('"\\u0073k-live-0123456789"'))) == REDACTED
    assert decode(Redactor(["a/bcdef"]).encoded(Encoded('"a\\/bcdef"'))) == REDACTED


def test_a_value_that_cannot_be_read_is_taken_out_whole():
    assert known.encoded(Encoded(f'{{"$odd": "{KEY}"}}')) == f'"{REDACTED}"'


def test_failures_and_answers_are_clean_in_all_that_they_say():
    failure = Failure(
        kind="tool",
        code="tool",
        name=f"E{KEY}",
        message=f"GET /?key={KEY}",
        source=f'login("{KEY}")',
        stack=("main", f"at {KEY}"),
        content=encode({"url": f"https://x/{KEY}"}),
    )
    clean = known.failure(failure)
    assert KEY not in repr(clean)
    assert clean.content == f'{{"url":"https://x/{REDACTED}"}}'
    assert known.answer(Raised(failure)) == Raised(clean)
    harmless = Failure(kind="tool", code="tool", name="E", message="no")
    assert known.failure(harmless) is harmless
    assert known.answer(Returned(encode(KEY))) == Returned(encode(REDACTED))
    returned = Returned(encode(1))
    assert known.answer(returned) is returned


# --- arguments that a schema marks

NODE = {
    "type": "object",
    "properties": {"key": {"type": "string", "format": "password"}, "friends": {"items": {"$ref": "#/$defs/Node"}}},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "user": {"type": "string"},
        "password": {"type": "string", "writeOnly": True},
        "card": {"type": "object", "x-secret": True, "properties": {"pin": {"type": "integer"}}},
        "list": {"type": "array", "prefixItems": [{"type": "string"}, {"format": "password"}]},
        "node": {"allOf": [{"$ref": "#/$defs/Node"}]},
        "headers": {"type": "object", "additionalProperties": {"writeOnly": True}},
        "either": {"anyOf": [{"type": "null"}, {"type": "string", "writeOnly": True}]},
    },
    "$defs": {"Node": NODE},
}


def test_values_that_a_schema_marks_are_found_wherever_it_leads():
    value = {
        "user": "u",
        "password": "p",
        "card": {"pin": 1},
        "list": ["a", "b", "c"],
        "node": {"key": "k", "friends": [{"key": "l", "friends": [{"key": "m"}]}]},
        "headers": {"a": "x"},
        "either": "e",
        "other": 1,
    }
    assert secret_places(SCHEMA, value) == (
        ("password",),
        ("card",),
        ("list", 1),
        ("node", "key"),
        ("node", "friends", 0, "key"),
        ("node", "friends", 0, "friends", 0, "key"),
        ("headers", "a"),
        ("either",),
    )
    clean = decode(known.arguments(encode(value | {"other": KEY}), SCHEMA))
    assert clean == {
        "user": "u",
        "password": REDACTED,
        "card": REDACTED,
        "list": ["a", REDACTED, "c"],
        "node": {"key": REDACTED, "friends": [{"key": REDACTED, "friends": [{"key": REDACTED}]}]},
        "headers": {"a": REDACTED},
        "either": REDACTED,
        "other": REDACTED,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"$ref": "#/nowhere"},
        {"properties": [1], "items": 3, "allOf": {"a": 1}, "$ref": 5},
        {"$defs": {"A": {"properties": {"b": {"$ref": "#/$defs/A"}}}}, "$ref": "#/$defs/A"},
        True,
        False,
    ],
)
def test_schemas_that_lead_back_to_themselves_or_nowhere_mark_nothing(schema):
    assert secret_places(schema, {"b": {"b": [{"b": 1}]}}) == ()
    assert not has_secrets(schema)


def test_a_named_definition_is_followed():
    schema = {"properties": {"k": {"$ref": "#secret"}}, "$defs": {"S": {"$anchor": "secret", "writeOnly": True}}}
    assert secret_places(schema, {"k": "x"}) == (("k",),)


def test_the_secrets_among_a_calls_arguments_are_known_to_the_redactor_of_its_answer():
    args = {"user": "ada", "password": "hunter2", "node": {"key": "ab"}, "card": {"holder": "A. Lovelace"}}
    own = known.for_call(args, SCHEMA)
    assert own.text(f"ada hunter2 {KEY} A. Lovelace ab") == f"ada {REDACTED} {REDACTED} {REDACTED} ab"
    assert known.text("hunter2") == "hunter2"
    assert known.for_call(args, {"type": "object"}) is known


def test_arguments_that_cannot_be_read_are_taken_out_whole_where_a_schema_marks_any():
    assert known.arguments(Encoded('{"$odd": 1}'), SCHEMA) == f'"{REDACTED}"'
    assert known.arguments(Encoded('{"$odd": 1}'), {}) == '{"$odd": 1}'


def test_what_was_redacted_can_be_told():
    assert is_redacted({"a": [f"x {REDACTED}"]})
    assert not is_redacted({"a": ["x", 1, None]})


# --- laws

# Without the signs of the mark itself: beside a mark they may look like a secret that was not there before.
secrets = st.text(st.characters(exclude_characters="[]redact", codec="utf-8"), min_size=6, max_size=30)
plain_text = st.text(max_size=40)


def spellings(secret: str) -> dict[str, str]:
    plain = secret.encode()
    return {
        "plain": secret,
        "JSON": json.dumps(secret, ensure_ascii=False)[1:-1],
        "ASCII JSON": json.dumps(secret)[1:-1],
        "Python": repr(secret)[1:-1],
        "percent": quote(secret, safe=""),
        "path": quote(secret),
        "form": quote_plus(secret),
        "base64": base64.b64encode(plain).decode().rstrip("="),
        "base64url": base64.urlsafe_b64encode(plain).decode().rstrip("="),
    }


@given(secrets, plain_text, plain_text)
def test_no_spelling_of_a_secret_survives_in_a_text(secret, before, after):
    redactor = Redactor([secret])
    for name, spelling in spellings(secret).items():
        clean = redactor.text(f"{before}{spelling}{after}")
        assert REDACTED in clean, name
        assume(spelling not in before + REDACTED + after)
        assert spelling not in clean, name


def containing(held):
    leaves = st.one_of(
        held,
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False),
        plain_text,
        st.binary(max_size=20),
        st.datetimes(timezones=st.just(UTC)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.one_of(held, plain_text), inner, max_size=4),
        max_leaves=12,
    )


@given(st.data(), secrets)
def test_a_value_stays_a_value_and_loses_every_secret(data, secret):
    held = st.sampled_from(sorted(spellings(secret).values())).flatmap(
        lambda spelling: st.tuples(plain_text, plain_text).map(lambda ends: f"{ends[0]}{spelling}{ends[1]}")
    )
    value = data.draw(containing(held))
    encoded = encode(value)
    redactor = Redactor([secret])
    clean = redactor.encoded(encoded)
    json.loads(clean)
    for text in texts(decode(clean)):
        for spelling in spellings(secret).values():
            assert spelling not in text
    if not any(redactor.text(text) != text for text in texts(value)):
        assert clean is encoded
    assert redactor.encoded(clean) == clean


def texts(value):
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("utf-8", "surrogateescape")
        case dict():
            for key, held in value.items():
                yield key
                yield from texts(held)
        case list():
            for held in value:
                yield from texts(held)
        case _:
            pass


def test_nothing_to_do_costs_next_to_nothing():
    redactor = Redactor([f"{KEY}{number}" for number in range(10)])
    value = encode({"name": "x" * 100, "list": list(range(20))})
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    none = Redactor()
    assert min(timeit.repeat(lambda: redactor.arguments(value, schema), number=1_000, repeat=5)) < 0.02  # 20 µs each
    assert min(timeit.repeat(lambda: none.encoded(value), number=1_000, repeat=5)) < 0.005


def test_the_caret_stays_under_its_character_where_a_secret_before_it_was_taken_out():
    redactor = Redactor([KEY])
    source = f"a('{KEY}', '{KEY}'); fail('{KEY}')"

    def under_caret(needle: str, offset: int = 0) -> str:
        failure = Failure(kind="guest", code="thrown", name="E", message="m", line=1, source=source)
        clean = redactor.failure(replace(failure, column=source.index(needle) + 1 + offset))
        assert clean.source is not None
        assert clean.column is not None
        return clean.source[clean.column - 1 :]

    assert under_caret("a(").startswith("a('[redacted]', ")
    assert under_caret("; fail") == "; fail('[redacted]')"
    assert under_caret("fail") == "fail('[redacted]')"
    assert under_caret(KEY, 3) == "[redacted]', '[redacted]'); fail('[redacted]')"
    untouched = Failure(kind="guest", code="thrown", name="E", message="m", line=1, column=None, source=source)
    assert redactor.failure(untouched).column is None
