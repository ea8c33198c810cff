"""An HTTP answer, as the value or the error that a program gets. Pure: nothing is received here.

1. The status decides between value and error, and then what came back decides, not what the document promised: JSON is
   values, text is text, event streams and lines of JSON are lists, everything else is bytes with their media type.
2. Where JSON was promised, text that is JSON counts as JSON, and a web page is an error: it is a login or a fault page.
3. An error carries the status, the service's own words, what it asks to wait, and the request's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from toolscript.codec import CodecError, Encoded, encode
from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.request import is_json
from toolscript.connectors.openapi.words import message_of, page_words
from toolscript.errors import Failure, ToolError
from toolscript.tools import Media

MAX_MESSAGE_CHARS = 2_000  # of the service's own words: about 500 tokens
MAX_CONTENT_BYTES = 16 << 10  # of an error's structured content

_REDIRECTS = (301, 302, 303, 307, 308)
_REQUEST_IDS = (
    "x-request-id", "request-id", "x-github-request-id", "x-amzn-requestid", "x-amz-request-id", "x-correlation-id",
    "x-trace-id", "cf-ray",
)  # fmt: skip
_TEXTS = (
    "application/xml", "application/yaml", "application/x-yaml", "application/javascript", "application/graphql",
    "application/x-www-form-urlencoded", "application/sql", "application/toml", "application/jwt", "application/csv",
    "application/x-sh", "application/rtf",
)  # fmt: skip
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
          "application/json-seq", "application/jsonlines")  # fmt: skip
_charset = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the body unpacked."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    method: str = "GET"

    def header(self, name: str) -> str:
        """The value of a header, several of one name joined; empty where there is none."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def is_redirect(self) -> bool:
        return self.status in _REDIRECTS and bool(self.header("location"))

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case; empty where the answer does not say."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def value_of(operation: Operation, answer: Answer, called: str, now_s: float) -> Any:
    """The value of an answer; raises `ToolError` for one that says that the call failed. `now_s` is Unix time."""
    if not answer.is_success:
        raise failed(answer, called, retry_after_s(answer.headers, now_s))
    if answer.method == "HEAD":
        return {"status": answer.status, "headers": dict(answer.headers)}
    if not answer.body:
        return None
    promised = _promised(operation, answer.status)
    kind = answer.media_type
    if is_json(kind):
        return _json(answer, called)
    if promised and all(is_json(each) for each in promised):
        return _instead_of_json(answer, called)
    if not kind:
        return _unnamed(answer)
    return _by_kind(answer)


def _by_kind(answer: Answer) -> Any:
    kind = answer.media_type
    if kind == "text/event-stream":
        return _events(_text(answer))
    if kind in _LINES:
        return _json_lines(_text(answer))
    if is_text(kind):
        return _text(answer)
    return Media(answer.body, kind or "application/octet-stream")


def is_text(kind: str) -> bool:
    """Whether a media type is text that a program can read as such."""
    return kind.startswith("text/") or kind.endswith(("+xml", "+yaml")) or kind in _TEXTS


def _promised(operation: Operation, status: int) -> list[str]:
    """The media types that the document names for a status."""
    by_status: dict[str, list[str]] = {}
    for reply in operation.replies:
        if reply.content_type is not None:
            by_status.setdefault(reply.status.upper(), []).append(reply.content_type)
    for key in (str(status), f"{status // 100}XX", "DEFAULT"):
        if key in by_status:
            return by_status[key]
    return []


def _json(answer: Answer, called: str) -> Any:
    try:
        return json.loads(_text(answer))
    except (ValueError, RecursionError) as error:
        start = _text(answer)[:80].strip()
        reason = f"at character {error.pos}" if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        raise ToolError(
            f"{called} answered {answer.status} with JSON that cannot be read ({reason}). It begins with: {start}"
        ) from error


def _instead_of_json(answer: Answer, called: str) -> Any:
    kind = answer.media_type
    if not kind:
        return _unnamed(answer)
    if is_text(kind):
        text = _text(answer)
        if kind != "text/html" and not kind.endswith("xml"):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return _by_kind(answer)
        if kind == "text/html":
            raise ToolError(
                f"{called} answered {answer.status} with a web page where JSON is promised, most likely for a login or "
                f"a fault: {page_words(text)[:300]}"
            )
    return _by_kind(answer)


def _unnamed(answer: Answer) -> Any:
    """A body without a type: JSON if it is, else text if it is, else bytes."""
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        return Media(answer.body, "application/octet-stream")
    return _parsed(text)


def _text(answer: Answer) -> str:
    """The body as text: by its charset, else UTF-8, with U+FFFD for what is neither."""
    found = _charset.search(answer.header("content-type"))
    body = answer.body
    for charset in (found[1],) if found else ():
        try:
            return body.decode(charset, "replace").removeprefix("\ufeff")
        except LookupError:
            break
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8-sig", "replace")


def _json_lines(text: str) -> list[Any]:
    return [_parsed(line) for line in re.split(r"[\n\x1e]", text) if line.strip()]


def _events(text: str) -> list[Any]:
    """Server-sent events (https://html.spec.whatwg.org/#event-stream-interpretation), each as an object."""
    events: list[Any] = []
    for block in re.split(r"(?:\r\n|\r|\n){2,}", text):
        fields: dict[str, str] = {}
        for line in re.split(r"\r\n|\r|\n", block):
            name, _, value = line.partition(":")
            if name in ("event", "data", "id"):
                value = value.removeprefix(" ")
                fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
        if "data" in fields:
            events.append({**fields, "data": _parsed(fields["data"])})
    return events


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


# --- errors


def retry_after_s(headers: Mapping[str, str] | Iterable[tuple[str, str]], now_s: float) -> float | None:
    """How long a server asks to wait: `Retry-After` in seconds or as a date, else a known rate limit's reset."""
    named = dict(headers)
    text = named.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    if text:
        return _seconds_until(text, now_s)
    reset = named.get("x-ratelimit-reset", "").strip()
    if named.get("x-ratelimit-remaining", "").strip() == "0" and re.fullmatch(r"\d{1,12}", reset):
        wait = float(reset) - now_s if float(reset) > 1e9 else float(reset)  # noqa: PLR2004 - an instant, not a span
        return max(0.0, wait)
    return None


def _seconds_until(text: str, now_s: float) -> float | None:

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):
        return None


def failed(answer: Answer, called: str, wait_s: float | None) -> ToolError:
    """The error for an answer that is no success."""
    body: Any = None
    if answer.body:
        kind = answer.media_type
        body = _unnamed(answer) if is_json(kind) or not kind else (_text(answer) if is_text(kind) else None)
    said = _cut(message_of(body) if not isinstance(body, str) else page_words(body), MAX_MESSAGE_CHARS)
    words = f"{called} failed with status {answer.status}{_phrase(answer.status)}"
    words += f": {said}" if said else "."
    if said and (wait_s is not None or answer.status in _REDIRECTS) and said[-1] not in ".!?":
        words += "."
    if answer.status in _REDIRECTS:
        words += " It redirects to another place, which was not followed."
    if wait_s is not None:
        words += f" It asks to wait {wait_s:.0f} s."
    request_id = next((text for name in _REQUEST_IDS if (text := answer.header(name))), None)
    members = {
        "status": answer.status,
        "message": said or None,
        "retry_after_s": wait_s,
        "request_id": request_id,
        "body": body if not isinstance(body, str) else None,
    }
    return ToolError(
        Failure(
            kind="tool",
            code="tool",
            name="ToolError",
            message=words,
            content=_content({key: value for key, value in members.items() if value is not None}),
        )
    )


def _content(members: dict[str, Any]) -> Encoded | None:
    for each in (members, {key: value for key, value in members.items() if key != "body"}):
        try:
            return encode(each, max_bytes=MAX_CONTENT_BYTES)
        except CodecError:
            continue
    return None


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
