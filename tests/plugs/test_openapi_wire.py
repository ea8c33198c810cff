"""How an API is reached: TLS, HTTP/2, proxies."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openapi_upstream import CONTEXT, Recorded, api, document, operation, parameter, ready, reply, upstream

from toolscript.connectors.openapi.client import ClientCertificate, HttpOptions, is_direct
from toolscript.connectors.openapi.connector import openapi
from toolscript.connectors.openapi.origins import Origin
from toolscript.errors import ToolError

trustme = pytest.importorskip("trustme", reason="trustme is not installed: it makes the certificates of these tests")

BODY = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": True}}}}}
PATHS = {"/a": {"get": operation("read", parameter("q")), "post": operation("write", requestBody=BODY)}}


class Authority:
    """An authority of our own, with the certificate of a server."""

    def __init__(self, folder: Path) -> None:
        self.own = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.own.cert_pem.write_to_path(self.file)
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.own.issue_cert("localhost").configure_cert(self.server)

    def options(self, **more: Any) -> HttpOptions:
        return HttpOptions(ca_file=self.file, **more)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def no_pause(seconds: float) -> None:
    """Take no time."""


async def test_a_certificate_of_ours_is_shown_to_a_server_that_wants_one(authority: Authority, tmp_path: Path) -> None:
    authority.own.configure_trust(authority.server)
    authority.server.verify_mode = ssl.CERT_REQUIRED
    authority.own.issue_cert("client@test").private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    own = ClientCertificate(cert=str(tmp_path / "own.pem"))
    async with upstream(tls=authority.server) as up:
        async with api(up, PATHS, http=authority.options(certificate=own)) as call:
            assert await call("read") == {"ok": True}
        async with api(up, PATHS, http=authority.options(), pause=no_pause) as call:
            with pytest.raises(ToolError):
                await call("read")
        missing = authority.options(certificate=ClientCertificate(cert="/no/such.pem"))
        async with api(up, PATHS, http=missing) as call:
            with pytest.raises(ToolError, match="certificates of this API cannot be read on the host") as caught:
                await call("read")
            assert "/no/such" not in str(caught.value)
        assert len(up.requests) == 1


async def test_a_server_that_nobody_vouches_for_gets_nothing(authority: Authority) -> None:
    async with upstream(tls=authority.server) as up, api(up, PATHS, pause=no_pause) as call:
        with pytest.raises(ToolError, match="its certificate is not trusted"):
            await call("read")
        assert up.requests == []


async def test_authorities_come_from_the_environment(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    async with upstream(tls=authority.server) as up, api(up, PATHS) as call:
        assert await call("read") == {"ok": True}


async def test_a_redirect_does_not_leave_tls(authority: Authority) -> None:
    async with upstream() as bare:
        moved = reply(302, b"", {"Location": f"http://localhost:{bare.port}/a"})
        options = authority.options(allow_private=True)
        async with upstream(lambda request: moved, tls=authority.server) as up, api(up, PATHS, http=options) as call:
            with pytest.raises(ToolError, match="redirects to another place, which was not followed"):
                await call("read")
        assert bare.requests == []


# --- HTTP/2


@asynccontextmanager
async def two(tls: ssl.SSLContext, seen: list[tuple[dict[str, str], bytes]]) -> AsyncGenerator[str]:
    """A server of HTTP/2 alone, which answers with what it was asked."""
    h2 = pytest.importorskip("h2.connection", reason="h2 is not installed")
    events = pytest.importorskip("h2.events")
    tls.set_alpn_protocols(["h2"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.H2Connection(h2.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        asked: dict[int, tuple[dict[str, str], bytes]] = {}
        writer.write(connection.data_to_send())
        try:
            while received := await reader.read(65_536):
                for event in connection.receive_data(received):
                    match event:
                        case events.RequestReceived():
                            asked[event.stream_id] = (dict(event.headers), b"")
                        case events.DataReceived():
                            headers, body = asked[event.stream_id]
                            asked[event.stream_id] = (headers, body + event.data)
                        case events.StreamEnded():
                            seen.append(asked[event.stream_id])
                            body = json.dumps({"path": asked[event.stream_id][0][":path"]}).encode()
                            named = [(":status", "200"), ("content-type", "application/json")]
                            connection.send_headers(event.stream_id, named)
                            connection.send_data(event.stream_id, body, end_stream=True)
                        case _:
                            continue
                writer.write(connection.data_to_send())
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_http_2_is_spoken_where_it_is_offered(authority: Authority) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []
    async with two(authority.server, seen) as url:
        connector = openapi(
            "api",
            document(PATHS),
            base_url=url,
            auth="env:TOKEN",
            environment={"TOKEN": "t"},
            http=authority.options(),
        )
        async with ready(connector) as tools:
            calls = [connector.call(tools["read"], {"q": str(n)}, CONTEXT) for n in range(5)]
            assert await asyncio.gather(*calls) == [{"path": f"/a?q={n}"} for n in range(5)]
            await connector.call(tools["write"], {"a": [1]}, CONTEXT)
    headers, body = seen[-1]
    assert (headers[":method"], headers["authorization"], body) == ("POST", "Bearer t", b'{"a":[1]}')
    assert headers["content-length"] == "9"


# --- proxies


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxies")
async def test_a_proxy_of_the_environment_is_the_way_out_and_not_the_way_to_places_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with upstream() as proxy, upstream() as direct:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://me:pw@"))
        for base in ("http://api.test/v1", direct.url):
            connector = openapi("api", document(PATHS), base_url=base)
            async with ready(connector) as tools:
                assert await connector.call(tools["read"], {"q": "x"}, CONTEXT) == {"ok": True}
        assert (proxy.last.target, proxy.last.header("host")) == ("http://api.test/v1/a?q=x", "api.test")
        assert proxy.last.header("proxy-authorization") == "Basic bWU6cHc="
        assert direct.last.target == "/a?q=x"
        assert direct.last.header("proxy-authorization") is None


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("", False),
        ("*", True),
        ("api.corp.test", True),
        (".corp.test", True),
        ("a.test, corp.test", True),
        ("orp.test", False),
        ("x.api.corp.test", False),
        ("API.CORP.TEST:8443", True),
        ("api.corp.test:443", False),
    ],
)
def test_no_proxy_names_hosts_their_domains_and_ports(no_proxy: str, direct: bool) -> None:
    assert is_direct(Origin("https", "api.corp.test", 8443), no_proxy) is direct


@pytest.mark.usefixtures("no_proxies")
async def test_a_proxy_is_no_way_to_private_addresses() -> None:
    async with upstream() as proxy:
        for host in ("127.0.0.1", "localhost", "10.0.0.1", "[::1]"):
            servers = [{"url": f"http://{host}:9"}]
            options = HttpOptions(proxy=proxy.url)
            connector = openapi("api", document(PATHS, servers=servers), http=options)
            async with ready(connector) as tools:
                with pytest.raises(ToolError, match="has a private address"):
                    await connector.call(tools["read"], {}, CONTEXT)
        assert proxy.requests == []


@pytest.mark.usefixtures("no_proxies")
async def test_a_proxy_that_refuses_a_tunnel_is_told() -> None:
    def replies(request: Recorded) -> bytes:
        return reply(407)

    async with upstream(replies) as proxy:
        connector = openapi(
            "api",
            document(PATHS),
            base_url="https://api.test",
            http=HttpOptions(proxy=proxy.url),
            pause=no_pause,
        )
        async with ready(connector) as tools:
            with pytest.raises(ToolError, match="The proxy refused the connection"):
                await connector.call(tools["read"], {}, CONTEXT)
        assert (proxy.last.method, proxy.last.target) == ("CONNECT", "api.test:443")
