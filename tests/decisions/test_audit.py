"""A run's log as lines for readers outside."""

from __future__ import annotations

import json
import time

from toolscript.codec import Encoded, digest, encode
from toolscript.errors import Failure
from toolscript.runs.audit import audit
from toolscript.runs.entry import (
    Actor,
    Answered,
    Attempted,
    CalledOff,
    Claimed,
    Decided,
    Doubted,
    Ended,
    Granted,
    Intended,
    Parked,
    Printed,
    Reverted,
    Reverting,
    RunRecord,
    Turned,
)
from toolscript.runs.program import Limits, Program
from toolscript.runs.turn import Crashed, Finished, Raised, Returned

ANN = Actor("ann", "cli")
BOB = Actor("bob", "console")
NOON = 1_767_268_800_000
RUN = RunRecord(
    id="run_2",
    program=Program(code="main()", language="python", input=encode({"a": 1})),
    engine="py-1",
    namespaces={},
    limits=Limits(),
    created=NOON,
    updated=NOON + 9_000,
    status="rolled_back",
    key="order-5",
    scope="shop",
    retry_of="run_1",
)
FAILURE = Failure(kind="tool", code="tool", name="ToolError", message="busy", content=encode({"more": 1}))
RESULT = encode({"id": 7, "name": "é"})
LOG = [
    Turned(NOON),
    Intended(
        seq=1,
        path="crm.create",
        args=encode({"name": "Ada", "when": 2**60}),
        effect="write",
        at=NOON,
        verdict="ask",
        rule="writes ask",
    ),
    Intended(seq=2, path="crm.look", args=encode({}), effect="read", at=NOON + 1, rule="reads are allowed", grant="g1"),
    Printed(("hello",)),
    Answered(seq=2, answer=Raised(FAILURE), at=NOON + 2, duration_us=1_500),
    Parked(NOON + 3),
    Granted(id="g1", tools=("crm.*",), when=("amount < 5",), calls=3, until=NOON + 60_000, by=BOB, at=NOON + 4),
    Decided(seq=1, choice="approve", by=ANN, at=NOON + 5, args=encode({"name": "Bo"}), reason="typo"),
    Claimed(NOON + 6, 2),
    Attempted(1, NOON + 7),
    Doubted(1, NOON + 8),
    Decided(seq=1, choice="retry", by=BOB, at=NOON + 9, grant="g1"),
    Attempted(1, NOON + 10),
    Answered(seq=1, answer=Returned(RESULT), at=NOON + 11, duration_us=250),
    CalledOff(ANN, NOON + 12),
    Ended(status="completed", outcome=Finished(encode("done")), at=NOON + 13),
    Reverting(seq=1, by=ANN, at=NOON + 14),
    Reverting(seq=1, by=BOB, at=NOON + 15),
    Reverted(seq=1, answer=Raised(FAILURE), at=NOON + 16),
    Reverting(seq=1, by=BOB, at=NOON + 17),
    Reverted(seq=1, answer=Returned(encode(None)), at=NOON + 18),
]


def at(milliseconds):
    return f"2026-01-01T12:00:0{milliseconds // 1_000}.{milliseconds % 1_000:03}Z"


def failed():
    return {"kind": "tool", "code": "tool", "name": "ToolError", "message": "busy"}


def test_every_line_says_all_that_the_log_knows():
    run, first, second, *others, end = audit(RUN, LOG)
    assert run == {
        "kind": "run",
        "run": "run_2",
        "status": "rolled_back",
        "created": at(0),
        "updated": at(9_000),
        "language": "python",
        "program": digest("main()"),
        "input": digest('{"a":1}'),
        "engine": "py-1",
        "key": "order-5",
        "retry_of": "run_1",
        "scope": "shop",
    }
    assert first == {
        "kind": "call",
        "seq": 1,
        "path": "crm.create",
        "effect": "write",
        "status": "reverted",
        "at": at(0),
        "arguments": {"name": "Ada", "when": {"$bigint": str(2**60)}},
        "verdict": "ask",
        "rule": "writes ask",
        "attempts": 2,
        "decisions": [
            {
                "choice": "approve",
                "by": "ann",
                "via": "cli",
                "at": at(5),
                "reason": "typo",
                "arguments": {"name": "Bo"},
            },
            {"choice": "retry", "by": "bob", "via": "console", "at": at(9), "grant": "g1"},
        ],
        "answered": at(11),
        "duration_ms": 0.25,
        "result": {"sha256": digest(RESULT), "bytes": len(RESULT.encode())},
        "reverts": [
            {"by": "ann", "via": "cli", "at": at(14)},
            {"by": "bob", "via": "console", "at": at(15), "ended": at(16), "failure": failed()},
            {
                "by": "bob",
                "via": "console",
                "at": at(17),
                "ended": at(18),
                "result": {"sha256": digest("null"), "bytes": 4},
            },
        ],
    }
    assert second == {
        "kind": "call",
        "seq": 2,
        "path": "crm.look",
        "effect": "read",
        "status": "raised",
        "at": at(1),
        "arguments": {},
        "verdict": "allow",
        "rule": "reads are allowed",
        "grant": "g1",
        "attempts": 1,
        "answered": at(2),
        "duration_ms": 1.5,
        "failure": failed(),
    }
    assert others == [
        {"kind": "park", "at": at(3)},
        {
            "kind": "grant",
            "id": "g1",
            "tools": ["crm.*"],
            "when": ["amount < 5"],
            "calls": 3,
            "until": "2026-01-01T12:01:00.000Z",
            "by": "bob",
            "via": "console",
            "at": at(4),
        },
        {"kind": "claim", "at": at(6), "fence": 2},
        {"kind": "cancel", "by": "ann", "via": "cli", "at": at(12)},
    ]
    assert end == {
        "kind": "end",
        "status": "completed",
        "at": at(13),
        "result": {"sha256": digest('"done"'), "bytes": 6},
    }


def test_the_lines_are_json_and_no_result_is_in_them():
    text = "\n".join(map(json.dumps, audit(RUN, LOG)))
    assert [json.loads(line) for line in text.splitlines()] == audit(RUN, LOG)
    assert '"id": 7' not in text
    assert "main()" not in text


def test_a_value_that_a_person_gave_is_told_by_its_digest():
    log = [LOG[0], LOG[1], Doubted(1, NOON), Decided(seq=1, choice="done", by=ANN, at=NOON, value=RESULT)]
    (decision,) = audit(RUN, log)[1]["decisions"]
    assert decision["value"] == {"sha256": digest(RESULT), "bytes": len(RESULT.encode())}


def test_what_nothing_could_undo_has_no_actor_but_a_reason():
    (revert,) = audit(RUN, [*LOG[:16], Reverted(seq=1, answer=Raised(FAILURE), at=NOON)])[1]["reverts"]
    assert revert == {"ended": at(0), "failure": failed()}


def test_a_run_that_goes_on_has_no_end_and_a_failed_one_its_failure():
    assert audit(RUN, LOG[:3])[-1]["kind"] == "call"
    log = [Turned(NOON), Ended(status="failed", outcome=Crashed(FAILURE), at=NOON)]
    assert audit(RUN, log)[-1] == {"kind": "end", "status": "failed", "at": at(0), "failure": failed()}


def test_damaged_arguments_and_clocks_are_shown_as_they_are():
    log = [Intended(seq=1, path="a.b", args=Encoded("{oops"), effect="write", at=10**18, verdict="refuse")]
    line = audit(RUN, log)[1]
    assert (line["arguments"], line["at"], line["attempts"]) == ("{oops", f"{10**18} ms", 0)


def test_a_long_log_is_exported_in_time_proportional_to_its_length():
    def log(calls):
        return [
            entry
            for seq in range(calls)
            for entry in (
                Intended(seq=seq, path="a.b", args=encode({}), effect="write", at=NOON),
                Answered(seq=seq, answer=Returned(RESULT), at=NOON),
            )
        ]

    long = log(5_000)
    begin = time.process_time()
    assert len(audit(RUN, long)) == 5_001
    assert time.process_time() - begin < 1
