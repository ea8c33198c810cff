"""What a drive needs beside its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, Encoded, decode
from toolscript.ports import Clock, RunStore
from toolscript.runs.policy import Policy
from toolscript.runs.redaction import Redactor
from toolscript.runs.turn import Called
from toolscript.runtime.calls import Caller
from toolscript.runtime.checking import TypeCheck
from toolscript.schema.syntax import Syntax


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The parts that all runs of a runtime share."""

    store: RunStore
    caller: Caller
    clock: Clock
    catalog: Callable[[], Catalog]
    policy: Policy
    redactor: Redactor
    lease_ms: int
    type_check: TypeCheck = "off"

    def redacted(self, call: Called, syntax: Syntax = "typescript") -> Encoded:
        """The arguments of a call as the log has them; `syntax` is that of the program that made it."""
        catalog = self.catalog()
        tool = catalog.find(call.path)
        if tool is None or not self.redactor.is_marked(tool.input_schema):
            return self.redactor.encoded(call.args)
        clean = self.redactor.arguments(call.args, tool.input_schema)
        try:
            read, _ = catalog.fitted(tool, decode(call.args) or {}, syntax)
        except CodecError:
            return clean
        # What is a secret as the tool takes it, is one as the program gave it.
        return self.redactor.for_call(read, tool.input_schema).encoded(clean)
