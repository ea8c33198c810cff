"""What an HTTP answer is to a program: values, errors, pages, and when a request is made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.codec import decode
from toolscript.connectors.openapi.operation import Operation, Paging
from toolscript.connectors.openapi.pages import links_of, page_of
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.response import Answer, retry_after_s, value_of
from toolscript.connectors.openapi.retry import Retry, Trouble
from toolscript.connectors.openapi.words import message_of
from toolscript.errors import ToolError
from toolscript.tools import Media, Page

JSON_ONLY = {"200": {"description": "", "content": {"application/json": {}}}}


def operation_of(
    responses: Mapping[str, Any] = JSON_ONLY, parameters: Any = (), method: str = "get", paging: Paging | None = None
) -> Operation:
    node = {"operationId": "op", "responses": dict(responses), "parameters": list(parameters)}
    (operation,) = read_api({"openapi": "3.1.0", "paths": {"/x": {method: node}}}).operations
    return operation


def answer(body: bytes | str = b"", kind: str | None = "application/json", status: int = 200, **headers: str) -> Answer:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if kind is not None:
        named.append(("content-type", kind))
    return Answer(status=status, headers=tuple(named), body=body.encode() if isinstance(body, str) else body)


def value(given: Answer, responses: Mapping[str, Any] = JSON_ONLY) -> Any:
    return value_of(operation_of(responses), given, "api.op", 0.0)


def failure(given: Answer) -> ToolError:
    with pytest.raises(ToolError) as caught:
        value_of(operation_of(), given, "api.op", 1_000_000.0)
    return caught.value


# --- values

TEXT_TOO = {"200": {"description": "", "content": {"application/json": {}, "text/plain": {}}}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer('{"a": [1, 2.5, null, "é"]}'), {"a": [1, 2.5, None, "é"]}),
        (answer("12345678901234567890"), 12345678901234567890),
        (answer("[1]", "application/vnd.api+json; charset=utf-8"), [1]),
        (answer('\ufeff{"a":1}'), {"a": 1}),
        (answer('"\xe9"'.encode("latin-1"), "application/json; charset=iso-8859-1"), "é"),
        (answer('{"a":1}'.encode("utf-16"), "application/json"), {"a": 1}),
        (answer(b"", status=204), None),
        (answer(b"", status=200), None),
        (answer("", None, status=202), None),
        (answer('{"a":1}', None), {"a": 1}),
        (answer("hello", None), "hello"),
        (answer(b"\xff\xd8\xff", None), Media(b"\xff\xd8\xff", "application/octet-stream")),
        (answer('{"a":1}', "text/plain"), {"a": 1}),
        (answer("plain words", "text/plain"), "plain words"),
        (answer("<a>1</a>", "application/xml"), "<a>1</a>"),
        (answer("a,b\n1,2", "text/csv"), "a,b\n1,2"),
        (answer(b"%PDF-1.7", "application/pdf"), Media(b"%PDF-1.7", "application/pdf")),
        (answer(b"PNG", "image/png; x=1"), Media(b"PNG", "image/png")),
        (answer("<svg/>", "image/svg+xml"), "<svg/>"),
        (answer('{"a":1}\n\n{"a":2}\n', "application/x-ndjson"), [{"a": 1}, {"a": 2}]),
        (
            answer(": hi\nevent: a\ndata: {\ndata: }\nid: 7\n\ndata: [DONE]\r\n\r\nevent: x\n\n", "text/event-stream"),
            [{"event": "a", "data": {}, "id": "7"}, {"data": "[DONE]"}],
        ),
        (answer("zo\xeb".encode("latin-1"), "text/plain; charset=iso-8859-1"), "zoë"),
        (answer(b"bad \xff", "text/plain; charset=no-such"), "bad �"),
    ],
)
def test_an_answer_is_a_value_by_what_came_back(given: Answer, expected: Any) -> None:
    got = value(given)
    assert got == expected
    assert type(got) is type(expected)


def test_text_that_the_document_promises_stays_text_though_it_is_json() -> None:
    assert value(answer("[1]", "text/plain"), TEXT_TOO) == "[1]"


def test_a_web_page_where_json_is_promised_is_an_error_with_its_title() -> None:
    page = "<html><head><title>Sign in &amp; go</title><style>x{}</style></head><body><h1>Hello</h1></body></html>"
    with pytest.raises(ToolError, match=r"web page where JSON is promised.*Sign in & go: Hello"):
        value(answer(page, "text/html; charset=utf-8"))
    as_promised = {"200": {"description": "", "content": {"text/html": {}}}}
    assert value(answer(page, "text/html"), as_promised) == page


@pytest.mark.parametrize("body", ['{"a":', "not json", "[" * 100_000])
def test_json_that_cannot_be_read_is_an_error_that_shows_its_beginning(body: str) -> None:
    with pytest.raises(ToolError, match=r"JSON that cannot be read .* It begins with: ") as caught:
        value(answer(body))
    assert len(str(caught.value)) < 400


def test_the_head_of_an_answer_is_its_status_and_headers() -> None:
    given = Answer(status=200, headers=(("etag", '"x"'), ("content-length", "9")), method="HEAD")
    assert value(given) == {"status": 200, "headers": {"etag": '"x"', "content-length": "9"}}


# --- errors


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Not Found", "documentation_url": "https://d"}, "Not Found"),
        ({"error": "invalid_grant", "error_description": "Token expired"}, "Token expired"),
        ({"error": {"code": 190, "message": "Bad token", "type": "OAuthException"}}, "Bad token"),
        ({"type": "about:blank", "title": "Out of credit", "detail": "Balance is 30"}, "Balance is 30"),
        (
            {"detail": [{"loc": ["body", "name"], "msg": "field required", "type": "missing"}]},
            "body.name: field required",
        ),
        (
            {"message": "Validation Failed", "errors": [{"resource": "Issue", "field": "title", "code": "missing"}]},
            "Validation Failed; title: missing",
        ),
        ({"errors": [{"title": "Invalid", "source": {"pointer": "/data/a"}}]}, "/data/a: Invalid"),
        ({"errors": {"email": ["is taken", "is too long"]}}, "email: is taken; is too long"),
        ({"errors": ["a", "b"]}, "a; b"),
        ({"detail": "Wrong.", "validation": [{"location": ["body"], "message": "no id"}]}, "Wrong; no id"),
        ({"success": False, "status_message": "Invalid key"}, "Invalid key"),
        ("plain", "plain"),
        ({}, ""),
        (None, ""),
        ([1, {"message": "deep"}], "deep"),
    ],
)  # fmt: skip
def test_the_services_own_words_are_found_in_every_usual_form(body: Any, words: str) -> None:
    assert message_of(body) == words


def test_an_error_has_status_words_request_id_and_how_long_to_wait() -> None:
    body = json.dumps({"message": "API rate limit exceeded"})
    error = failure(answer(body, status=429, retry_after="7", x_github_request_id="AB:12"))
    assert error.failure.message == (
        "api.op failed with status 429 (Too Many Requests): API rate limit exceeded. It asks to wait 7 s."
    )
    assert error.failure.content is not None
    assert decode(error.failure.content) == {
        "status": 429,
        "message": "API rate limit exceeded",
        "retry_after_s": 7,
        "request_id": "AB:12",
        "body": {"message": "API rate limit exceeded"},
    }


def test_an_error_without_words_says_its_status() -> None:
    assert failure(answer(b"", None, status=418)).failure.message == "api.op failed with status 418 (I'm a Teapot)."
    assert failure(answer(b"", None, status=599)).failure.message == "api.op failed with status 599."


def test_an_error_page_is_told_in_words() -> None:
    page = "<html><title>502 Bad Gateway</title><body><center>nginx</center></body></html>"
    assert "502 Bad Gateway: nginx" in str(failure(answer(page, "text/html", status=502)))


def test_a_long_error_is_cut_and_its_content_left_out() -> None:
    error = failure(answer(json.dumps({"message": "x" * 100_000}), status=500))
    assert len(error.failure.message) < 2_200
    assert error.failure.content is not None
    assert len(error.failure.content) < 16 << 10


def test_a_redirect_that_was_not_followed_says_so() -> None:
    assert "redirects to another place" in str(failure(answer(b"", None, status=302, location="https://b.test")))


members = st.sampled_from(["message", "error", "errors", "detail", "x", "loc", "source"])
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text())
bodies = st.recursive(leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(members, inner)))


@given(bodies)
def test_any_body_of_an_error_has_words_or_none(body: Any) -> None:
    assert isinstance(message_of(body), str)
    assert failure(answer(json.dumps(body), status=400)).failure.code == "tool"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Thu, 01 Jan 1970 00:17:40 GMT"}, 60),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000030"}, 1_699_999_030),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-remaining": "9", "x-ratelimit-reset": "30"}, None),
        ({}, None),
    ],
)
def test_what_a_server_asks_to_wait(headers: Mapping[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, 1_000.0) == seconds


# --- again


def delay(trouble: Trouble, tries: int = 1, asked_s: float | None = None, **more: Any) -> float | None:
    usual = {"waited_s": 0.0, "repeatable": True, "jitter": 0.0}
    return Retry().delay_s(trouble, tries=tries, asked_s=asked_s, **{**usual, **more})


def test_a_busy_server_is_asked_again_with_growing_pauses_and_not_for_ever() -> None:
    assert [delay("busy", tries) for tries in (1, 2, 3)] == [0.125, 0.25, None]


def test_what_a_server_asks_to_wait_is_waited_within_the_limit() -> None:
    assert delay("busy", asked_s=3.0) == 3.0
    assert delay("busy", asked_s=30.0) is None
    assert delay("busy", 2, asked_s=15.0, waited_s=10.0) is None


def test_a_write_without_a_key_is_made_again_only_if_it_was_not_sent() -> None:
    assert delay("busy", repeatable=False) is None
    assert delay("broken", repeatable=False) is None
    assert delay("unsent", repeatable=False) is not None


# --- pages

QUERY = [
    {"name": "page", "in": "query", "schema": {"type": "integer"}},
    {"name": "after", "in": "query", "schema": {"type": "string"}},
    {"name": "labels", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "per_page", "in": "query", "schema": {"type": "integer"}},
]


def paged(value: Any, args: Mapping[str, Any] | None = None, link: str = "", paging: Paging | None = None) -> Page:
    operation = replace(operation_of(parameters=QUERY), paging=paging)
    return page_of(operation, args or {}, value, answer("", link=link))


def test_links_are_read_as_they_are_written() -> None:
    header = '<https://a/?x=1,2&y=%3E>; rel="next"; title="a, b", </p>;rel=prev, <q>; foo=1; rel="first last"'
    assert links_of(header) == {"next": "https://a/?x=1,2&y=%3E", "prev": "/p", "first": "q", "last": "q"}
    assert links_of("nonsense") == {}


def test_a_link_to_the_next_page_becomes_arguments() -> None:
    link = '<https://elsewhere.test/x?page=2&labels=a&labels=b&per_page=5&secret=1>; rel="next"'
    page = paged([1], {"labels": ["a", "b"], "per_page": 5}, link)
    assert page == Page(next={"labels": ["a", "b"], "per_page": 5, "page": 2}, items=())


def test_a_cursor_of_digits_stays_text_where_the_document_says_text() -> None:
    assert paged([1], {}, '</x?after=123>; rel="next"').next == {"after": "123"}


def test_a_next_page_that_no_argument_asks_for_is_a_problem_and_no_end() -> None:
    page = paged([1], {}, '</x?token=t>; rel="next"')
    assert page.next is None
    assert "parameters that its document does not have (token)" in page.problem


def test_without_a_next_link_it_is_the_last_page() -> None:
    assert paged([1], {"page": 3}, '</x?page=2>; rel="prev"') == Page(items=())
    assert paged([1], {}, paging=Paging(kind="link")) == Page(items=())
    assert paged({"a": 1}) == Page()


def test_a_cursor_in_the_answer_leads_on_until_it_is_empty() -> None:
    paging = Paging(kind="cursor", argument="after", next_field=("meta", "next"), items_field=("data",))
    assert paged({"data": [1], "meta": {"next": "c2"}}, {"per_page": 1}, paging=paging) == Page(
        next={"per_page": 1, "after": "c2"}, items=("data",)
    )
    for last in ({"data": [1], "meta": {"next": ""}}, {"data": [1]}, {"data": [], "meta": {"next": "c2"}}):
        assert paged(last, paging=paging).next is None
    assert paged({"data": [1], "meta": {"next": "c2"}}, {"after": "c2"}, paging=paging).next is None


def test_a_cursor_that_is_an_address_is_read_as_arguments() -> None:
    paging = Paging(kind="cursor", argument="after", next_field=("next",), items_field=("items",))
    value = {"items": [1], "next": "https://api.test/x?page=2&per_page=20"}
    assert paged(value, paging=paging).next == {"page": 2, "per_page": 20}


def test_the_id_of_the_last_item_is_the_cursor_where_the_answer_has_none() -> None:
    paging = Paging(kind="cursor", argument="after", items_field=("data",), more_field=("has_more",))
    assert paged({"data": [{"id": "a"}, {"id": "b"}], "has_more": True}, paging=paging).next == {"after": "b"}
    assert paged({"data": [{"id": "a"}], "has_more": False}, paging=paging).next is None


def test_pages_by_number_end_with_an_empty_or_a_short_one() -> None:
    paging = Paging(kind="page", argument="page", size_argument="per_page")
    assert paged([1, 2], paging=paging).next == {"page": 2}
    assert paged([1, 2], {"page": 4, "per_page": 2}, paging=paging).next == {"page": 5, "per_page": 2}
    assert paged([1], {"page": 5, "per_page": 2}, paging=paging).next is None
    assert paged([], {"page": 6}, paging=paging).next is None


def test_an_offset_grows_by_what_came() -> None:
    paging = Paging(kind="offset", argument="page", items_field=("entries",))
    assert paged({"entries": [1, 2, 3]}, {"page": 10}, paging=paging).next == {"page": 13}
    assert paged({"entries": [1, 2, 3]}, paging=paging).next == {"page": 3}


def test_the_only_list_of_an_answer_holds_its_items() -> None:
    assert paged({"members": [1], "ok": True}).items == ("members",)
    assert paged({"a": [1], "b": [2]}).items is None
