"""The connector of an API as a plug: its document, its states, files and blobs, pages, keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from openapi_upstream import CONTEXT, Recorded, api, document, operation, parameter, ready, reply, upstream

from toolscript import Runtime
from toolscript.codec import Blob, decode
from toolscript.connectors.openapi.client import HttpOptions
from toolscript.connectors.openapi.connector import OpenApiConnector, openapi
from toolscript.connectors.wrap import wrap
from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector
from toolscript.runs.turn import Finished
from toolscript.testing.connector_suite import ConnectorSuite
from toolscript.tools import CallContext, Page, Tool, ToolPath

BODY = {"content": {"application/json": {"schema": {"type": "object", "properties": {"value": True}}}}}
PATHS = {
    "/echo": {"post": operation("echo", requestBody=BODY)},
    "/fail": {"get": operation("fail")},
    "/never": {"get": operation("never")},
    "/started": {"get": operation("started")},
    "/cancelled": {"get": operation("cancelled")},
}


class TestSuite(ConnectorSuite):
    @pytest.fixture
    async def connector(self) -> AsyncIterator[Connector]:
        async def never() -> bytes:
            await asyncio.Event().wait()
            return b""

        def replies(request: Recorded) -> Any:
            match request.target:
                case "/echo":
                    value = json.dumps(json.loads(request.body)["value"])
                    return reply(200, value, {"Content-Type": "application/json"})
                case "/fail":
                    return reply(404, {"message": "no such thing"})
                case "/never":
                    seen.append("never")
                    return never()
                case "/started":
                    return reply(200, "yes" if seen else "", {"Content-Type": "text/plain"})
                case _:
                    return reply(200, "yes" if up.lost.is_set() else "", {"Content-Type": "text/plain"})

        seen: list[str] = []
        async with upstream(replies) as up:
            yield openapi("up", document(PATHS), base_url=up.url)


# --- the document


async def state_of(connector: OpenApiConnector) -> tuple[str, str]:
    async with ready(connector):
        listing = connector.listing()
        return listing.state, " ".join(listing.problems)


async def test_a_document_is_read_from_a_file_with_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    $ref: 'paths/a.yaml'\n"
    )
    (tmp_path / "paths").mkdir()
    (tmp_path / "paths" / "a.yaml").write_text("get: {operationId: get_a, responses: {'200': {description: ''}}}\n")
    async with ready(openapi("api", str(tmp_path / "api.yaml"), base_url="https://api.test")) as tools:
        assert [str(tool.path) for tool in tools.values()] == ["api.get_a"]


async def test_a_reference_through_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("get: {operationId: stolen, responses: {}}\n")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "api" / "api.yaml").write_text("openapi: 3.0.0\npaths:\n  /a:\n    $ref: link.yaml\n")
    connector = openapi("api", tmp_path / "api" / "api.yaml", base_url="https://api.test")
    async with ready(connector) as tools:
        assert "stolen" not in str(tools)
        assert "outside of the document's own folder" in " ".join(connector.listing().problems)


async def test_a_document_is_fetched_with_its_parts_and_its_own_address_is_where_the_api_is() -> None:
    parts = {
        "/v1/openapi.json": document({"/a": {"$ref": "a.json"}}, servers=[{"url": "/api"}]),
        "/v1/a.json": {"get": operation("get_a")},
    }
    async with upstream(lambda request: reply(200, parts.get(request.target, {"was": request.target}))) as up:
        connector = openapi("api", f"{up.url}/v1/openapi.json")
        async with ready(connector) as tools:
            assert await connector.call(tools["get_a"], {}, CONTEXT) == {"was": "/api/a"}
        assert [request.target for request in up.requests] == ["/v1/openapi.json", "/v1/a.json", "/api/a"]


async def test_a_document_that_is_not_there_yet_is_asked_for_again() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def replies(request: Recorded) -> bytes:
        return reply(503) if len(up.requests) < 3 else reply(200, document({"/a": {"get": operation("get_a")}}))

    async with upstream(replies) as up:
        connector = openapi("api", f"{up.url}/openapi.json", pause=pause, jitter=lambda: 1.0)
        moved = asyncio.Event()
        await connector.open(moved.set)
        async with asyncio.timeout(10):
            while connector.listing().state != "ready":
                moved.clear()
                await moved.wait()
        assert pauses == [1.0, 2.0]
        assert connector.listing().problems == ()
        await connector.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [("just words", "cannot be read"), ('{"a": 1}', "no OpenAPI document"), ("{", "cannot be read")],
)
async def test_a_document_that_is_none_leaves_the_api_unreachable_and_says_why(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "api.yaml").write_text(text)
    state, problems = await state_of(openapi("api", tmp_path / "api.yaml"))
    assert state == "unreachable"
    assert words in problems


async def test_flaws_of_one_kind_are_told_in_one_line_with_the_first_place() -> None:
    flawed = operation("get_a", *(parameter(f"p{n}", schema={"enum": []}) for n in range(100)))
    state, problems = await state_of(openapi("api", document({"/a": {"get": flawed}}), base_url="https://api.test"))
    assert state == "ready"
    assert problems.splitlines() == [
        "an empty `enum` allows nothing; it is ignored (100 times, first at GET /a parameters/99/schema)"
    ]


async def test_a_document_with_many_kinds_of_flaws_tells_the_first_and_how_many_there_are() -> None:
    flawed = operation("get_a", *(parameter(f"p{n}", schema={"$ref": f"#/none/{n}"}) for n in range(100)))
    state, problems = await state_of(openapi("api", document({"/a": {"get": flawed}}), base_url="https://api.test"))
    assert state == "ready"
    assert problems.count("points at nothing") == 20
    assert "80 more things are odd about its document" in problems


async def test_a_missing_file_is_said_at_once(tmp_path: Path) -> None:
    state, problems = await state_of(openapi("api", tmp_path / "none.yaml"))
    assert (state, "No such file" in problems) == ("unreachable", True)


async def test_a_call_of_an_api_that_is_not_there_says_so(tmp_path: Path) -> None:
    connector = openapi("api", tmp_path / "none.yaml")
    async with ready(connector):
        gone = Tool(path=ToolPath("api", "get_a"), raw_name="get_a", description="", input_schema=True)
        with pytest.raises(ToolError, match="cannot be reached now") as caught:
            await connector.call(gone, {}, CONTEXT)
        assert caught.value.failure.code == "unreachable"


async def test_an_api_without_an_address_is_a_problem_and_an_error_that_names_the_setting() -> None:
    connector = openapi("api", document({"/a": {"get": operation("get_a")}}, servers=[{"url": "https://{host}/v1"}]))
    async with ready(connector) as tools:
        assert "set `base_url`, or `server_variables`" in " ".join(connector.listing().problems)
        with pytest.raises(ToolError, match="must set `base_url`"):
            await connector.call(tools["get_a"], {}, CONTEXT)


async def test_variables_of_servers_are_filled_in() -> None:
    async with upstream() as up:
        port = up.url.rpartition(":")[2]
        defaults = {"host": "127.0.0.1", "port": "1", "v": "v1"}
        variables = {name: {"default": default} for name, default in defaults.items()}
        servers = [{"url": "http://{host}:{port}/{v}", "variables": variables}]
        connector = openapi(
            "api",
            document({"/a": {"get": operation("get_a")}}, servers=servers),
            server_variables={"port": port},
            http=HttpOptions(allow_private=("127.0.0.1",)),
        )
        async with ready(connector) as tools:
            await connector.call(tools["get_a"], {}, CONTEXT)
        assert up.last.target == "/v1/a"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"namespace": "no-good"}, "'no_good' would do"),
        ({"auth": "ghp_verysecret"}, "a secret is given by reference"),
        ({"auth": {"x": "sk_verysecret"}}, "a secret is given by reference"),
        ({"include": "get_*"}, "include is a list of patterns"),
        ({"base_url": "ftp://x"}, "base_url: an address begins with https"),
        ({"base_url": "https://user:pw@x"}, "no user and no password"),
    ],
)
def test_what_cannot_be_is_said_at_construction_and_a_secret_is_not_repeated(
    options: dict[str, Any], words: str
) -> None:
    named = {"namespace": "api", "spec": document({})} | options
    with pytest.raises(ConfigError) as caught:
        openapi(**named)
    assert words in str(caught.value)
    assert "verysecret" not in str(caught.value)
    assert "pw" not in str(caught.value).replace("password", "")


async def test_only_the_operations_that_are_wanted_become_tools_as_they_are_wanted() -> None:
    paths = {
        "/a": {"get": operation("get_a", tags=["x"]), "post": operation("find_a")},
        "/b": {"get": operation("get_b"), "delete": operation("drop_b")},
    }
    connector = openapi(
        "api",
        document(paths),
        base_url="https://api.test",
        include=["get_*", "* /a", "gett_*"],
        exclude=["get_b"],
        rename={"find_a": "search"},
        effects={"find_a": "read"},
    )
    async with ready(connector) as tools:
        shown = {str(tool.path): tool.effect for tool in tools.values()}
        assert shown == {"api.get_a": "read", "api.search": "read"}
        assert "gett_* fits no operation" in " ".join(connector.listing().problems)


# --- bytes

PHOTO = {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}, "note": {"type": "string"}}}
UPLOADS = {
    "/photos": {"post": operation("upload", requestBody={"content": {"multipart/form-data": {"schema": PHOTO}}})},
    "/raw": {"put": operation("put_raw", requestBody={"required": True, "content": {"application/octet-stream": {}}})},
    "/photo": {"get": operation("photo", responses={"200": {"description": "", "content": {"image/png": {}}}})},
}


async def test_a_picture_goes_from_one_call_to_another_as_a_blob() -> None:
    png = b"\x89PNG" + bytes(range(256)) * 4

    def replies(request: Recorded) -> bytes:
        return reply(200, png, {"Content-Type": "image/png"}) if request.method == "GET" else reply(200, {"ok": True})

    code = """
        const photo = await api.photo()
        await api.upload({ photo, note: "a b" })
        await api.put_raw({ body: photo })
        return photo
    """
    async with upstream(replies) as up, Runtime([openapi("api", document(UPLOADS), base_url=up.url)]) as runtime:
        await runtime.ready()
        result = await runtime.run(code)
    assert isinstance(result.outcome, Finished), result
    blob = decode(result.outcome.value)
    assert isinstance(blob, Blob)
    assert (blob.media_type, blob.size) == ("image/png", len(png))
    form, raw = up.requests[1], up.requests[2]
    assert b'name="photo"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n' + png in form.body
    assert b'name="note"\r\n\r\na b' in form.body
    assert raw.body == png
    assert raw.header("content-type") == "application/octet-stream"


async def test_a_file_of_the_opened_folder_is_sent_and_none_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "cat.png").write_bytes(b"PNG")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    async with upstream() as up, api(up, UPLOADS, files=str(folder)) as call:
        await call("upload", photo="file:cat.png", note="file:cat.png")
        assert b'filename="photo.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n' in up.last.body
        assert b'name="note"\r\n\r\nfile:cat.png' in up.last.body  # which is no file by the document
        await call("put_raw", body="file:cat.png")
        assert up.last.body == b"PNG"
        for outside in ("../secret.txt", "link.txt", str(tmp_path / "secret.txt"), "none.png", "."):
            with pytest.raises(ToolError, match="`photo` names no file that may be sent"):
                await call("upload", photo=f"file:{outside}")
        assert len(up.requests) == 2


async def test_without_a_folder_no_text_is_a_file() -> None:
    async with upstream() as up, api(up, UPLOADS) as call:
        await call("put_raw", body="file:/etc/hostname")
        assert up.last.body == b"file:/etc/hostname"


# --- pages

ISSUES = {
    "/issues": {
        "get": operation("issues", parameter("page", schema={"type": "integer"}), parameter("state")),
    },
    "/one": {"get": operation("one")},
}


def pages_of(request: Recorded) -> bytes:
    if request.target == "/one":
        return reply(200, {"id": 1})
    page = int(parse_qs(urlsplit(request.target).query).get("page", ["1"])[0])
    link = f'<https://elsewhere.test/issues?page={page + 1}&state=open>; rel="next"'
    return reply(200, [{"id": page * 10 + n} for n in (1, 2)], {"Link": link} if page < 3 else {})


PAGES = """
    const ids = []
    for (let args = { state: "open" }; args; ) {
        const page = await api.issues(args)
        const { known, next, items } = await codemode.next_page({ path: "api.issues", args })
        if (!known || items.length) throw new Error("unknown page")
        for (const issue of page) ids.push(issue.id)
        args = next
    }
    return ids
"""


async def test_a_program_goes_from_page_to_page_by_ordinary_calls() -> None:
    async with upstream(pages_of) as up, Runtime([openapi("api", document(ISSUES), base_url=up.url)]) as runtime:
        await runtime.ready()
        result = await runtime.run(PAGES)
        assert result.outcome == Finished("[11,12,21,22,31,32]")  # type: ignore[arg-type]
        assert [call.path for call in result.calls] == ["api.issues", "codemode.next_page"] * 3
        assert up.last.target == "/issues?page=3&state=open"
        assert await runtime.replay(result.run) == result.outcome
        assert len(up.requests) == 3


async def test_pages_are_known_behind_a_wrapper_and_only_to_the_run_that_asked() -> None:
    async with upstream(pages_of) as up:
        inner = openapi("inner", document(ISSUES), base_url=up.url)
        connector = wrap(inner, namespace="outer", rename={"issues": "all"})
        async with ready(inner):
            (tool,) = [each for each in connector.listing().tools if each.path.method == "all"]
            await connector.call(tool, {"state": "open"}, CONTEXT)
            page = connector.page(tool, {"state": "open"}, CONTEXT.run)  # type: ignore[attr-defined]
            assert page == Page(next={"state": "open", "page": 2}, items=())
            assert connector.page(tool, {"state": "open"}, "another") is None  # type: ignore[attr-defined]
            assert connector.page(tool, {"state": "closed"}, CONTEXT.run) is None  # type: ignore[attr-defined]


async def test_a_tool_without_pages_has_one_and_a_tool_of_another_kind_says_what_to_do() -> None:
    code = """
        await api.one()
        const found = [await codemode.next_page({ path: "api.one", args: {} })]
        for (const path of ["codemode.show", "api.none"]) {
            try { await codemode.next_page({ path, args: {} }) } catch (error) { found.push(error.message) }
        }
        return [...found, await codemode.next_page({ path: "api.issues", args: {} })]
    """
    async with upstream(pages_of) as up, Runtime([openapi("api", document(ISSUES), base_url=up.url)]) as runtime:
        await runtime.ready()
        result = await runtime.run(code)
        assert isinstance(result.outcome, Finished), result
        one, other, none, unasked = decode(result.outcome.value)
        assert one == {"known": True, "next": None, "items": None}
        assert "does not say how the pages of its results follow each other: call it yourself" in other
        assert "there is no tool api.none" in none
        assert unasked == {"known": False, "next": None, "items": None}


# --- keys

ORDERS = {
    "/orders": {"post": operation("order", requestBody=BODY)},
    "/refunds": {"post": operation("refund", parameter("idempotency-key", "header"))},
    "/notes": {"post": operation("note"), "get": operation("notes")},
}


async def test_writes_that_honour_a_key_get_the_key_of_their_call() -> None:
    async with upstream() as up:
        connector = openapi("api", document(ORDERS), base_url=up.url, keyed=["ord*", "notes"])
        async with ready(connector) as tools:
            assert {id: tool.keyed for id, tool in tools.items()} == {
                "order": True,
                "refund": True,  # the document declares the header
                "note": False,
                "notes": False,  # a read needs none
            }
            for id in tools:
                await connector.call(tools[id], {}, CallContext(run="r9", seq=4))
            keys = [request.header("idempotency-key") for request in up.requests]
            assert keys == ["r9:4", "r9:4", None, None]
            await connector.call(tools["refund"], {"idempotency-key": "mine"}, CONTEXT)
            assert up.last.header("idempotency-key") == "mine"


async def test_a_key_goes_under_the_name_that_was_configured_also_through_a_wrapper() -> None:
    async with upstream() as up:
        inner = openapi("api", document(ORDERS), base_url=up.url, key_header="X-Request-Token")
        connector = wrap(inner, keyed=["order"])
        async with ready(inner):
            (tool,) = [each for each in connector.listing().tools if each.raw_name == "order"]
            await connector.call(tool, {}, CallContext(run="r9", seq=4))
        assert up.last.header("x-request-token") == "r9:4"
