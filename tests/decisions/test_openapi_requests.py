"""What a call of an operation is on the wire, over the cases of `tests/cases/openapi_requests.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.codec import decode
from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.request import Request, built
from toolscript.errors import ToolError
from toolscript.tools import Media

CASES = json.loads((Path(__file__).parent.parent / "cases" / "openapi_requests.json").read_text("utf-8"))["cases"]


def operation_of(case: Mapping[str, Any]) -> Operation:
    node = {"operationId": "op", "responses": {"200": {"description": "", "content": {"application/json": {}}}}}
    node |= {key: case[key] for key in ("parameters", "requestBody") if key in case}
    document = {
        **({"swagger": "2.0"} if case.get("swagger") else {"openapi": "3.1.0"}),
        "info": {"title": "", "version": ""},
        "paths": {case["path"]: {case["method"]: node}},
    }
    (operation,) = read_api(document).operations
    return operation


def request_of(case: Mapping[str, Any]) -> Request:
    args = decode(json.dumps(case["args"]))  # type: ignore[arg-type]
    return built(operation_of(case), args, "https://api.test/v1", "api.op")


def content(value: Any) -> bytes:
    held = decode(json.dumps(value))  # type: ignore[arg-type]
    return held if isinstance(held, bytes) else held.encode()


def parts(request: Request) -> list[tuple[str, bytes]]:
    boundary = re.search("boundary=(.*)", request.content_type or "")
    assert boundary is not None
    assert request.body is not None
    first, *pieces, last = request.body.split(b"--" + boundary[1].encode())
    assert (first, last) == (b"", b"--\r\n")
    cut = [piece.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n") for piece in pieces]
    return [(head.decode(), body) for head, _, body in cut]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_call_is_the_request_that_the_specification_says(case: Mapping[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(ToolError, match=re.escape(case["refused"])) as caught:
            request_of(case)
        assert caught.value.failure.code == "bad_arguments"
        assert "Nothing was sent" in str(caught.value)
        return
    request = request_of(case)
    assert request.method == case["method"].upper()
    assert request.url == f"https://api.test/v1{case['target']}"
    assert dict(request.headers[1:]) == case.get("headers", {})
    assert "; ".join(request.cookies) == case.get("cookie", "")
    match case.get("body"):
        case None:
            assert request.body is None
        case {"parts": expected}:
            assert parts(request) == [(head, content(body)) for head, body in expected]
        case expected:
            assert request.body == content(expected)
            assert request.content_type == case["content_type"]


def test_a_refusal_names_the_argument_where_the_wire_has_one_name_twice() -> None:
    case = {
        "path": "/x/{id}",
        "method": "get",
        "parameters": [
            {"name": "id", "in": "header", "schema": True},
            {"name": "id", "in": "path", "required": True, "schema": True},
        ],
        "args": {"id": "1", "id_header": "a\nb"},
    }
    with pytest.raises(ToolError, match=r"api\.op: `id_header` must not hold line breaks"):
        request_of(case)


@pytest.mark.parametrize(
    ("replies", "accepted"),
    [
        ({"200": {"content": {"application/json": {}}}}, "application/json, */*;q=0.8"),
        ({"200": {"content": {"text/csv": {}, "application/vnd.x+json": {}}}}, "application/vnd.x+json, */*;q=0.8"),
        ({"200": {"content": {"application/pdf": {}}}}, "application/pdf, */*;q=0.8"),
        ({"200": {"content": {"*/*": {}}}}, "application/json, */*;q=0.8"),
        ({"204": {}, "404": {"content": {"text/plain": {}}}}, "application/json, */*;q=0.8"),
    ],
)
def test_the_answer_is_asked_for_as_the_document_promises_it(replies: Any, accepted: str) -> None:
    node = {"operationId": "op", "responses": replies}
    (operation,) = read_api({"openapi": "3.1.0", "paths": {"/x": {"get": node}}}).operations
    assert dict(built(operation, {}, "https://api.test", "api.op").headers)["Accept"] == accepted


def test_a_file_is_sent_with_its_own_media_type_and_a_name_that_fits() -> None:
    schema = {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}}
    case = {"path": "/x", "method": "post", "requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}
    request = built(operation_of(case), {"photo": Media(b"PNG", "image/png")}, "https://api.test", "api.op")
    head = 'Content-Disposition: form-data; name="photo"; filename="photo.png"\r\nContent-Type: image/png'
    assert parts(request) == [(head, b"PNG")]


PATH = operation_of(
    {
        "path": "/a/{x}/b",
        "method": "get",
        "parameters": [
            {"name": "x", "in": "path", "required": True, "schema": True},
            {"name": "q", "in": "query", "schema": True},
            {"name": "X-H", "in": "header", "schema": True},
            {"name": "c", "in": "cookie", "schema": True},
        ],
    }
)
scalars = st.one_of(st.text(max_size=12), st.integers(), st.booleans(), st.none())
values = st.one_of(
    scalars,
    st.text(alphabet="./\\%\r\n\0#?&;=+ 2eEfF", max_size=8),
    st.lists(scalars, max_size=3),
    st.dictionaries(st.text(max_size=4), scalars, max_size=3),
)


@given(x=values, q=values, h=values, c=values)
def test_no_value_reaches_out_of_its_place(x: Any, q: Any, h: Any, c: Any) -> None:
    try:
        request = built(PATH, {"x": x, "q": q, "X-H": h, "c": c}, "https://api.test", "api.op")
    except ToolError as error:
        assert error.failure.code == "bad_arguments"  # noqa: PT017 - it may be refused, but for nothing else
        return
    segments = request.path.split("/")
    assert len(segments) == 4
    assert (segments[1], segments[3]) == ("a", "b")
    assert segments[2] not in ("", ".", "..")
    assert re.fullmatch(r"[\x21-\x7e]*", request.target)
    assert "#" not in request.target
    assert "?" not in request.path
    for _, value in request.headers:
        assert not re.search(r"[\r\n\0]", value)
    for text in request.cookies:
        assert re.fullmatch(r"[\x21-\x7e]*", text)
        assert ";" not in text
