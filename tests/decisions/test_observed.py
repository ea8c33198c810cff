import json
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.codec import Blob
from toolscript.schema.check import check
from toolscript.schema.observed import MAX_NODES, is_data_key, merge, observe
from toolscript.schema.typescript import type_text

keys = st.sampled_from(["id", "name", "a", "b", "c", "d", "e", "f", "g", "7", "ada@example.com", "x/y"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.binary(max_size=2)
    | st.just(datetime(2026, 1, 1, tzinfo=UTC)) | st.just(Blob("0" * 64, "image/png", 3)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


def seen(*many: Any) -> Any:
    return reduce(observe, many, None)


@given(st.lists(values, min_size=1, max_size=5), st.randoms())
def test_the_order_of_calls_does_not_matter(many, random):
    shuffled = list(many)
    random.shuffle(shuffled)
    assert seen(*many) == seen(*shuffled)


@given(values, values, values)
def test_merging_is_idempotent_and_groups_as_one_likes(a, b, c):
    one, two, three = seen(a), seen(b), seen(c)
    assert merge(one, one) == one
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    both = seen(a, b)
    assert merge(both, one) == both


@given(st.lists(values, min_size=1, max_size=5))
def test_what_was_seen_fits_what_is_said_of_it(many):
    schema = seen(*many)
    json.dumps(schema)
    for value in many:
        if "blob" not in repr(value).lower():  # a handle is an object to programs only
            assert check(schema, value) == ()


@given(st.text(min_size=6, max_size=20).filter(lambda text: not text.isascii()))
def test_no_value_is_ever_in_a_schema(text):
    assert text not in json.dumps(seen({"a": text, "b": [text, {"c": text}]}), ensure_ascii=False)


def test_a_property_that_is_always_there_is_required():
    assert seen({"id": 1, "name": "Ada"}, {"id": 2, "born": 1.5}, {"id": 3, "name": None}) == {
        "type": "object",
        "properties": {
            "born": {"type": "number"},
            "id": {"type": "integer"},
            "name": {"type": ["null", "string"]},
        },
        "required": ["id"],
    }


def test_the_items_of_an_array_have_one_type():
    assert seen([]) == {"type": "array"}
    assert seen([], [1, 2.5], [None]) == {"type": "array", "items": {"type": ["null", "number"]}}
    assert seen([{"a": 1}, {"a": 1, "b": True}]) == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}},
            "required": ["a"],
        },
    }


def test_a_value_or_nothing_is_nullable():
    assert seen({"a": 1}, None) == {
        "type": ["null", "object"],
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
    }


def test_tagged_values_keep_their_kind_until_it_is_mixed():
    date, content = datetime(2026, 1, 1, tzinfo=UTC), b"x"
    assert seen(date) == {"type": "string", "format": "date-time"}
    assert seen(content, None) == {"type": ["null", "string"], "contentEncoding": "base64"}
    assert seen(date, content) == seen(date, "x") == {"type": "string"}
    assert seen(2**70) == {"type": "integer"}


@pytest.mark.parametrize(
    "key",
    ["17", "ada@example.com", "123e4567-e89b-12d3-a456-426614174000", "a23e4567-e89b-12d3-a456-426614174000",
     "cus_NffrFeUfNV2Hib", "src/main.py", "https://x", "2026-01-31", "order_1048576", "9f86d081884c7d65", "x" * 65, "",
     "[redacted]", "abcdef012345", "INV-42", "user:42", "sk_live_51Habcdef", "AKIAIOSFODNN7EXAMPLE", "ghp_abcdefghij",
     "xoxb-1-a", "eyJhbGciOiJI"],
)  # fmt: skip
def test_a_key_that_is_data_is_one_of_a_map(key):
    assert is_data_key(key)
    assert seen({key: 1}, {key: 2.5}) == {"type": "object", "additionalProperties": {"type": "number"}}


@pytest.mark.parametrize(
    "key",
    ["id", "name", "created_at", "perPage", "sha256", "md5", "utf8", "x-amz-request-id", "First name", "@type", "$ref",
     "größe", "名前", "s3_key", "ipv4", "h264", "SHA-256", "US", "EUR",
     "image_512", "pk", "dc:title", "sk", "oauth2Token",
     "line1", "address_line_2", "i18n", "p95", "isHTML5Enabled", "base64EncodedValue"],
)  # fmt: skip
def test_a_key_that_is_a_name_is_a_property(key):
    assert not is_data_key(key)


def test_keys_that_each_hold_the_like_are_those_of_a_map():
    people = [{name: {"n": number, "of": None}} for number, name in enumerate(["alice", "bob", "carol"])]
    member = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "of": {"type": "null"}},
        "required": ["n", "of"],
    }
    assert seen(*people) == {"type": "object", "additionalProperties": member}
    assert "properties" in seen(*people[:2])  # these may be the kinds of a result
    assert "properties" in seen(*({**person, "total": 3} for person in people))
    assert "properties" in seen({"a": {"x": 1}}, {"b": {"y": 1}}, {"c": {"z": 1}})


def test_keys_that_come_and_go_are_those_of_a_map():
    people = [{name: index} for index, name in enumerate(["ada", "bob", "cy", "di", "eve", "fay"])]
    assert seen(*people) == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert seen(*people, {"ada": "x"}) == {"type": "object", "additionalProperties": {"type": ["integer", "string"]}}
    wide = {f"field_{letter}{other}": 1 for letter in "abcdefg" for other in "abcdefg"}
    assert len(seen(wide)["properties"]) == 49
    assert "properties" not in seen(wide, {"field_aa": 1, "other": 2})


def test_known_keys_stay_beside_those_of_a_map():
    assert seen({"total": 2, "17": {"a": 1}, "18": {"a": 2}}) == {
        "type": "object",
        "properties": {"total": {"type": "integer"}},
        "required": ["total"],
        "additionalProperties": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    }


def test_schemas_are_bounded_in_depth_and_size():
    deep: object = 1
    for _ in range(300):
        deep = {"a": [deep]}
    assert len(json.dumps(seen(deep))) < 1_000
    broad = {f"{a}{b}": {f"{c}{d}": {"x": [1]} for c in "abcd" for d in "abcd"} for a in "abcdefgh" for b in "abcd"}
    schema = seen(broad)
    assert json.dumps(schema).count('"type"') <= MAX_NODES
    assert merge(schema, schema) == schema
    assert seen({f"{a}{b}{c}": 1 for a in "abcdefg" for b in "abcdef" for c in "abcde"}) == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }


def test_a_real_answer_becomes_a_readable_type():
    schema = seen(
        [{"id": 1, "title": "x", "user": {"login": "a", "admin": False}, "labels": ["bug"], "closed_at": None}],
        [{"id": 2, "title": "y", "user": {"login": "b", "admin": True}, "labels": [], "closed_at": "2026"}],
    )
    text = type_text(schema, max_chars=300)
    assert " ".join(text.split()) == (
        "{ closed_at: string | null, id: number, labels: string[], title: string, "
        "user: { admin: boolean, login: string } }[]"
    )
