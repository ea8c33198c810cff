"""Prints shapes as TypeScript types, in one degree of detail, and collects the definitions that it named."""

from __future__ import annotations

from dataclasses import dataclass

from toolscript.schema.quoting import comment, escaped, key_text, literal
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Anything,
    Array,
    Boolean,
    Constant,
    Intersection,
    Nothing,
    Null,
    Number,
    Object,
    Property,
    Ref,
    Shape,
    String,
    Tuple,
    Union,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much to print: levels of nested objects, members of each, characters of a comment (0 prints none)."""

    depth: int
    properties: int
    options: int
    about: int = 0


def needed_first(properties: tuple[Property, ...]) -> list[Property]:
    """The properties with those first that a caller has to give."""
    return sorted(properties, key=lambda prop: not prop.needed)


class Printer:
    """Prints the shapes of one schema in one degree of detail, and collects the definitions that it named."""

    def __init__(self, shaped: Shaped, detail: Detail, max_chars: int, *, takes: bool = False) -> None:
        self._shaped = shaped
        self._detail = detail
        self._takes = takes  # whether the type is of what a caller gives: then a default makes optional
        self._left = max_chars * 4  # what is printed beyond this is thrown away anyhow
        self._named: dict[str, None] = {}

    def text(self, shape: Shape, depth: int, tight: bool = False) -> str:
        """The type on one line; `tight` asks for brackets around what binds less than `[]` does."""
        if self._left <= 0:
            return "…"
        match shape:
            case Union(options):
                printed = self._union(options, depth)
                text = f"({printed})" if tight and " | " in printed else printed
            case Intersection(parts):
                printed = " & ".join(dict.fromkeys(self.text(part, depth, tight=True) for part in parts))
                text = f"({printed})" if tight and " & " in printed else printed
            case Array(items=items):
                text = f"{self.text(items, depth, tight=True)}[]"
            case Tuple(items=items, rest=rest):
                places = [self.text(item, depth) for item in items[: self._detail.properties]]
                if rest is not None and rest != Anything():
                    places.append(f"...{self.text(rest, depth, tight=True)}[]")
                text = f"[{', '.join(places)}]"
            case Object():
                text = self.members(shape, depth - 1) if depth > 0 else _closed(shape)
            case Ref():
                text = self._ref(shape, depth, tight)
            case _:
                text = _scalar(shape)
        self._left -= len(text)
        return text

    def members(self, shape: Object, depth: int) -> str:
        """An object on one line, with the required properties first, so that a cut takes optional ones."""
        properties = needed_first(shape.properties)
        shown = properties[: self._detail.properties]
        parts = [f"{key_text(p.name)}{self._mark(p)}: {self.text(p.shape, depth)}" for p in shown]
        if len(shown) < len(properties):
            parts.append(f"…{len(properties) - len(shown)} more")
        if not properties:
            return self._record(shape, depth)
        if shape.stated and shape.extra is not None:
            parts.append(f"[key: string]: {self.text(shape.extra, depth)}")
        return f"{{ {', '.join(parts)} }}"

    def block(self, shape: Shape, level: int = 0) -> str:
        """The type over several lines, one property and its comment each."""
        if self._left <= 0:
            return "…"
        match shape:
            case Object(properties=properties) if properties and level <= self._detail.depth:
                return self._lines(shape, level)
            case Array(items=Object(properties=properties) as items) if properties:
                return f"{self.block(items, level)}[]"
            case Union(options) if any(isinstance(option, Object | Array) for option in options):
                shown = [self.block(option, level) for option in options[: self._detail.options]]
                more = [f"…{len(options) - len(shown)} more"] if len(shown) < len(options) else []
                return " | ".join(dict.fromkeys(shown + more))
            case Intersection(parts):
                return " & ".join(
                    f"({self.block(part, level)})" if isinstance(part, Union) else self.block(part, level)
                    for part in parts
                )
            case _:
                return self.text(shape, self._detail.depth - level)

    def definitions(self, max_chars: int) -> tuple[list[str], list[str]]:
        """The named types that were printed, with those that they name in turn, and the names of what does not fit."""
        lines: list[str] = []
        missing: list[str] = []
        done: set[str] = set()
        self._left = max(max_chars, 0) * 2
        while waiting := [name for name in self._named if name not in done]:
            for name in waiting:
                done.add(name)
                if missing:
                    missing.append(name)
                    continue
                before = list(self._named)
                line = f"type {name} = {self.block(self._shaped.resolve(Ref(name)))}"
                max_chars -= len(line) + 1
                if max_chars < 0:
                    missing.append(name)
                    self._named = dict.fromkeys(before)
                else:
                    lines.append(line)
        return lines, missing

    def _lines(self, shape: Object, level: int) -> str:
        properties = needed_first(shape.properties)
        shown = properties[: self._detail.properties]
        indent = "  " * (level + 1)
        lines: list[str] = []
        for prop in shown:
            note = self._note(prop)
            line = f"{indent}{key_text(prop.name)}{self._mark(prop)}: {self.block(prop.shape, level + 1)}"
            if note and "\n" in line:
                head, _, rest = line.partition("\n")
                line = f"{head}  // {note}\n{rest}"
            elif note:
                line += f"  // {note}"
            lines.append(line)
            self._left -= len(line)
        if len(shown) < len(properties):
            lines.append(f"{indent}// …{len(properties) - len(shown)} more")
        if shape.stated and shape.extra is not None:
            lines.append(f"{indent}[key: string]: {self.text(shape.extra, self._detail.depth - level)}")
        return "{\n" + "\n".join(lines) + f"\n{'  ' * level}}}"

    def _mark(self, prop: Property) -> str:
        return "" if (prop.needed if self._takes else prop.required) else "?"

    def _note(self, prop: Property) -> str:
        if not self._detail.about:
            return ""
        notes = [comment(prop.about, self._detail.about).rstrip(" .")] if prop.about else []
        notes += _constraints(self._shaped.follow(prop.shape))
        if prop.default is not None and prop.default not in {"null", '""', "[]", "{}"}:
            notes.append(f"default {comment(escaped(prop.default), 40)}")
        if prop.deprecated:
            notes.append("deprecated")
        return "; ".join(notes)

    def _union(self, options: tuple[Shape, ...], depth: int) -> str:
        # A null goes last, and never falls to a cut.
        null = [option for option in options if isinstance(option, Null)]
        others = [option for option in options if not isinstance(option, Null)]
        shown = others[: self._detail.options]
        printed = [self.text(option, depth, tight=isinstance(option, Intersection)) for option in shown]
        if len(shown) < len(others):
            printed.append(f"…{len(others) - len(shown)} more")
        return " | ".join(dict.fromkeys(printed + ["null" for _ in null]))

    def _ref(self, ref: Ref, depth: int, tight: bool) -> str:
        followed = self._shaped.resolve(ref)
        match followed:
            case Object(properties=()) if not followed.stated:
                return "object"
            case Object() | Tuple() | Intersection():
                pass
            case Union(options) if any(isinstance(each, Object | Ref | Array | Tuple) for each in options):
                pass
            case Array(items=Object() | Union() | Ref() | Array()):
                pass
            case _:
                return self.text(followed, depth, tight)
        self._named[ref.name] = None
        return ref.name

    def _record(self, shape: Object, depth: int) -> str:
        if shape.extra is None:
            return "{}"
        if isinstance(shape.extra, Anything):
            return "Record<string, unknown>" if shape.stated else "object"
        return f"Record<string, {self.text(shape.extra, depth)}>"


def _scalar(shape: Shape) -> str:
    match shape:
        case Null():
            return "null"
        case Boolean():
            return "boolean"
        case Number():
            return "number"
        case String():
            return "string"
        case Constant(json=text):
            return literal(text)
        case Nothing():
            return "never"
        case _:
            return "unknown"


def _closed(shape: Object) -> str:
    return "{…}" if shape.properties else "object"


def _constraints(shape: Shape) -> list[str]:
    match shape:
        case Number():
            words = ["integer"] if shape.integer else []
            low = (
                f">={shape.minimum}"
                if shape.minimum is not None
                else f">{shape.above}"
                if shape.above is not None
                else ""
            )
            high = (
                f"<={shape.maximum}"
                if shape.maximum is not None
                else f"<{shape.below}"
                if shape.below is not None
                else ""
            )
            # Bounds of the machine's integers are no news to a reader.
            return words + [bound for bound in (low, high) if bound and len(bound) < 12]  # noqa: PLR2004
        case String(format=form) if form:
            return [comment(form, 30)]
        case Union(options) if sum(not isinstance(option, Null) for option in options) == 1:
            return _constraints(next(option for option in options if not isinstance(option, Null)))
        case _:
            return []
