"""What a client is answered: a run's result as content blocks.

A result has no `structuredContent`. Some clients show a model the structured content alone, some the text alone, and
some both: with the value in both, half of them would pay for it twice, and with less than the value in the structured
part, others would never see it. So the value stands once, in the text; what programs want of a result (the run's id
and status) stands in `_meta`, which no model reads.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types

from toolscript.codec import NULL, Blob, Encoded, decode, encode
from toolscript.errors import Conflict, Failure
from toolscript.runs.complaint import acted, complaint, made
from toolscript.runs.program import Instant, syntax_of
from toolscript.runs.result import Result
from toolscript.runs.shaping import readable, shape, shape_lines
from toolscript.runs.turn import Crashed, Finished
from toolscript.surfaces.mcp_server.sofar import reused, so_far, wrote
from toolscript.surfaces.mcp_server.waiting import waiting
from toolscript.tokens import cut, estimate

log = logging.getLogger("toolscript.mcp_server")

PRINTED_SHARE = 4  # printed lines get at most this part of the budget, and so do shown values
CONTENT_TOKENS = 500  # of what a tool said beside its error
MAX_IMAGE_BYTES = 5 << 20  # above it the common model providers refuse an image
MAX_SHOWN = 20
NOTE_TOKENS = 300

ReadBlob = Callable[[str], Awaitable[tuple[bytes, str]]]


async def answer_of(
    result: Result, *, budget_tokens: int, read_blob: ReadBlob, now: Instant, note: str = ""
) -> types.CallToolResult:
    """A run's result, within a budget of tokens, and a note beside it; images come on top."""
    share = budget_tokens // PRINTED_SHARE
    beside = [_text(cut(note, NOTE_TOKENS))] if note else []
    if result.printed:
        beside.append(_text(f"Printed:\n{shape_lines(result.printed, share).text}"))
    beside += await _shown(result, share, read_blob)
    if taken := reused(result.calls):
        beside.append(_text(taken))
    left = budget_tokens - sum(estimate(block.text) for block in beside if isinstance(block, types.TextContent))
    match result.outcome:
        case Finished(value):
            main = await _image(_blob(value), read_blob) or _text(_said(value, result, left))
        case Crashed(failure):
            main = _text(_failed(result, failure, left))
        case None:
            main = _text(waiting(result, now=now, budget_tokens=left))
    return types.CallToolResult(
        content=[main, *beside],
        is_error=isinstance(result.outcome, Crashed),
        _meta=meta_of(result),
    )


def meta_of(result: Result) -> dict[str, Any]:
    """What programs want of a result, and no model reads."""
    return {"toolscript/run": result.run, "toolscript/status": result.status}


def text_answer(text: str, *, is_error: bool = False) -> types.CallToolResult:
    """An answer of one text."""
    return types.CallToolResult(content=[_text(text)], is_error=is_error)


def internal_error(run: str = "") -> types.CallToolResult:
    """The answer where the fault is ours: what happened is in the log, and nothing of it here."""
    return text_answer(_internal(run), is_error=True)


def _internal(run: str) -> str:
    where = f", run {run}" if run else ""
    return f"Internal error{where}. It is not the program's fault; the operator's log has it."


def _said(value: Encoded, result: Result, budget_tokens: int) -> str:
    if value != NULL:
        return _shape(value, budget_tokens, result)
    if result.printed or result.shown:
        return "null"
    nothing = "None" if syntax_of(result.language) == "python" else "null"
    return f"null (the program returned nothing, or {nothing}: end it with `return` and the answer)"


def _shape(value: Encoded, budget_tokens: int, result: Result) -> str:
    return shape(value, budget_tokens, result.run, syntax_of(result.language)).text


def _failed(result: Result, failure: Failure, budget_tokens: int) -> str:
    if failure.kind == "fault":
        return _internal(result.run)
    parts = [shape_lines(complaint(failure, result.calls).split("\n"), budget_tokens - CONTENT_TOKENS).text]
    if result.hint:
        parts.append(result.hint)
    if failure.content is not None:
        parts.append(f"The tool also said: {_shape(failure.content, CONTENT_TOKENS, result)}")
    if done := so_far(result.calls):
        read = made(call for call in result.calls if call.effect == "read")
        parts.append(f"{done} Read: {read}." if read else done)
    barren = result.retry_of is not None and not result.calls  # a correction that failed before its first call
    if barren or any(wrote([call]) for call in result.calls if acted(call) or call.verdict == "replay"):
        parts.append(f'Correct the program and send it with retry_of: "{result.run}": then nothing is done twice.')
    return "\n".join(parts)


async def _shown(result: Result, budget_tokens: int, read_blob: ReadBlob) -> list[types.ContentBlock]:
    blocks: list[types.ContentBlock] = []
    shown = result.shown[:MAX_SHOWN]
    for args in shown:
        value = decode(args)["value"]
        image = await _image(value if isinstance(value, Blob) else None, read_blob)
        blocks.append(image or _text(_shape(encode(value), budget_tokens // len(shown), result)))
    if len(result.shown) > MAX_SHOWN:
        blocks.append(_text(f"… {len(result.shown) - MAX_SHOWN} more values shown"))
    return blocks


async def _image(blob: Blob | None, read_blob: ReadBlob) -> types.ImageContent | None:
    """The image that a blob holds; None for anything else."""
    if blob is None or not blob.media_type.startswith("image/") or blob.size > MAX_IMAGE_BYTES:
        return None
    try:
        content, media_type = await read_blob(blob.id)
    except Conflict:
        log.warning("the blob %s of an image is not in the store", blob.id)
        return None
    return types.ImageContent(data=base64.b64encode(content).decode(), mime_type=media_type)


def _blob(value: Encoded) -> Blob | None:
    decoded: Any = decode(value) if value.startswith('{"$blob"') else None
    return decoded if isinstance(decoded, Blob) else None


def _text(text: str) -> types.TextContent:
    return types.TextContent(text=readable(text))
