"""Requests over the network: pooled connections, one guard on where they lead, redirects, caps, and words for failures.

1. A connection goes to public addresses only, looked at after the name was resolved and before anything is sent; other
   addresses must be allowed (`allow_private`), or be the very ones that the operator wrote down.
2. Credentials and whatever else a call sends stay with the origin that they were made for. A redirect to another
   origin is followed by reads only, with nothing of theirs; one from `https` to `http` is not followed at all.
3. There is no jar: a cookie that a server sets is forgotten with its answer.
4. No answer is read further than `max_bytes`, counted after it was unpacked.
"""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpcore2
import httpx2

from toolscript.connectors.openapi.guard import Guard, Refused, is_public_host
from toolscript.connectors.openapi.origins import Origin, origin_of
from toolscript.connectors.openapi.request import Request
from toolscript.connectors.openapi.response import Answer

MAX_BYTES = 32 << 20
MAX_ERROR_BYTES = 256 << 10  # of an answer that says what went wrong
MAX_REDIRECTS = 5
_SEE_OTHER = 303
_MOVED = (301, 302)
_CARRIED = ("accept", "user-agent")  # to another origin


class Unsent(Exception):
    """The request did not leave: the same one may be made again. The message is for a program."""


class Broken(Exception):
    """The connection failed after something was sent: whether the request took effect is not known.

    `is_silence`: it is still there, but nothing came for too long.
    """

    def __init__(self, message: str, *, is_silence: bool = False) -> None:
        super().__init__(message)
        self.is_silence = is_silence


class TooMuch(Exception):
    """The answer is larger than it may be; `size` is None where the server did not say."""

    def __init__(self, size: int | None, limit: int) -> None:
        super().__init__(f"{size:,} bytes" if size is not None else f"more than {limit:,} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A certificate and its key as PEM files, for mutual TLS; `key` is None where one file has both."""

    cert: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How an API is reached.

    `allow_private`: True for all private addresses, or host names. `proxy` and the certificates of authorities come
    from the usual environment variables where they are not given (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`).
    """

    connect_timeout_s: float = 10.0
    silence_timeout_s: float = 60.0
    max_bytes: int = MAX_BYTES
    max_connections: int = 32
    http2: bool = True
    allow_private: bool | tuple[str, ...] = False
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    certificate: ClientCertificate | None = None


class Http:
    """Sends requests. `trusted` are origins that the operator wrote down, which may be private."""

    def __init__(self, options: HttpOptions, trusted: frozenset[Origin] = frozenset()) -> None:
        self._options = options
        self._guard = Guard(options.allow_private, trusted)
        self._pools: dict[str, httpcore2.AsyncConnectionPool] = {}
        self._tls: ssl.SSLContext | None = None
        self._proxies: Mapping[str, str] | None = None
        timeout = {"connect": options.connect_timeout_s, "pool": None}
        self._extensions = {"timeout": timeout | dict.fromkeys(("read", "write"), options.silence_timeout_s)}

    def is_trusted(self, origin: Origin) -> bool:
        """Whether the operator allowed this very place."""
        return self._guard.allows(origin.host, origin.port)

    async def send(self, request: Request, *, redirects: int = MAX_REDIRECTS) -> Answer:
        """The answer, behind redirects; raises `Unsent`, `Broken`, `Refused` and `TooMuch`."""
        answer = await self._once(request)
        while answer.is_redirect and redirects:
            onward = _onward(request, answer)
            if onward is None:
                return answer
            request, redirects = onward, redirects - 1
            answer = await self._once(request)
        return answer

    async def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    async def _once(self, request: Request) -> Answer:
        url = _target(request)
        pool = await self._pool(request)
        try:
            response = await pool.handle_async_request(
                httpcore2.Request(
                    request.method,
                    url,
                    headers=_head(request, url),
                    content=request.body or b"",
                    extensions=self._extensions,
                )
            )
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout, httpcore2.ProxyError) as error:
            raise Unsent(_reason(error)) from error
        except (httpcore2.UnsupportedProtocol, httpcore2.LocalProtocolError) as error:
            raise Refused("The request cannot be sent: it is not valid HTTP.") from error
        except BREAKS as error:
            raise _broken(error) from error
        try:
            return await self._read(request, response)
        except BREAKS as error:
            raise _broken(error) from error
        finally:
            await response.aclose()

    async def _read(self, request: Request, response: httpcore2.Response) -> Answer:
        unpacked = httpx2.Response(response.status, headers=response.headers, stream=_Stream(response))
        limit = self._options.max_bytes if unpacked.is_success else min(self._options.max_bytes, MAX_ERROR_BYTES)
        told = unpacked.headers.get("content-length", "")
        if unpacked.is_success and told.isdecimal() and int(told) > limit and request.method != "HEAD":
            raise TooMuch(int(told), limit)
        pieces: list[bytes] = []
        size = 0
        async with aclosing(unpacked.aiter_bytes()) as chunks:
            async for chunk in chunks:
                pieces.append(chunk)
                size += len(chunk)
                if size > limit:
                    if unpacked.is_success:
                        raise TooMuch(None, limit)
                    break
        return Answer(
            status=response.status,
            headers=tuple((name.lower(), value) for name, value in unpacked.headers.multi_items()),
            body=b"".join(pieces)[:limit],
            method=request.method,
        )

    async def _pool(self, request: Request) -> httpcore2.AsyncConnectionPool:
        origin = origin_of(request.base)
        proxy = self._proxy_for(origin)
        if proxy and not is_public_host(origin.host):
            self._guard.check(origin)  # what the name leads to is the proxy's to say, but not `localhost` or 10.0.0.1
        key = f"{origin.scheme} {proxy}"
        if key not in self._pools:
            if origin.scheme == "https" and self._tls is None:
                self._tls = await asyncio.to_thread(tls_context, self._options)
            self._pools.setdefault(key, self._new_pool(proxy))
        return self._pools[key]

    def _new_pool(self, proxy: str) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=self._tls,
            proxy=_proxy(proxy) if proxy else None,
            max_connections=self._options.max_connections,
            max_keepalive_connections=self._options.max_connections,
            keepalive_expiry=30.0,
            http2=self._options.http2 and find_spec("h2") is not None,
            network_backend=None if proxy else self._guard,
        )

    def _proxy_for(self, origin: Origin) -> str:
        if self._options.proxy is not None:
            return self._options.proxy
        if not is_public_host(origin.host):
            return ""  # a proxy of the environment is the way out, and this is no place outside
        if self._proxies is None:
            self._proxies = urllib.request.getproxies_environment()
        found = self._proxies.get(origin.scheme) or self._proxies.get("all", "")
        return "" if found and is_direct(origin, self._proxies.get("no", "")) else found


BREAKS = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, httpx2.HTTPError, OSError)


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk


def tls_context(options: HttpOptions) -> ssl.SSLContext:
    """The authorities that are trusted, and the client's own certificate; `Refused` for files that are neither."""
    try:
        context = (
            httpcore2.default_ssl_context()
            if options.ca_file is None
            else ssl.create_default_context(cafile=options.ca_file)
        )
        if options.certificate is not None:
            context.load_cert_chain(options.certificate.cert, options.certificate.key)
    except OSError as error:  # of which `ssl.SSLError` is one
        raise Refused("The certificates of this API cannot be read on the host; its operator must look.") from error
    return context


def _proxy(url: str) -> httpcore2.Proxy:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    bare = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return httpcore2.Proxy(bare, auth=auth)


def is_direct(origin: Origin, no_proxy: str) -> bool:
    """Whether `NO_PROXY` names a host: `*`, a name, a part of one after a dot, or one with a port."""
    names = {name.strip().lower().lstrip(".") for name in no_proxy.split(",") if name.strip()}
    parts = origin.host.split(".")
    endings = {".".join(parts[at:]) for at in range(len(parts))}
    return "*" in names or not names.isdisjoint(endings | {f"{ending}:{origin.port}" for ending in endings})


def _target(request: Request) -> httpcore2.URL:
    origin = origin_of(request.base)
    path = quote(urlsplit(request.base).path, safe="/~!$&'()*+,;=:@%")
    port = None if origin.is_usual_port else origin.port
    return httpcore2.URL(scheme=origin.scheme, host=origin.host, port=port, target=path + request.target)


def _head(request: Request, url: httpcore2.URL) -> list[tuple[bytes, bytes]]:
    """The headers as they go on the wire; those of the request come first of their name."""
    named = [("Host", origin_of(request.base).authority), *request.headers]
    if request.cookies:
        named.append(("Cookie", "; ".join(request.cookies)))
    if request.content_type is not None and request.body is not None:
        named.append(("Content-Type", request.content_type))
    if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
        named.append(("Content-Length", str(len(request.body or b""))))
    known = {name.lower() for name, _ in named}
    named += [(name, value) for name, value in _usual() if name.lower() not in known]
    return [(name.encode("ascii"), value.encode("utf-8")) for name, value in named]


@cache
def _usual() -> tuple[tuple[str, str], ...]:
    return ("User-Agent", f"toolscript/{version('toolscript')}"), ("Accept-Encoding", "gzip, deflate")


def _onward(request: Request, answer: Answer) -> Request | None:
    """The request that a redirect leads to; None where it is not followed."""
    try:
        place = urljoin(request.url, answer.header("location"))
        here, there = origin_of(request.base), origin_of(place)
    except ValueError:
        return None
    is_read = request.method in ("GET", "HEAD")
    if here.scheme == "https" and there.scheme == "http":
        return None
    parts = urlsplit(place)
    moved = replace(request, base=str(there), path=parts.path or "/", query=(parts.query,) if parts.query else ())
    if answer.status == _SEE_OTHER and not is_read:
        moved, is_read = replace(moved, method="GET", body=None, content_type=None), True
    elif not is_read and answer.status in _MOVED:
        return None  # a browser would ask for the page instead, and the write would be lost without a word
    upgraded = (here.host, here.scheme, here.port, there.scheme, there.port) == (there.host, "http", 80, "https", 443)
    if here == there or upgraded:
        return moved
    if not is_read:
        return None
    kept = tuple((name, value) for name, value in request.headers if name.lower() in _CARRIED)
    return replace(moved, headers=kept, cookies=(), body=None, content_type=None)


def _broken(error: BaseException) -> Broken:
    return Broken(_reason(error), is_silence=isinstance(error, httpcore2.ReadTimeout | httpcore2.WriteTimeout))


def _reason(error: BaseException) -> str:
    match error:
        case httpcore2.ConnectTimeout():
            return "It did not answer in time to a connection."
        case httpcore2.ReadTimeout() | httpcore2.WriteTimeout():
            return "It fell silent."
        case httpcore2.ProxyError():
            return "The proxy refused the connection."
        case httpcore2.ConnectError() if isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error):
            return "A secure connection cannot be made: its certificate is not trusted, or it wants one of ours."
        case httpcore2.ConnectError():
            return "Nothing answers at its address."
        case httpcore2.RemoteProtocolError():
            return "It closed the connection, or answered with something that is not HTTP."
        case httpx2.DecodingError():
            return "Its answer is packed in a way that cannot be unpacked."
        case _:
            return "The connection broke."
