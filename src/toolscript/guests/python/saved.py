"""What is known of a program beside its engine's state, as plain JSON and back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from toolscript.codec import Blob, Encoded
from toolscript.errors import Failure
from toolscript.guests.python.opened import Open, Reading
from toolscript.guests.python.strand import Strand
from toolscript.runs.turn import Answer, Raised, Returned

Notes = Mapping[str, Any]


def notes_of_failure(failure: Failure) -> Notes:
    """All that a failure says."""
    return {name: value for name, value in asdict(failure).items() if value is not None}


def failure_of(notes: Notes) -> Failure:
    """And back."""
    members = dict(notes)
    members["stack"] = tuple(members["stack"])
    return Failure(**members)


def notes_of_call(call: Open) -> Notes:
    """Who waits for a call, and what is read by it."""
    notes = asdict(call)
    if call.reading is not None:
        notes["reading"]["read"] = base64.b64encode(call.reading.read).decode()
    return notes


def call_of(notes: Notes) -> Open:
    """And back."""
    members = dict(notes)
    if members["reading"] is not None:
        members["reading"] = _reading_of(members["reading"])
    return Open(**members)


def _reading_of(notes: Notes) -> Reading:
    members = dict(notes)
    members["blob"], members["read"] = Blob(**members["blob"]), base64.b64decode(members["read"])
    return Reading(**members)


def _notes_of_answer(answer: Answer) -> Notes:
    match answer:
        case Returned(value):
            return {"value": value}
        case Raised(failure):
            return {"failure": notes_of_failure(failure)}


def _answer_of(notes: Notes) -> Answer:
    return Returned(Encoded(notes["value"])) if "value" in notes else Raised(failure_of(notes["failure"]))


def notes_of_strand(strand: Strand) -> Notes:
    """Of the program itself the text is left out: whoever restores it has that."""
    origin = strand.origin
    return {
        "number": strand.number,
        "code": origin.code if origin.snippet else None,
        "input": origin.input if origin.snippet else None,
        "names": list(origin.names) if origin.snippet else None,
        "snippet": origin.snippet,
        "depth": origin.depth,
        "parent": origin.parent,
        "call_id": origin.call_id,
        "held": strand.held,
        "draws": strand.draws,
        "ready": [[call_id, _notes_of_answer(answer)] for call_id, answer in strand.ready],
        "blobs": [asdict(blob) for blob in strand.blobs.values()],
    }


def fill(strand: Strand, notes: Notes, state: bytes) -> None:
    """Give a strand what was noted of it, and its state in the engine."""
    strand.held, strand.draws = notes["held"], notes["draws"]
    strand.ready.extend((call_id, _answer_of(answer)) for call_id, answer in notes["ready"])
    for blob in notes["blobs"]:
        strand.know(Blob(**blob))
    strand.bytes = state
