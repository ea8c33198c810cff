"""Credentials of APIs: where they go, where they never go, and that nobody sees them."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import logging
import os
import re
import socket
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from openapi_upstream import CONTEXT, Recorded, api, document, operation, parameter, ready, reply, upstream

from toolscript import Runtime
from toolscript.connectors.openapi.auth import ApiKey, Basic, Bearer, OAuth2
from toolscript.connectors.openapi.client import HttpOptions
from toolscript.connectors.openapi.connector import openapi
from toolscript.connectors.openapi.guard import is_public
from toolscript.connectors.openapi.secrets import Secret, SecretMissing, Secrets, secret
from toolscript.errors import ConfigError, ToolError
from toolscript.stores.memory import MemoryStore

SECRET = "sk_live/4f9c+82b1=e7"  # with characters that URLs escape
PATHS = {"/a": {"get": operation("read", parameter("q"), parameter("X-Key", "header"), parameter("key", "query"))}}
SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "Token"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"r": ""}}}},
}
PAIR = f"ann:{SECRET}"
ENV = {"TOKEN": SECRET, "USER": "ann", "PAIR": PAIR}


def secured(*alternatives: Mapping[str, Any]) -> dict[str, Any]:
    """A document with all schemes, that asks for these."""
    paths = {"/a": {"get": operation("read", security=list(alternatives)), "post": operation("write")}}
    return document(paths, components={"securitySchemes": SCHEMES})


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


async def seen(doc: dict[str, Any], auth: Any, environment: Mapping[str, str] = ENV) -> Recorded:
    """The request of one call with these credentials."""
    async with upstream() as up:
        connector = openapi("api", doc, base_url=up.url, auth=auth, environment=environment)
        async with ready(connector) as tools:
            await connector.call(tools["read"], {}, CONTEXT)
        return up.last


# --- where they go


@pytest.mark.parametrize(
    ("scheme", "reference", "found"),
    [
        ("bearer", "env:TOKEN", ("authorization", f"Bearer {SECRET}")),
        ("basic", "env:PAIR", ("authorization", basic(f"ann:{SECRET}"))),
        ("basic", "env:TOKEN", ("authorization", basic(f"{SECRET}:"))),
        ("digest", "env:TOKEN", ("authorization", f"Token {SECRET}")),
        ("header", "env:TOKEN", ("x-key", SECRET)),
        ("query", "env:TOKEN", ("target", "/a?key=sk_live%2F4f9c%2B82b1%3De7")),
        ("cookie", "env:TOKEN", ("cookie", "sid=sk_live%2F4f9c%2B82b1%3De7")),
    ],
)
async def test_one_secret_goes_where_the_document_wants_it(scheme: str, reference: str, found: tuple[str, str]) -> None:
    request = await seen(secured({scheme: []}), reference)
    where, text = found
    assert (request.target if where == "target" else request.header(where)) == text


@pytest.mark.parametrize(
    ("auth", "found"),
    [
        (Bearer("env:TOKEN", prefix="Bot"), ("authorization", f"Bot {SECRET}")),
        (Bearer("env:TOKEN", prefix=""), ("authorization", SECRET)),
        (Basic("env:USER", "env:TOKEN"), ("authorization", basic(f"ann:{SECRET}"))),
        (ApiKey("env:TOKEN", "X-Other"), ("x-other", SECRET)),
        (ApiKey("env:TOKEN", "sid", "cookie"), ("cookie", "sid=sk_live%2F4f9c%2B82b1%3De7")),
    ],
)
async def test_credentials_can_say_themselves_where_they_go(auth: Any, found: tuple[str, str]) -> None:
    assert (await seen(document(PATHS), auth)).header(found[0]) == found[1]


async def test_without_a_word_in_the_document_a_secret_is_a_bearer_token() -> None:
    assert (await seen(document(PATHS), "env:TOKEN")).header("authorization") == f"Bearer {SECRET}"


async def test_two_schemes_that_are_needed_together_get_a_secret_each() -> None:
    both = {"header": "env:TOKEN", "query": "env:USER"}
    request = await seen(secured({"bearer": []}, {"header": [], "query": []}), both)
    assert (request.header("x-key"), request.target, request.header("authorization")) == (SECRET, "/a?key=ann", None)


async def test_a_program_cannot_put_anything_in_the_place_of_a_credential() -> None:
    async with upstream() as up, api(up, PATHS, auth=ApiKey("env:TOKEN", "x-key"), environment=ENV) as call:
        await call("read", **{"X-Key": "mine"})
        assert [value for name, value in up.last.headers if name == "x-key"] == [SECRET]
    async with upstream() as up, api(up, PATHS, auth=ApiKey("env:TOKEN", "key", "query"), environment=ENV) as call:
        await call("read", key="mine")
        assert up.last.target == "/a?key=sk_live%2F4f9c%2B82b1%3De7"


async def test_a_server_cookie_is_forgotten() -> None:
    async with upstream(lambda request: reply(200, {}, {"Set-Cookie": "sid=stolen"})) as up, api(up, PATHS) as call:
        await call("read")
        await call("read")
        assert up.last.header("cookie") is None


# --- references


async def test_secrets_are_read_where_their_references_point(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f" {SECRET}\n")
    secrets = Secrets({"A": "one"})
    assert await secrets.reveal(secret("env:A")) == "one"
    assert await secrets.reveal(secret(f"file:{file}")) == SECRET
    assert await secrets.reveal(secret(f'cmd:{sys.executable} -c "print(40 + 2)"')) == "42"
    file.write_text("new")
    assert await secrets.reveal(secret(f"file:{file}")) == "new"


async def test_what_a_command_gave_is_kept_until_it_is_refused(tmp_path: Path) -> None:
    count = tmp_path / "count"
    program = f"import pathlib; p = pathlib.Path({str(count)!r}); p.open('a').write('x'); print(len(p.read_text()))"
    one = Secret("cmd", f'{sys.executable} -c "{program}"')
    secrets = Secrets({})
    assert [await secrets.reveal(one), await secrets.reveal(one)] == ["1", "1"]
    secrets.forget()
    assert await secrets.reveal(one) == "2"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NONE", "env:NONE holds no secret"),
        ("env:LINES", "line breaks"),
        ("file:/no/such/file", "No such file"),
        ("cmd:/no/such/command", "cannot be run"),
        (f'cmd:{sys.executable} -c "import sys; sys.exit(3)"', "exit code 3"),
        ("cmd:'", "cannot be run"),
    ],
)
async def test_a_secret_that_cannot_be_read_says_why_to_the_operator(reference: str, words: str) -> None:
    with pytest.raises(SecretMissing, match=words):
        await Secrets({"LINES": "a\nb"}).reveal(secret(reference))


async def test_a_keyring_is_asked_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    class KeyringError(Exception):
        pass

    def get_password(service: str, user: str) -> str | None:
        if service == "locked":
            raise KeyringError(SECRET)
        return SECRET if (service, user) == ("https://api.test", "ann") else None

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    monkeypatch.setitem(sys.modules, "keyring.errors", SimpleNamespace(KeyringError=KeyringError))
    secrets = Secrets({})
    assert await secrets.reveal(secret("keyring:https://api.test/ann")) == SECRET
    with pytest.raises(SecretMissing, match="holds no secret"):
        await secrets.reveal(secret("keyring:other/ann"))
    with pytest.raises(SecretMissing, match=r"cannot be read: KeyringError\.$"):
        await secrets.reveal(secret("keyring:locked/ann"))


@pytest.mark.parametrize("text", ["sk_secret", "", "env:", "vault:x", "keyring:no-user", "ENV:A"])
def test_what_is_no_reference_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secret(text)
    assert "sk_secret" not in str(caught.value)


async def test_a_missing_secret_is_told_to_the_operator_and_not_to_the_program() -> None:
    async with upstream() as up:
        environment: dict[str, str] = {}
        connector = openapi("api", document(PATHS), base_url=up.url, auth="env:MY_TOKEN", environment=environment)
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match="its credentials cannot be had on the host") as caught:
                await connector.call(tools["read"], {}, CONTEXT)
            assert "MY_TOKEN" not in str(caught.value)
            assert "env:MY_TOKEN holds no secret" in " ".join(connector.listing().problems)
            assert up.requests == []
            environment["MY_TOKEN"] = "now"
            await connector.call(tools["read"], {}, CONTEXT)
            assert connector.listing().problems == ()


# --- tokens


class Authority:
    """An API that gives tokens, and takes only the last one."""

    def __init__(self, **more: Any) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.more = more
        self.is_revoked = False

    def __call__(self, request: Recorded) -> bytes:
        if request.target == "/token":
            self.is_revoked = False
            self.forms.append(parse_qs(request.body.decode()) | {"auth": [request.header("authorization") or ""]})
            number = len(self.forms)
            return reply(200, {"access_token": f"token-{number}", "expires_in": 3600} | self.more)
        if self.is_revoked or request.header("authorization") != f"Bearer token-{len(self.forms)}":
            return reply(401, {"message": "who?"})
        return reply(200, {"ok": 1})


CLIENT = OAuth2(client_id="env:USER", client_secret="env:TOKEN", scopes=("r", "w"))


async def test_a_token_is_fetched_once_with_the_clients_credentials_and_again_when_it_is_refused() -> None:
    authority = Authority()
    async with upstream(authority) as up:
        connector = openapi("api", secured({"oauth": ["r"]}), base_url=up.url, auth=CLIENT, environment=ENV)
        async with ready(connector) as tools:
            calls = [connector.call(tools["read"], {}, CONTEXT) for _ in range(5)]
            assert await asyncio.gather(*calls) == [{"ok": 1}] * 5
            expected = {"grant_type": ["client_credentials"], "scope": ["r w"], "auth": [basic(f"ann:{SECRET}")]}
            assert authority.forms == [expected]
            authority.is_revoked = True
            assert await connector.call(tools["write"], {}, CONTEXT) == {"ok": 1}
            assert len(authority.forms) == 2


async def test_an_api_that_refuses_every_token_is_asked_twice() -> None:
    def replies(request: Recorded) -> bytes:
        return reply(200, {"access_token": "t"}) if request.target == "/token" else reply(401, {"message": "no"})

    async with upstream(replies) as up:
        connector = openapi("api", secured({"oauth": []}), base_url=up.url, auth=CLIENT, environment=ENV)
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match="status 401"):
                await connector.call(tools["read"], {}, CONTEXT)
    assert [request.target for request in up.requests] == ["/token", "/a", "/token", "/a"]


async def test_a_token_is_fetched_anew_before_it_ends() -> None:
    clock = 0.0
    authority = Authority()
    async with upstream(authority) as up:
        connector = openapi(
            "api", secured({"oauth": []}), base_url=up.url, auth=CLIENT, environment=ENV, clock=lambda: clock
        )
        async with ready(connector) as tools:
            for clock in (0.0, 3_500.0, 3_580.0):  # noqa: B007 - the connector reads it
                await connector.call(tools["read"], {}, CONTEXT)
    assert len(authority.forms) == 2


async def test_a_refresh_token_that_was_replaced_is_written_back_to_its_file(tmp_path: Path) -> None:
    file = tmp_path / "refresh"
    file.write_text("r-1")
    authority = Authority(refresh_token="r-2")
    auth = OAuth2(client_id="env:USER", refresh_token=f"file:{file}", token_url="/token", client_in="body")
    async with upstream(authority) as up:
        connector = openapi("api", secured({"oauth": []}), base_url=up.url, auth=auth, environment=ENV)
        async with ready(connector) as tools:
            await connector.call(tools["read"], {}, CONTEXT)
    expected = {"grant_type": ["refresh_token"], "refresh_token": ["r-1"], "client_id": ["ann"], "auth": [""]}
    assert authority.forms == [expected]
    assert file.read_text() == "r-2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["refresh"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(400, {"error": "invalid_client"}), r"status 400 \(invalid_client\)"),
        (reply(200, {"token": "x"}), "without an access token"),
        (reply(200, "no json"), "without an access token"),
        (reply(303, b"", {"Location": "/elsewhere"}), "status 303"),
    ],
)
async def test_a_token_that_is_not_given_is_the_operators_business(answer: bytes, words: str) -> None:
    async with upstream(lambda request: answer) as up:
        connector = openapi("api", secured({"oauth": []}), base_url=up.url, auth=CLIENT, environment=ENV)
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match="its credentials cannot be had"):
                await connector.call(tools["read"], {}, CONTEXT)
            problems = " ".join(connector.listing().problems)
    assert len(up.requests) == 1
    assert re.search(words, problems), problems
    assert SECRET not in problems


async def test_a_client_secret_goes_to_no_address_without_tls() -> None:
    auth = OAuth2(client_id="env:USER", client_secret="env:TOKEN", token_url="http://tokens.test/token")
    async with upstream() as up:
        connector = openapi("api", document(PATHS), base_url=up.url, auth=auth, environment=ENV)
        async with ready(connector) as tools:
            with pytest.raises(ToolError):
                await connector.call(tools["read"], {}, CONTEXT)
            assert "not https, so no credentials are sent there" in " ".join(connector.listing().problems)


async def test_refused_credentials_are_a_problem_for_the_operator() -> None:
    async with upstream(lambda request: reply(401, {"message": "bad"})) as up:
        connector = openapi("api", document(PATHS), base_url=up.url, auth="env:TOKEN", environment=ENV)
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match="status 401"):
                await connector.call(tools["read"], {}, CONTEXT)
            assert "the credentials that are configured were refused" in " ".join(connector.listing().problems)
        bare = openapi("api", document(PATHS), base_url=up.url)
        async with ready(bare) as tools:
            with pytest.raises(ToolError, match="status 401"):
                await bare.call(tools["read"], {}, CONTEXT)
            assert "set `auth`" in " ".join(bare.listing().problems)


# --- where they never go


AUTHS = ("env:TOKEN", Basic("env:USER", "env:TOKEN"), ApiKey("env:TOKEN", "X-K"), ApiKey("env:TOKEN", "k", "query"))


@pytest.mark.parametrize("auth", [*AUTHS, ApiKey("env:TOKEN", "k", "cookie")])
async def test_another_origin_gets_no_credentials(auth: Any) -> None:
    async with upstream() as other, upstream(lambda request: reply(302, b"", {"Location": f"{other.url}/b"})) as up:
        everywhere = HttpOptions(allow_private=True)
        async with api(up, PATHS, auth=auth, environment=ENV, http=everywhere) as call:
            assert await call("read") == {"ok": True}
        assert (other.last.target, len(other.requests)) == ("/b", 1)
        assert {name for name, _ in other.last.headers} == {"host", "accept", "user-agent", "accept-encoding"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0", "0x7f.1"])
async def test_a_document_cannot_lead_to_a_private_address(host: str) -> None:
    async with upstream() as other:
        servers = [{"url": f"http://{host}:{other.port}"}]
        connector = openapi("api", document(PATHS, servers=servers), pause=no_pause)
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match=r"private address|cannot be reached"):
                await connector.call(tools["read"], {}, CONTEXT)
        assert (other.requests, other.connections) == ([], 0)


async def test_a_redirect_cannot_lead_to_a_private_address() -> None:
    async with upstream() as other:
        moved = reply(302, b"", {"Location": f"http://localhost:{other.port}/"})
        async with upstream(lambda request: moved) as up, api(up, PATHS) as call:
            with pytest.raises(ToolError, match=r"was not sent\. The host localhost has a private address"):
                await call("read")
        assert other.connections == 0


async def test_a_name_that_leads_to_a_private_address_is_refused_after_it_was_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async with upstream() as up:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        connector = openapi("api", document(PATHS), base_url=f"http://rebound.test:{up.port}")
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match=r"rebound\.test has a private address"):
                await connector.call(tools["read"], {}, CONTEXT)
        assert asked == ["rebound.test"]
        allowed = openapi(
            "api",
            document(PATHS),
            base_url=f"http://rebound.test:{up.port}",
            http=HttpOptions(allow_private=("rebound.test",)),
        )
        async with ready(allowed) as tools:
            assert await allowed.call(tools["read"], {}, CONTEXT) == {"ok": True}
        assert len(up.requests) == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("10.0.0.1", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("127.0.0.1", False),
        ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1", False), ("fd00::1", False),
        ("::ffff:10.0.0.1", False), ("::ffff:8.8.8.8", True), ("64:ff9b::a00:1", False), ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False), ("198.18.0.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


# --- who sees them


async def test_nobody_sees_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "httpcore2")  # which at DEBUG logs the headers of answers, whatever they hold

    def replies(request: Recorded) -> bytes:
        echo = dict(request.headers) | {"target": request.target, "text": f"x{SECRET}y"}
        if "fail" in request.target:
            return reply(418, {"message": f"no, {SECRET}", "seen": echo}, {"X-Request-Id": SECRET})
        if "text" in request.target:
            return reply(200, json.dumps(echo), {"Content-Type": "text/plain"})
        if "bytes" in request.target:
            return reply(200, json.dumps(echo).encode(), {"Content-Type": "image/png"})
        if "page" in request.target:
            return reply(200, f"<title>{SECRET}</title>", {"Content-Type": "text/html"})
        if "link" in request.target:
            return reply(200, [1], {"Link": f'</a?q=link{quote(SECRET)}>; rel="next"'})
        return reply(200, echo)

    code = """
        const seen = []
        for (const q of ["json", "text", "bytes", "link", "fail", "page"]) {
            try { seen.push(await api.read({ q })) } catch (error) { seen.push(error.message, error.content ?? null) }
            console.log(seen.at(-1))
        }
        const next = await codemode.next_page({ path: "api.read", args: { q: "link" } })
        const bytes = await seen[2].text()
        return [seen, next, bytes]
    """
    for auth in AUTHS:
        store = MemoryStore()
        async with upstream(replies) as up:
            connector = openapi("api", document(PATHS), base_url=up.url, auth=auth, environment=ENV)
            async with Runtime([connector], store=store) as runtime:
                await runtime.ready()
                result = await runtime.run(code)
                log = await store.read(result.run)
            assert (len(up.requests), result.status) == (6, "completed")
            visible = "\n".join(map(repr, (result, log, connector.listing(), connector, vars(connector))))
            visible += caplog.text + "".join(map(repr, store_blobs(store)))
        for form in (SECRET, "sk_live", "4f9c+82b1", base64.b64encode(PAIR.encode()).decode()):
            assert form not in visible
        assert "[redacted]" in visible


def store_blobs(store: MemoryStore) -> list[tuple[bytes, str]]:
    return [held[:2] for held in store._blobs.values()]  # there is no list of blobs, and here all are looked at


async def no_pause(seconds: float) -> None:
    """Take no time."""
