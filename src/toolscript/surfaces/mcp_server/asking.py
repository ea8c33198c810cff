"""What a person is asked about one call, and what the answer comes to.

1. A form is flat: clients show text fields and choices, and nothing nested. Arguments and values are JSON in a text.
2. Nothing is decided unless the person chose: no choice has a default, an answer that cannot be read is asked for
   again with the reason, and a dismissed form leaves the call as it is.
3. What is shown is what happens. Characters that do not show, or turn the text around, are spelled out; arguments that
   are too long to show say so. Secrets are neither shown nor asked for.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from toolscript.codec import CodecError, decode, encode, plain
from toolscript.runs.redaction import is_redacted
from toolscript.runs.result import CallRecord
from toolscript.runs.shaping import readable
from toolscript.tokens import cut, estimate

MAX_REASON_CHARS = 2_000
MAX_RULE_CHARS = 300
_WORDS_TOKENS = 150  # of a message beside the arguments
_PROBLEM_TOKENS = 200
_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
_fence = re.compile(r"^\s*```\w*\n(.*?)\n?```\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, read: the decision, or `leave` it as it is; a `problem` is why it could not be read."""

    choice: Literal["approve", "reject", "retry", "done", "fail", "leave"]
    reason: str = ""
    args: Mapping[str, Any] | None = None
    value: Any = None
    problem: str = ""


def message(call: CallRecord, *, run: str, done: str, problem: str, budget_tokens: int) -> str:
    """The question, for a person; `done` is what the run did so far, `problem` what was wrong with an answer."""
    if call.status == "uncertain":
        asked = (
            f"{call.path} was cut off: whether it took effect is not known. Look there, then say what is to be done."
        )
    else:
        asked = f"A program wants to call {call.path}. {_because(call)}"
    parts = [f"Your answer could not be used: {cut(problem, _PROBLEM_TOKENS)}"] if problem else []
    parts += [asked.strip(), f"Arguments:\n{_arguments(call, run, budget_tokens - _WORDS_TOKENS)}"]
    parts.append(f"Call {call.seq} of {run}." + (f" Before it: {done}" if done else ""))
    return "\n\n".join(parts)


def form(call: CallRecord, *, prefill: bool, budget_tokens: int) -> dict[str, Any]:
    """The fields of the answer; with `prefill`, the arguments are there to be edited."""
    if call.status == "uncertain":
        return _schema(
            decision=_choice(
                "retry: call it again; done: it took effect; failed: it did not", "retry", "done", "failed"
            ),
            value=_field("Value", "if it is done: what it returned, as JSON"),
            reason=_field("Reason", "if it failed: what the program is told"),
        )
    fields: dict[str, Any] = {
        "decision": _choice("", "approve", "reject"),
        "reason": _field("Reason", "if you reject: what the program is told"),
    }
    args = decode(call.made_with)
    if not is_redacted(args):
        fields["arguments"] = _field("Other arguments", "to approve it with these instead: all of them, as JSON")
        text = json.dumps(args, ensure_ascii=False) if prefill and plain(args) == args else ""
        if text and text == visible(text) and estimate(text) <= budget_tokens // 3:
            fields["arguments"]["default"] = text
    return _schema(**fields)


def reply(call: CallRecord, action: str, content: Mapping[str, Any] | None) -> Reply:
    """What a person's answer to a form comes to."""
    uncertain = call.status == "uncertain"
    match action, (content or {}).get("decision"):
        case "decline", _:
            return Reply(choice="leave") if uncertain else Reply(choice="reject", reason=_reason(content))
        case "accept", "approve" if not uncertain:
            return _approved(call, content or {})
        case "accept", "reject" if not uncertain:
            return Reply(choice="reject", reason=_reason(content))
        case "accept", "retry" if uncertain:
            return Reply(choice="retry")
        case "accept", "done" if uncertain:
            return _done(content or {})
        case "accept", "failed" if uncertain:
            return Reply(choice="fail", reason=_reason(content))
        case "accept", _:
            return _unread(f"the decision is {'retry, done or failed' if uncertain else 'approve or reject'}")
        case _:
            return Reply(choice="leave")


def visible(text: str) -> str:
    """The text with every character spelled out that does not show."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{ord(char):04x}" if char != "\n" and unicodedata.category(char) in _HIDDEN else char
        for char in readable(text)
    )


def because(call: CallRecord) -> str:
    """Why a person is asked; where the rule stands is left out, which may be a file."""
    reason = call.rule.partition(": ")[2] or call.rule
    return visible(" ".join(reason.split()))[:MAX_RULE_CHARS]


def shown(call: CallRecord, budget_tokens: int, *, indent: int | None = None) -> str:
    """The arguments of a call, the edited ones if there are, cut to a budget."""
    text = visible(json.dumps(plain(decode(call.made_with)), ensure_ascii=False, indent=indent))
    return text if estimate(text) <= budget_tokens else f"{cut(text, budget_tokens)}…"


def _arguments(call: CallRecord, run: str, budget_tokens: int) -> str:
    short = shown(call, budget_tokens * 2 // 3)
    text = short if len(short) <= 80 else shown(call, budget_tokens * 2 // 3, indent=1)  # noqa: PLR2004 - a line
    if not text.endswith("…"):
        return text
    return f"{text}\n(This is not all of it. See it whole before you decide: toolscript runs show {run})"


def _because(call: CallRecord) -> str:
    why = because(call)
    return f"You are asked because: {why}." if why else ""


def _approved(call: CallRecord, content: Mapping[str, Any]) -> Reply:
    text = str(content.get("arguments") or "").strip()
    if not text:
        return Reply(choice="approve")
    try:
        args = _json(text)
    except ValueError:
        return _unread("the edited arguments are not JSON")
    if not isinstance(args, dict):
        return _unread("the edited arguments are not a JSON object")
    if is_redacted(args):
        return _unread("the edited arguments hold the mark of a hidden secret")
    edited = cast("dict[str, Any]", args)
    return Reply(choice="approve", args=None if _same(edited, plain(decode(call.made_with))) else edited)


def _done(content: Mapping[str, Any]) -> Reply:
    text = str(content.get("value") or "").strip()
    try:
        return Reply(choice="done", value=_json(text) if text else None)
    except ValueError:
        return _unread('the value is not JSON; a text stands in quotes: "like this"')


def _json(text: str) -> Any:
    fenced = _fence.match(text)
    try:
        value = json.loads(fenced[1] if fenced else text)
        encode(value)
    except (RecursionError, CodecError) as error:
        raise ValueError(str(error)) from error
    return value


def _same(left: Any, right: Any) -> bool:
    """Whether two JSON values are one: `1` and `true` are not."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _unread(problem: str) -> Reply:
    return Reply(choice="leave", problem=problem)


def _reason(content: Mapping[str, Any] | None) -> str:
    return readable(str((content or {}).get("reason") or "").strip())[:MAX_REASON_CHARS]


def _schema(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": ["decision"]}


def _choice(description: str, *choices: str) -> dict[str, Any]:
    field: dict[str, Any] = {"type": "string", "title": "Decision", "enum": list(choices)}
    return field | {"description": description} if description else field


def _field(title: str, description: str) -> dict[str, Any]:
    return {"type": "string", "title": title, "description": description}
