"""APIs on the command line: linted, listed, called, asked about, undone and looked at by the doctor."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest
from cli_command import PATIENCE_S, ROOT, Project, project_in
from mcp import StdioServerParameters
from mcp.client import Client

DOCUMENTS = ROOT.parent / "shared" / "data" / "openapi"
TOKEN = "tok-hunter22"


@dataclass
class Shop:
    """A shop on loopback that wants a token, and what it was asked."""

    orders: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    url: str = ""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/openapi.json":
            return 200, DOCUMENT | {"servers": [{"url": "/v1"}]}
        self.asked.append((method, path))
        self.headers.append(headers)
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": f"who are you with {headers.get('authorization')}?"}
        match method, path.removeprefix("/v1").strip("/").split("/"):
            case "GET", ["orders"]:
                return 200, list(self.orders.values())
            case "POST", ["orders"]:
                order = {"id": len(self.orders) + 1, **json.loads(body)}
                self.orders[order["id"]] = order
                return 201, order
            case "DELETE", ["orders", number]:
                del self.orders[int(number)]
                return 204, None
            case _:
                return 404, {"message": "no such thing"}


_ORDER = {
    "type": "object",
    "properties": {"id": {"type": "integer", "readOnly": True}, "item": {"type": "string"}},
    "required": ["id", "item"],
}
_JSON = {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A shop", "version": "1"},
    "security": [{"token": []}],
    "components": {
        "schemas": {"Order": _ORDER},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "paths": {
        "/orders": {
            "get": {
                "operationId": "orders/list",
                "summary": "All orders",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                            }
                        },
                    }
                },
            },
            "post": {
                "operationId": "orders/create",
                "summary": "Order something",
                "requestBody": {"content": _JSON, "required": True},
                "responses": {"201": {"description": "", "content": _JSON}},
            },
        },
        "/orders/{id}": {
            "delete": {
                "operationId": "orders/delete",
                "summary": "Take an order back",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {"204": {"description": ""}},
            }
        },
    },
}


@pytest.fixture
def shop() -> Iterator[Shop]:
    kept = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            status, value = kept.answer(self.command, self.path, headers, body)
            content = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        kept.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def configured(project: Project, shop: Shop, more: str = "", auth: str = '"env:SHOP_TOKEN"') -> Project:
    project.write("shop.json", json.dumps(DOCUMENT))
    table = f'[openapi.shop]\nspec = "shop.json"\nbase_url = "{shop.url}/v1"\nauth = {auth}\n'
    project.write("toolscript.toml", table + more)
    return project


ENV = {"SHOP_TOKEN": TOKEN}


def test_the_operations_of_an_api_are_listed_found_and_described(project: Project, shop: Shop) -> None:
    configured(project, shop)
    listed = project.run("tools").out.splitlines()
    assert [line.split() for line in listed] == [
        ["shop.orders_create", "write", "Order", "something"],
        ["shop.orders_delete", "write", "Take", "an", "order", "back"],
        ["shop.orders_list", "read", "All", "orders"],
    ]
    assert "shop.orders_create(" in project.run("search", "order something").out
    told = project.run("describe", "shop.orders_create").out
    assert "POST /orders" in told
    assert "item: string" in told
    assert shop.asked == []


def test_a_program_calls_an_api_and_nobody_reads_the_token(project: Project, shop: Shop) -> None:
    configured(project, shop)
    code = 'await shop.orders_create({ item: "tea" }); return await shop.orders_list({})'
    ended = project.run("run", "--verbose", "-e", code, env=ENV)
    assert (ended.code, json.loads(ended.out)) == (0, [{"id": 1, "item": "tea"}])
    refused = project.run(
        "run", "--verbose", "-e", "return await shop.orders_list({})", env={"SHOP_TOKEN": "wrong-one"}
    )
    assert refused.code == 1
    assert "401" in refused.err
    shown = project.run("runs", "show", "last", "--json").out
    assert all(secret not in text for secret in (TOKEN, "wrong-one") for text in (ended.err, refused.err, shown))
    assert shop.headers[-1]["authorization"] == "Bearer wrong-one"


def test_an_api_is_called_by_its_address_alone(project: Project, shop: Shop) -> None:
    address = f"{shop.url}/openapi.json"
    ended = project.run("tools", "--openapi", f"shop={address}")
    assert (ended.code, len(ended.out.splitlines())) == (0, 3)
    ended = project.run("--openapi", f"shop={address}", "run", "-e", "return await shop.orders_list({})")
    assert ended.code == 1
    assert shop.asked == [("GET", "/v1/orders")]


async def test_a_client_of_the_server_finds_and_calls_an_api(project: Project, shop: Shop) -> None:
    command, *args = configured(project, shop).command("serve")
    server = StdioServerParameters(command=command, args=args, cwd=project.folder, env=project.environment(ENV))
    code = 'const { id } = await shop.orders_create({ item: "tea" }); return [id, ...(await shop.orders_list({}))]'
    with anyio.fail_after(PATIENCE_S):
        async with Client(server, read_timeout_seconds=PATIENCE_S) as client:
            found = await client.call_tool("search", {"query": "order something"})
            result = await client.call_tool("execute", {"code": code})
    assert "shop.orders_create" in str(found.content)
    assert not result.is_error, result.content
    assert '"tea"' in str(result.content)
    assert shop.orders == {1: {"id": 1, "item": "tea"}}


def test_rules_ask_about_operations_and_reverts_undo_them(project: Project, shop: Shop) -> None:
    more = """
[namespaces.shop]
reverts = { orders_create = "shop.orders_delete(id=result.id)" }
[[policy.rules]]
verdict = "ask"
tools = "shop.orders_create"
"""
    configured(project, shop, more)
    asked = project.run("run", "-e", 'return await shop.orders_create({ item: "tea" })', env=ENV)
    assert (asked.code, shop.asked) == (3, [])
    approved = project.run("runs", "approve", "last", env=ENV)
    assert (approved.code, json.loads(approved.out)) == (0, {"id": 1, "item": "tea"})
    undone = project.run("runs", "rollback", "last", env=ENV)
    assert (undone.code, shop.orders) == (0, {})
    assert shop.asked == [("POST", "/v1/orders"), ("DELETE", "/v1/orders/1")]


def test_a_keyed_write_carries_the_key_of_its_call(project: Project, shop: Shop) -> None:
    configured(project, shop, 'keyed = ["orders/create"]\n')
    ended = project.run("run", "-e", 'return (await shop.orders_create({ item: "tea" })).id', "--json", env=ENV)
    assert shop.headers[-1]["idempotency-key"] == f"{ended.json['run']}:1"


def test_doctor_looks_at_the_api_and_its_secrets_and_calls_nothing(project: Project, shop: Shop) -> None:
    configured(project, shop)
    ended = project.run("doctor", env=ENV)
    assert ended.code == 0
    assert "✓ shop: ready, 3 tools" in ended.out
    assert f"{shop.url}/v1 answers" in ended.out
    assert "credentials: env:SHOP_TOKEN is there" in ended.out
    assert f"openapi.shop = {project.folder / 'shop.json'}  (toolscript.toml:1)" in ended.out
    assert TOKEN not in ended.out + ended.err
    assert {method for method, _ in shop.asked} == {"HEAD"}
    assert "authorization" not in shop.headers[0]


def test_doctor_says_which_secret_is_missing_and_which_address_is_dead(project: Project, shop: Shop) -> None:
    auth = '{ token = { type = "basic", user = "env:SHOP_USER", password = "cmd:printf hunter22" } }'
    configured(project, shop, auth=auth)
    project.write("broken.json", "{}")
    more = '[openapi.gone]\nspec = "shop.json"\nbase_url = "http://127.0.0.1:9"\n[openapi.none]\nspec = "broken.json"\n'
    project.write("toolscript.toml", (project.folder / "toolscript.toml").read_text() + more)
    ended = project.run("doctor", "--json")
    assert (ended.code, ended.json["healthy"]) == (1, False)
    sources = {source["namespace"]: source for source in ended.json["sources"]}
    assert sources["shop"]["api"] == {
        "secrets": [
            {"what": "env:SHOP_USER", "problem": "env:SHOP_USER holds no secret."},
            {"what": "cmd:printf hunter22", "problem": None},
        ],
        "wanted": [],
        "addresses": [{"what": f"{shop.url}/v1", "problem": None}],
    }
    assert sources["gone"]["api"]["wanted"] == ["token"]
    assert sources["gone"]["api"]["addresses"][0]["problem"] == "Nothing answers at its address."
    assert (sources["none"]["state"], sources["none"]["api"]) == ("unreachable", None)
    assert "this is no OpenAPI document" in sources["none"]["problems"][0]
    text = project.run("doctor").out
    assert "✗ shop: ready, 3 tools" in text
    assert "credentials: env:SHOP_USER holds no secret." in text
    assert "✗ gone: ready, 3 tools" in text
    assert "http://127.0.0.1:9: Nothing answers at its address." in text
    assert "credentials: none are set (auth), and its document names token" in text
    assert "✗ none: unreachable" in text


def test_lint_tells_equal_findings_once_with_the_first_places(project: Project) -> None:
    paths = {f"/a{number}": {"get": {"operationId": f"get_{number}"}} for number in range(6)}
    project.write("api.json", json.dumps({"openapi": "3.1.0", "servers": [{"url": "https://a.test"}], "paths": paths}))
    ended = project.run("openapi", "lint", "api.json")
    assert ended.code == 0
    assert "! api.json: 6 operations, 0 errors, 12 warnings" in ended.out
    lines = ended.out.splitlines()
    at = lines.index("  warning  it has no words; method and path stand in for them (6 times)")
    assert [line.strip() for line in lines[at + 1 : at + 5]] == ["GET /a0", "GET /a1", "GET /a2", "3 more"]


def test_lint_fails_where_an_operation_is_lost_and_its_json_has_every_finding(project: Project, shop: Shop) -> None:
    lost = DOCUMENT | {"servers": [{"url": shop.url}], "paths": {**DOCUMENT["paths"], "/x": {"get": 3}}}
    project.write("lost.json", json.dumps(lost))
    ended = project.run("openapi", "lint", "lost.json", f"{shop.url}/openapi.json", "--json")
    assert ended.code == 1
    first, second = ended.json["documents"]
    assert (first["spec"], first["title"], first["operations"]) == ("lost.json", "A shop", 3)
    assert [(one["severity"], one["pointer"]) for one in first["findings"]] == [("error", "/paths/~1x/get")]
    assert (second["operations"], second["findings"]) == (3, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lint", "gone.yaml"], "The document gone.yaml cannot be read: No such file or directory."),
        (["lint", "notes.txt"], "no YAML either"),
        (["lint", "http://user:hunter22@a.test/x"], "an address holds no user and no password"),
    ],
)
def test_lint_of_what_is_no_document_fails_and_says_why(project: Project, words: list[str], said: str) -> None:
    project.write("notes.txt", "a: b: c")
    ended = project.run("openapi", *words)
    assert ended.code == 1
    assert said in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "say what is to be looked at"), (["lint"], "is not understood"), (["lnt", "x"], "toolscript openapi lint")],
)
def test_lint_without_a_document_is_a_usage_error(project: Project, words: list[str], said: str) -> None:
    ended = project.run("openapi", *words)
    assert ended.code == 2
    assert said in ended.err


def test_a_document_that_is_not_there_is_a_usage_error(project: Project) -> None:
    ended = project.run("tools", "--openapi", "gone.yaml")
    assert ended.code == 2
    assert "--openapi is 'gone.yaml'; it must be an OpenAPI document" in ended.err


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the published documents are not here")
def test_published_documents_are_linted_listed_and_searched(project: Project) -> None:
    figma, spotify = DOCUMENTS / "figma" / "openapi.yaml", DOCUMENTS / "spotify" / "spotify_oas.json"
    linted = project.run("openapi", "lint", str(figma), str(spotify), "--json")
    assert linted.code == 0
    assert [one["operations"] for one in linted.json["documents"]] == [47, 40]
    ended = project.run(
        "search", "comments on a file", "--openapi", str(figma), "--openapi", f"music={spotify}", "--json"
    )
    assert ended.json["hits"][0]["path"].startswith("figma.")
