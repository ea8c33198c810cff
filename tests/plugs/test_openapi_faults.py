"""Calls of an API over a network that fails: slow, cut, busy, redirected, wrong and far too much."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from openapi_upstream import CONTEXT, Recorded, api, document, operation, parameter, ready, reply, upstream

from toolscript.connectors.openapi.client import HttpOptions
from toolscript.connectors.openapi.connector import openapi
from toolscript.connectors.openapi.retry import Retry
from toolscript.errors import ToolError

FIELDS = {"type": "object", "properties": {"a": {"type": "integer"}}}
PATHS = {
    "/a": {
        "get": operation("read", parameter("q"), parameter("X-Session", "header"), parameter("sid", "cookie")),
        "post": operation("write", requestBody={"content": {"application/json": {"schema": FIELDS}}}),
        "put": operation("put"),
    }
}


class Pauses:
    """Pauses that take no time, and are remembered."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def in_turn(*answers: bytes | None) -> Callable[[Recorded], bytes | None]:
    """One answer after the other, then the last one for ever."""
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


async def failed(call: Awaitable[Any]) -> ToolError:
    with pytest.raises(ToolError) as caught:
        await call
    return caught.value


# --- busy


@pytest.mark.parametrize("status", [429, 503])
async def test_a_read_is_made_again_while_the_server_is_busy(status: int) -> None:
    pause = Pauses()
    busy = reply(status, {"message": "slow down"}, {"Retry-After": "2"})
    async with (
        upstream(in_turn(busy, busy, reply(200, {"ok": 1}))) as up,
        api(up, PATHS, pause=pause, jitter=lambda: 0.0) as call,
    ):
        assert await call("read") == {"ok": 1}
    assert pause.seconds == [2.0, 2.0]
    assert len(up.requests) == 3


async def test_a_server_that_stays_busy_is_told_with_what_it_said() -> None:
    pause = Pauses()
    async with upstream(in_turn(reply(429, {"message": "quota"}))) as up, api(up, PATHS, pause=pause) as call:
        error = await failed(call("read"))
    assert "failed with status 429 (Too Many Requests): quota" in str(error)
    assert len(up.requests) == 3


async def test_a_pause_beyond_the_limit_is_told_at_once() -> None:
    pause = Pauses()
    busy = reply(429, b"", {"Retry-After": "3600"})
    async with upstream(in_turn(busy)) as up, api(up, PATHS, pause=pause) as call:
        assert "It asks to wait 3600 s." in str(await failed(call("read")))
    assert (pause.seconds, len(up.requests)) == ([], 1)


async def test_a_write_is_made_again_only_with_a_key() -> None:
    pause = Pauses()
    async with upstream(in_turn(reply(503), reply(200, {"ok": 1}))) as up, api(up, PATHS, pause=pause) as call:
        assert "status 503" in str(await failed(call("write", a=1)))
    async with upstream(in_turn(reply(503), reply(200, {"ok": 1}))) as up:
        async with api(up, PATHS, pause=pause, keyed=["write"]) as call:
            assert await call("write", a=1) == {"ok": 1}
        first, second = up.requests
        assert first == second  # with the same key


# --- connections


async def test_a_connection_that_is_cut_is_tried_again_by_a_read_and_doubted_by_a_write() -> None:
    pause = Pauses()
    async with upstream(in_turn(None, reply(200, {"ok": 1}))) as up, api(up, PATHS, pause=pause) as call:
        assert await call("read") == {"ok": 1}
    async with upstream(in_turn(None)) as up, api(up, PATHS, pause=pause) as call:
        error = await failed(call("write", a=1))
        assert error.failure.code == "unreachable"
        assert "Whether the call took effect is not known." in str(error)
        assert len(up.requests) == 1


async def test_an_answer_that_is_cut_in_the_middle_is_no_value() -> None:
    half = reply(200, b'{"a":', {"Content-Length": "100", "Connection": "close"}, length=False)
    async with upstream(in_turn(half)) as up, api(up, PATHS, pause=Pauses()) as call:
        error = await failed(call("read"))
    assert "It was tried 3 times" in str(error)
    assert error.failure.code == "unreachable"


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzzz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\nConnection: close\r\n\r\n",
        b"",
    ],
)
async def test_what_is_not_http_is_told_in_words(garbage: bytes) -> None:
    async with (
        upstream(lambda request: garbage + b"\r\nConnection: close") as up,
        api(up, PATHS, retry=Retry(attempts=1)) as call,
    ):
        error = await failed(call("read"))
    assert error.failure.code == "unreachable"
    assert "the connection to api failed" in str(error)
    assert len(str(error)) < 300


async def test_nothing_at_the_address_is_tried_again_also_by_a_write_and_then_told() -> None:
    async with upstream() as up:
        gone = up.url
    pause = Pauses()
    connector = openapi("api", document(PATHS), base_url=gone, pause=pause)
    async with ready(connector) as tools:
        error = await failed(connector.call(tools["write"], {}, CONTEXT))
    assert "api cannot be reached. Nothing answers at its address. Nothing was sent. It was tried 3 times." in str(
        error
    )
    assert len(pause.seconds) == 2


async def test_a_server_that_falls_silent_is_given_up() -> None:
    async def never() -> bytes:
        await asyncio.Event().wait()
        return b""

    async with (
        upstream(lambda request: never()) as up,
        api(up, PATHS, http=HttpOptions(silence_timeout_s=0.05), retry=Retry(attempts=1)) as call,
    ):
        error = await failed(call("read"))
        assert (error.failure.code, "api did not answer in time" in str(error)) == ("timeout", True)
        assert "Whether the call took effect is not known" in str(await failed(call("put")))


async def test_a_cancelled_call_hangs_up_and_the_next_one_is_well() -> None:
    async def never() -> bytes:
        await asyncio.Event().wait()
        return b""

    async with (
        upstream(lambda request: never() if request.method == "GET" else reply(200, {"ok": 1})) as up,
        api(up, PATHS) as call,
    ):
        waiting = asyncio.ensure_future(call("read"))
        await up.began.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(up.lost.wait(), 10)
        assert await call("write", a=1) == {"ok": 1}


# --- redirects


async def test_a_redirect_on_the_same_origin_is_followed_with_all_that_the_call_had() -> None:
    def replies(request: Recorded) -> bytes:
        return reply(302, b"", {"Location": "/b?x=1#top"}) if request.target == "/a" else reply(200, {"ok": 1})

    async with upstream(replies) as up, api(up, PATHS) as call:
        assert await call("read", **{"X-Session": "s", "sid": "c"}) == {"ok": 1}
    assert up.last.target == "/b?x=1"
    assert (up.last.header("x-session"), up.last.header("cookie")) == ("s", "sid=c")


async def test_a_redirect_to_another_origin_is_followed_with_nothing_of_the_call() -> None:
    async with upstream(lambda request: reply(200, {"ok": 1})) as other:
        moved = reply(302, b"", {"Location": f"{other.url}/b"})
        async with upstream(in_turn(moved)) as up, api(up, PATHS, http=HttpOptions(allow_private=True)) as call:
            assert await call("read", **{"q": "z", "X-Session": "s", "sid": "c"}) == {"ok": 1}
        assert other.last.target == "/b"
        assert {name for name, _ in other.last.headers} == {"host", "accept", "user-agent", "accept-encoding"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_write_is_not_redirected_to_another_origin(status: int) -> None:
    async with upstream() as other, upstream(in_turn(reply(status, b"", {"Location": f"{other.url}/b"}))) as up:
        async with api(up, PATHS, http=HttpOptions(allow_private=True)) as call:
            assert "redirects to another place" in str(await failed(call("write", a=1)))
        assert other.requests == []


async def test_a_write_is_redirected_within_its_origin_as_it_is_and_is_never_made_a_read_of() -> None:
    def replies(request: Recorded) -> bytes:
        return reply(307, b"", {"Location": "/b"}) if request.target == "/a" else reply(200, {"ok": 1})

    async with upstream(replies) as up, api(up, PATHS) as call:
        assert await call("write", a=1) == {"ok": 1}
        assert (up.last.method, up.last.body) == ("POST", b'{"a":1}')
    async with upstream(in_turn(reply(301, b"", {"Location": "/b"}))) as up, api(up, PATHS) as call:
        await failed(call("write", a=1))
        assert len(up.requests) == 1


async def test_see_other_is_followed_by_a_read() -> None:
    async with upstream(in_turn(reply(303, b"", {"Location": "/job/1"}), reply(200, {"job": 1}))) as up:
        async with api(up, PATHS) as call:
            assert await call("write", a=1) == {"job": 1}
        assert (up.last.method, up.last.target, up.last.body) == ("GET", "/job/1", b"")
        assert up.last.header("content-type") is None


async def test_redirects_in_a_circle_end() -> None:
    async with upstream(in_turn(reply(302, b"", {"Location": "/a"}))) as up, api(up, PATHS) as call:
        assert "status 302" in str(await failed(call("read")))
    assert len(up.requests) == 6


@pytest.mark.parametrize("place", ["ftp://x/", "http://user:pw@127.0.0.1/", "http://[::1", "javascript:1"])
async def test_a_redirect_to_nowhere_is_not_followed(place: str) -> None:
    async with upstream(in_turn(reply(302, b"", {"Location": place}))) as up, api(up, PATHS) as call:
        assert "status 302" in str(await failed(call("read")))
    assert len(up.requests) == 1


# --- too much


async def test_an_answer_over_the_limit_is_refused_by_its_announced_size_without_reading_it() -> None:
    huge = reply(200, b"x", {"Content-Length": str(100 << 20), "Content-Type": "image/png"}, length=False)
    async with upstream(in_turn(huge)) as up, api(up, PATHS) as call:
        error = await failed(call("read"))
    assert error.failure.code == "too_large"
    assert "104,857,600 bytes, over the limit of 33,554,432 bytes" in str(error)


async def test_a_stream_without_an_end_is_read_up_to_the_limit_only() -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while written < 100 << 20:
                writer.write(b"10000\r\n" + b"[" * 65_536 + b"\r\n")
                await writer.drain()
                written += 65_536
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    connector = openapi("api", document(PATHS), base_url=url, http=HttpOptions(max_bytes=1 << 20))
    async with server, ready(connector) as tools:
        error = await failed(connector.call(tools["read"], {}, CONTEXT))
    assert error.failure.code == "too_large"
    assert "more than 1,048,576 bytes" in str(error)
    assert written < 32 << 20


@pytest.mark.parametrize(("packed", "named"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
async def test_a_packed_answer_is_unpacked_and_counted_as_it_is_unpacked(
    packed: Callable[[bytes], bytes], named: str
) -> None:
    headers = {"Content-Encoding": named, "Content-Type": "application/json"}
    small, large = packed(b'{"a":1}'), packed(b"0" * (40 << 20))
    async with (
        upstream(in_turn(reply(200, small, headers), reply(200, large, headers))) as up,
        api(up, PATHS, http=HttpOptions(max_bytes=8 << 20)) as call,
    ):
        assert await call("read") == {"a": 1}
        assert (await failed(call("read"))).failure.code == "too_large"


async def test_an_error_of_any_size_is_told_by_its_beginning() -> None:
    async with (
        upstream(in_turn(reply(500, b"x" * (10 << 20), {"Content-Type": "text/plain"}))) as up,
        api(up, PATHS) as call,
    ):
        error = await failed(call("read"))
    assert "status 500" in str(error)
    assert len(str(error)) < 2_500


# --- pace


async def test_no_more_calls_than_allowed_are_under_way_at_once() -> None:
    gate, third = asyncio.Event(), asyncio.Event()
    arrived = 0

    async def held() -> bytes:
        nonlocal arrived
        arrived += 1
        if arrived == 3:
            third.set()
        await gate.wait()
        return reply(200, {})

    async with (
        upstream(lambda request: held() if request.method == "GET" else reply(200, {})) as up,
        api(up, PATHS, concurrency=3) as call,
        api(up, PATHS) as other,
    ):
        calls = asyncio.gather(*(call("read") for _ in range(12)))
        await asyncio.wait_for(third.wait(), 10)
        for _ in range(5):
            await other("put")  # whatever else was sent by now is there before this
        assert arrived == 3
        gate.set()
        await calls
        assert arrived == 12


async def test_calls_are_spread_over_time_where_the_rate_is_limited() -> None:
    clock = 100.0
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(round(seconds, 3))

    async with upstream() as up, api(up, PATHS, rate_per_s=4, clock=lambda: clock, pause=pause) as call:
        for _ in range(7):
            await call("read")
    assert pauses == [0.25, 0.5, 0.75]


async def test_a_connection_is_used_again() -> None:
    async with upstream() as up, api(up, PATHS) as call:
        for _ in range(20):
            await call("read")
    assert (len(up.requests), up.connections) == (20, 1)
