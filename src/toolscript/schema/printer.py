"""Prints shapes as TypeScript types, in one degree of detail, and collects the definitions that it named."""

from __future__ import annotations

from toolscript.schema.detail import Detail, Places, needed_first
from toolscript.schema.fitting import Named
from toolscript.schema.notes import note, shape_notes
from toolscript.schema.quoting import EMPTY, key_text, literal
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
from toolscript.schema.type_names import TypeNames, comes_back, goes_by_name, whole_of

CUT = "unknown /* … */"
CLOSED = "{ /* … */ }"
_AT_ONCE = (Union, Intersection, Object)  # what checkers look through when they declare a type


class Printer:
    """Prints the shapes of one schema in one degree of detail, and collects the definitions that it named."""

    def __init__(
        self,
        shaped: Shaped,
        detail: Detail,
        max_chars: int,
        *,
        takes: bool = False,
        names: TypeNames | None = None,
    ) -> None:
        self._shaped = shaped
        self.detail = detail
        self._takes = takes  # whether the type is of what a caller gives: then a default makes optional
        self.left = max_chars * 2  # what is printed beyond this is thrown away anyhow
        self._named: dict[str, None] = {}
        self._names = TypeNames() if names is None else names
        self.places = Places("input" if takes else "output")
        self._defining = ""  # the definition that is being declared

    def text(self, shape: Shape, depth: int, tight: bool = False) -> str:
        """The type on one line; `tight` asks for brackets around what binds less than `[]` does."""
        if self.left <= 0:
            self.places.note()
            return CUT
        match shape:
            case Union(options):
                printed = self._union(options, depth)
                text = f"({printed})" if tight and " | " in printed else printed
            case Intersection(parts):
                printed = " & ".join(dict.fromkeys(self.text(part, depth, tight=True) for part in parts))
                text = f"({printed})" if tight and " & " in printed else printed
            case Array(items=items):
                text = f"{self.text(items, depth, tight=True)}[]"
            case Tuple():
                text = self._tuple(shape, depth)
            case Object():
                text = self.members(shape, depth - 1) if depth > 0 else self._closed(shape)
            case Ref():
                text = self._ref(shape, depth, tight)
            case _:
                text = _scalar(shape)
        self.left -= len(text)
        return text

    def members(self, shape: Object, depth: int) -> str:
        """An object on one line, with the required properties first, so that a cut takes optional ones."""
        properties = needed_first(shape.properties)
        if not properties:
            return self._record(shape, depth)
        shown = properties[: self.detail.properties]
        parts = [f"{key_text(prop.name)}{self._mark(prop)}: {self._held(prop, depth)}" for prop in shown]
        if shape.stated and shape.extra is not None:
            parts.append(f"[key: string]: {self._index(shape, depth)}")
        more = ""
        if len(shown) < len(properties):
            self.places.note()
            more = f" /* …{len(properties) - len(shown)} more */"
        return f"{{ {', '.join(parts)}{more} }}"

    def block(self, shape: Shape, level: int = 0) -> str:
        """The type over several lines, one property and its comment each."""
        if self.left <= 0:
            self.places.note()
            return CUT
        match shape:
            case Object(properties=properties) if properties and level <= self.detail.depth:
                return self._lines(shape, level)
            case Array(items=Object(properties=properties) as items) if properties:
                return f"{self.block(items, level)}[]"
            case Array(items=Union(options)) if any(isinstance(option, Object) for option in options):
                return f"({self._block_union(options, level)})[]"
            case Union(options) if any(isinstance(option, Object | Array) for option in options):
                return self._block_union(options, level)
            case Intersection(parts):
                blocks = [self.block(part, level) for part in parts]
                tight = [
                    f"({text})" if isinstance(self._follow(part), Union) and " | " in text else text
                    for part, text in zip(parts, blocks, strict=True)
                ]
                return " & ".join(dict.fromkeys(tight))
            case _:
                return self.text(shape, self.detail.depth - level)

    def whole(self) -> str:
        """The type of the whole schema: by its name if it names itself."""
        return self.block(whole_of(self._shaped))

    def notes(self, shape: Shape) -> str:
        """The comment on a whole type, empty where there is nothing to say."""
        return "; ".join(shape_notes(shape, self._shaped.glimpse, integers=True)) if self.detail.about else ""

    @property
    def cuts(self) -> list[str]:
        """The places where something was cut."""
        return list(self.places.cut)

    def named(self) -> list[Named]:
        """The definitions that were named, in the order in which they were met."""
        return [Named(name, self._names.of(self._shaped, Ref(name), name), name) for name in self._named]

    def definition(self, key: str) -> str:
        """The declaration of a definition."""
        shape = self._shaped.resolve(Ref(key))
        with self.places.at(key):
            body = self.body(shape, key)
        notes = self.notes(shape)
        head, newline, rest = f"type {self._names.of(self._shaped, Ref(key), key)} = {body}".partition("\n")
        return f"{head}{f'  // {notes}' if notes else ''}{newline}{rest}"

    def body(self, shape: Shape, key: str) -> str:
        """What stands after the `=` where a definition is declared."""
        self._defining = key
        text = self.block(shape)
        self._defining = ""
        return text

    def state(self) -> tuple[dict[str, None], dict[str, None]]:
        """What was named and cut so far."""
        return dict(self._named), dict(self.places.cut)

    def restore(self, state: tuple[dict[str, None], dict[str, None]]) -> None:
        """As if nothing had been printed since."""
        self._named, self.places.cut = dict(state[0]), dict(state[1])

    def _block_union(self, options: tuple[Shape, ...], level: int) -> str:
        # A null goes last, and never falls to a cut.
        others = [option for option in options if not isinstance(option, Null)]
        shown = [self._noted(option, level) for option in others[: self.detail.options]]
        text = " | ".join(dict.fromkeys(shown + ["null" for _ in options[len(others) :]]))
        return text + self._more(len(others) - self.detail.options)

    def _noted(self, option: Shape, level: int) -> str:
        """An option of a union with what no type can say of it as its first line."""
        text = self.block(option, level)
        notes = shape_notes(option, self._shaped.glimpse, integers=True) if isinstance(option, Object) else []
        if not notes or not self.detail.about or not text.startswith("{\n"):
            return text
        return f"{{\n{'  ' * (level + 1)}// {'; '.join(notes)}\n{text[2:]}"

    def _lines(self, shape: Object, level: int) -> str:
        properties = needed_first(shape.properties)
        shown = properties[: self.detail.properties]
        indent = "  " * (level + 1)
        lines: list[str] = []
        if shape.stated and shape.extra is not None:  # first: after a type, parsers may take it for a part of that
            lines.append(f"{indent}[key: string]: {self._index(shape, self.detail.depth - level)}")
        for place, prop in enumerate(shown):
            if self.left <= 0:
                self.places.note()
                break
            about = self.detail.about
            said = note(prop, self._shaped.glimpse, about, integers=True) if about else ""
            with self.places.within(prop.name):
                line = f"{indent}{key_text(prop.name)}{self._mark(prop)}: {self.block(prop.shape, level + 1)}"
            if place + 1 < len(shown) and shown[place + 1].name.startswith("in"):
                line += ";"  # else parsers may take the next name for the operator `in`
            if said and "\n" in line:
                head, _, rest = line.partition("\n")
                line = f"{head}  // {said}\n{rest}"
            elif said:
                line += f"  // {said}"
            lines.append(line)
            self.left -= len(line)
        if len(shown) < len(properties):
            self.places.note()
            lines.append(f"{indent}// …{len(properties) - len(shown)} more")
        return "{\n" + "\n".join(lines) + f"\n{'  ' * level}}}"

    def _held(self, prop: Property, depth: int) -> str:
        with self.places.within(prop.name):
            return self.text(prop.shape, depth)

    def _index(self, shape: Object, depth: int) -> str:
        """The type of further properties, which has to be wide enough for the named ones as well."""
        extra = Anything() if shape.extra is None else shape.extra
        if all(prop.shape == extra and prop.required for prop in shape.properties):
            return self.text(extra, depth)
        return "unknown" if isinstance(extra, Anything) else f"{self.text(extra, depth)} | any"

    def _mark(self, prop: Property) -> str:
        return "" if (prop.needed if self._takes else prop.required) else "?"

    def _tuple(self, shape: Tuple, depth: int) -> str:
        items = shape.items[: self.detail.properties]
        optional = range(shape.min_items, len(items)) if shape.min_items else ()
        places = [
            f"{self.text(item, depth, tight=number in optional)}{'?' if number in optional else ''}"
            for number, item in enumerate(items)
        ]
        more = self._more(len(shape.items) - len(items))
        if shape.rest is not None and (shape.stated or shape.rest != Anything() or more):
            places.append(f"...{self.text(shape.rest, depth, tight=True)}[]")
        return f"[{', '.join(places)}{more}]"

    def _union(self, options: tuple[Shape, ...], depth: int) -> str:
        # A null goes last, and never falls to a cut.
        null = [option for option in options if isinstance(option, Null)]
        others = [option for option in options if not isinstance(option, Null)]
        shown = others[: self.detail.options]
        printed = [self.text(option, depth, tight=isinstance(option, Intersection)) for option in shown]
        text = " | ".join(dict.fromkeys(printed + ["null" for _ in null]))
        return text + self._more(len(others) - len(shown))

    def _more(self, count: int) -> str:
        if count <= 0:
            return ""
        self.places.note()
        return f" /* …{count} more */"

    def _ref(self, ref: Ref, depth: int, tight: bool) -> str:
        followed = self._shaped.glimpse(ref)
        if isinstance(followed, Object) and not followed.properties and not followed.stated:
            return "object"
        if not goes_by_name(followed):
            return self.text(followed, depth, tight)
        self._named[ref.name] = None
        return self._names.of(self._shaped, ref, ref.name)

    def _record(self, shape: Object, depth: int) -> str:
        if shape.extra is None:
            return EMPTY
        if isinstance(shape.extra, Anything):
            return "Record<string, unknown>" if shape.stated else "object"
        held = self.text(shape.extra, depth)
        if self._defining and comes_back(self._shaped, shape.extra, self._defining, _AT_ONCE):
            return f"{{ [key: string]: {held} }}"  # checkers call a `Record` of itself circular
        return f"Record<string, {held}>"

    def _follow(self, shape: Shape) -> Shape:
        # A definition that prints by its name needs no brackets.
        return shape if isinstance(shape, Ref) and shape.name in self._named else self._shaped.follow(shape)

    def _closed(self, shape: Object) -> str:
        if not shape.properties:
            return "object"
        self.places.note()
        return CLOSED


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
