"""The documentation of one method, or of one part of its types, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.letters import bare
from toolscript.schema import python, typescript
from toolscript.schema.fitting import Printed
from toolscript.schema.quoting import comment
from toolscript.schema.sample import sample_arguments
from toolscript.schema.syntax import Syntax, call_text, outline, signature, untyped, within_reach
from toolscript.schema.type_names import TypeNames
from toolscript.tokens import cut, estimate
from toolscript.tools import Tool

Outlook = Callable[[Tool], Literal["allow", "ask", "deny", "depends"]]
"""What the policy says of a tool before its arguments are known."""

MAX_EXAMPLE = 300  # characters
MAX_MISSING = 8  # names of what was left out; each can be asked for, and names more
LEAST_CHARS = 120  # of declarations: a bare signature
MISSING_TOKENS = 28  # of the line that says what was left out, where it is the input and the output
TRIES = 4  # lengths in which declarations are printed until they are within the budget
CHARS_PER_TOKEN = 4.5  # of declarations at most, by `estimate`, on the recorded tools

_APPROVALS = {"allow": "", "ask": ", asks for approval", "deny": ", denied", "depends": ", may ask for approval"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a tool's types, such as `Person` or `input.address`."""

    tool: Tool
    place: str

    def __str__(self) -> str:
        return f"{self.tool.path}:{self.place}"


@dataclass(slots=True)
class Writer:
    """Writes the methods of one answer; they share their named types, each of which stands in it once."""

    catalog: Catalog
    language: Syntax = "typescript"
    outlook: Outlook | None = None
    names: TypeNames = field(default_factory=TypeNames)
    known: frozenset[str] = frozenset()

    def marks(self, tool: Tool) -> str:
        """What a call means: `read`, or `write, destructive, asks for approval`."""
        effect = "read" if tool.effect == "read" else "write, destructive" if tool.destructive else "write"
        return effect + ("" if self.outlook is None else _APPROVALS[self.outlook(tool)])

    def outline(self, tool: Tool, max_chars: int) -> str:
        """The call with the names of its arguments."""
        return outline(tool, self.language, max_chars=max_chars)

    def method(self, tool: Tool, budget_tokens: int) -> tuple[str, bool]:
        """Description, effect, types and example of a method, and whether that is all there is to say."""
        head = f"{tool.path} [{self.marks(tool)}]"
        if bare(tool.raw_name) != bare(tool.path.method):
            head += f" (upstream name: {comment(tool.raw_name, 80)})"
        written = within_reach(lambda: self._method(tool, head, budget_tokens), None)
        return written or (f"{head}\n{untyped(tool, self.language)}", False)

    def _method(self, tool: Tool, head: str, budget_tokens: int) -> tuple[str, bool]:
        left = budget_tokens - estimate(head) - 14
        sample = self._example(tool)
        description = paragraphs(tool.description, max(40, left // 3))
        said = estimate(description) + 2
        if estimate(sample) + said > left // 2:
            sample = ""
        printed, types = self._types(tool, left - said - estimate(sample))
        if not types and (sample or description):  # the call itself comes before words about it
            sample, description = "", paragraphs(tool.description, left // 4)
            printed, types = self._types(tool, left - estimate(description) - 2)
        types = types or self._line(tool, left - estimate(description) - MISSING_TOKENS)
        lines = [head, description, types, self._missing(str(tool.path), printed), sample]
        whole = not printed.missing and description == paragraphs(tool.description, 1_000_000)
        return "\n".join(line for line in lines if line), whole

    def part(self, part: Part, budget_tokens: int) -> tuple[str, bool] | None:
        """One part of a tool's types with what it names; None where the tool has no such part."""
        return within_reach(lambda: self._part(part, budget_tokens), None)

    def _part(self, part: Part, budget_tokens: int) -> tuple[str, bool] | None:
        declared = self._declared(part.tool)
        if declared.part(part.place, LEAST_CHARS) is None:
            return None

        def printed(chars: int) -> Printed:
            return declared.part(part.place, chars) or Printed(lines=())

        before = self.known
        found, types = self._fitting(printed, budget_tokens - 40, str(part.tool.path))
        if found.names and found.names[0] in before:
            return f"{part} stands above: {found.names[0]}", True
        return "\n".join(filter(None, [types, self._missing(str(part.tool.path), found)])), not found.missing

    def parts_of(self, tool: Tool) -> str:
        """The names that can be asked for, as far as they are near."""
        printed = within_reach(lambda: self._declared(tool).printed(4_000), Printed(lines=()))
        names = list(dict.fromkeys(("input", "output", *printed.names, *printed.left_out)))
        return ", ".join(comment(name, 60) for name in names[: MAX_MISSING * 2])

    def _example(self, tool: Tool) -> str:
        args = sample_arguments(tool.input_schema, lambda given: not self.catalog.check(tool, given))
        if args is None:
            return ""
        text = call_text(tool, args, self.language)
        return f"Example: {text}" if len(text) <= MAX_EXAMPLE else ""

    def _line(self, tool: Tool, budget_tokens: int) -> str:
        line = signature(tool, self.language, max_chars=LEAST_CHARS)
        return line if estimate(line) <= budget_tokens else self.outline(tool, 60)

    def _types(self, tool: Tool, budget_tokens: int) -> tuple[Printed, str]:
        return self._fitting(self._declared(tool).printed, budget_tokens, str(tool.path))

    def _declared(self, tool: Tool) -> typescript.Declarations | python.Declarations:
        kind = python.Declarations if self.language == "python" else typescript.Declarations
        return kind(tool, self.names, self.known)

    def _fitting(self, printed_in: Callable[[int], Printed], budget_tokens: int, path: str) -> tuple[Printed, str]:
        """The declarations in the most detail that fits."""
        chars = max(LEAST_CHARS, int(budget_tokens * CHARS_PER_TOKEN))
        for _ in range(TRIES):
            printed = printed_in(chars)
            text = f"```{'py' if self.language == 'python' else 'ts'}\n{printed.text}\n```"
            spare = estimate(_missing_line(path, printed, MAX_MISSING)) if printed.missing else 0
            cost = estimate(text) + spare
            if cost <= budget_tokens:
                break
            if chars <= LEAST_CHARS:
                return Printed(lines=(), cut=("input", "output")), ""
            chars = max(LEAST_CHARS, min(int(chars * 0.97), int(len(text) * budget_tokens / cost * 0.97)))
        else:
            return Printed(lines=(), cut=("input", "output")), ""
        self.known |= frozenset(printed.names)
        return printed, text

    @staticmethod
    def _missing(path: str, printed: Printed) -> str:
        return _missing_line(path, printed, MAX_MISSING) if printed.missing else ""


def _missing_line(path: str, printed: Printed, count: int) -> str:
    names = [comment(name, 60) for name in printed.missing]
    listed = ", ".join(names[:count]) + (f" and {len(names) - count} more" if len(names) > count else "")
    return f'Not all shown: {listed}. Ask for a part: describe("{path}:{names[0]}")'


def paragraphs(text: str, budget_tokens: int) -> str:
    """A description with its lines kept, cut to a budget."""
    lines = [line for line in (comment(line, 2_000) for line in text.strip().splitlines()) if line]
    kept: list[str] = []
    for line in lines:
        cost = estimate(line) + 2
        if cost > budget_tokens:
            beginning = cut(line, budget_tokens - 3).rstrip()
            kept.append(f"{beginning}…")
            break
        budget_tokens -= cost
        kept.append(line)
    return "\n".join(kept)
