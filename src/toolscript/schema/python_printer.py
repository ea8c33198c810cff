"""Prints shapes as Python types, in one degree of detail, and collects the classes and aliases that they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from toolscript.schema.detail import Detail, Places, needed_first
from toolscript.schema.fitting import Named
from toolscript.schema.meeting import spread
from toolscript.schema.names import is_identifier, is_reserved
from toolscript.schema.notes import note, shape_notes
from toolscript.schema.quoting import python_key, python_literal, python_text
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
    Unknown,
)
from toolscript.schema.type_names import TypeNames, comes_back, goes_by_name, whole_of

MAX_OPTIONAL_PLACES = 4  # of a tuple, written out as tuples of several lengths

_IN_PLACE = (Union, Intersection, Object, Array, Tuple)  # what is printed without a name, objects with members aside
_TYPES = "Any Literal Never NotRequired TypeAlias TypedDict Unpack bool dict float int list str tuple"
TYPE_WORDS = frozenset(_TYPES.split())
"""The names that a printed type is made of: what is called so may not stand where it would hide them."""


class PythonPrinter:
    """Prints the shapes of one schema in one degree of detail, and collects the definitions that it named.

    `inline` prints objects in place, as `{"id": int}`, for a line that declares nothing.
    """

    def __init__(
        self,
        shaped: Shaped,
        detail: Detail,
        max_chars: int,
        *,
        takes: bool = False,
        names: TypeNames | None = None,
        inline: bool = False,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self._shaped = shaped
        self.detail = detail
        self._takes = takes
        self.left = max_chars * 2  # what is printed beyond this is thrown away anyhow
        self._names = TypeNames() if names is None else names
        self._inline = inline
        self._words = words  # in a stub: what to write for a name of a type that something hides
        self._waiting: dict[str, tuple[Shape, int, str]] = {}  # name in the text: what, how deep, its place
        self.places = Places("input" if takes else "output")

    def text(self, shape: Shape, hint: str, depth: int) -> str:
        """The type as an annotation; `hint` names an object that has no name of its own."""
        if self.left <= 0:
            self.places.note()
            return self.word("Any")
        match shape:
            case Union(options):
                text = self._union(options, hint, depth)
            case Intersection():
                text = self.text(spread(shape, self._shaped.follow), hint, depth)
            case Array(items=items):
                inner = self.text(items, f"{hint}Item" if isinstance(items, Array | Union) else hint, depth)
                text = f"{self.word('list')}[{inner}]"
            case Tuple():
                text = self._tuple(shape, hint, depth)
                if self._takes and self._words is not None:  # a checker must take a list as well
                    text += f" | {self.word('list')}[{self.word('Any')}]"
            case Object():
                text = self._object(shape, hint, depth)
            case Ref():
                text = self._ref(shape, hint, depth)
            case _:
                text = self._scalar(shape)
        self.left -= len(text)
        return text

    def member(self, prop: Property, owner: str, depth: int) -> str:
        """The type of a member or an argument."""
        with self.places.within(prop.name):
            return self.text(prop.shape, hint_of(owner, prop.name), depth)

    def note(self, prop: Property) -> str:
        """The comment on a member, empty where there is nothing to say."""
        about = self.detail.about
        if isinstance(prop.shape, Object) and prop.shape.properties:
            prop = replace(prop, notes=(), shape=Anything())  # they stand at its class
        return note(prop, self._shaped.glimpse, about, integers=False) if about else ""

    def whole(self, hint: str) -> str:
        """The type of the whole schema: by its name if it names itself."""
        return self.text(whole_of(self._shaped), hint, self.detail.depth)

    def notes(self, shape: Shape) -> str:
        """The comment on a whole type."""
        return "; ".join(shape_notes(shape, self._shaped.glimpse, integers=False)) if self.detail.about else ""

    def define(self, shape: Shape, name: str, place: str) -> str:
        """The lines of a class or an alias of this name."""
        with self.places.at(place):
            whole = spread(shape, self._shaped.follow)
            if isinstance(whole, Object) and whole.properties:
                return self._class(whole, name, 1)
            return self._alias(whole, name)

    @property
    def cuts(self) -> list[str]:
        """The places where something was cut."""
        return list(self.places.cut)

    def named(self) -> list[Named]:
        """The types that were named, in the order in which they were met."""
        return [Named(name, name, place) for name, (_, _, place) in self._waiting.items()]

    def definition(self, key: str) -> str:
        """The declaration of a type."""
        shape, level, place = self._waiting[key]
        shape = spread(self._shaped.follow(shape), self._shaped.follow)
        with self.places.at(place):
            if isinstance(shape, Object) and shape.properties:
                return self._class(shape, key, level)
            return self._alias(shape, key)

    def state(self) -> tuple[dict[str, tuple[Shape, int, str]], dict[str, None]]:
        """What was named and cut so far."""
        return dict(self._waiting), dict(self.places.cut)

    def restore(self, state: tuple[dict[str, tuple[Shape, int, str]], dict[str, None]]) -> None:
        """As if nothing had been printed since."""
        self._waiting, self.places.cut = dict(state[0]), dict(state[1])

    def _alias(self, shape: Shape, name: str) -> str:
        body = self.text(shape, name, self.detail.depth)
        said = self.notes(shape)
        return f"{name}: TypeAlias = {_quoted(body)}{f'  # {said}' if said else ''}"

    def _class(self, shape: Object, name: str, level: int) -> str:
        properties = needed_first(shape.properties)
        shown = properties[: self.detail.properties]
        members: list[tuple[Property, str]] = []
        for prop in shown:
            if self.left <= 0:
                self.places.note()
                break
            members.append((prop, self._member_type(prop, name, level)))
        plain = all(self._fits_class(prop.name) for prop in shown)  # now that all types in here are known
        lines = [f"class {name}(TypedDict):" if plain else f'{name} = TypedDict("{name}", {{']
        head = "; ".join(
            filter(None, [*shape_notes(shape, self._shaped.glimpse, integers=False), self._further(shape)])
        )
        if head and self.detail.about:
            lines[0] += f"  # {head}"
        for prop, text in members:
            line = f"    {prop.name}: {text}" if plain else f"    {python_key(prop.name)}: {self._forward(text)},"
            said = self.note(prop)
            lines.append(f"{line}  # {said}" if said else line)
            self.left -= len(line)
        if len(shown) < len(properties):
            self.places.note()
            lines.append(f"    # …{len(properties) - len(shown)} more")
        return "\n".join(lines if plain else [*lines, "})"])

    def _forward(self, text: str) -> str:
        """A type as a value: quoted where it names types that may not be there yet."""
        return _quoted(text) if any(word in self._waiting for word in _words.findall(text)) else text

    def _member_type(self, prop: Property, owner: str, level: int) -> str:
        text = self.member(prop, owner, self.detail.depth - level)
        return text if (prop.needed if self._takes else prop.required) else f"NotRequired[{text}]"

    def _fits_class(self, name: str) -> bool:
        """Whether a key can be a name in the body of a class, without hiding a type or being mangled."""
        hides = name in TYPE_WORDS or name in self._waiting
        return is_identifier(name) and not is_reserved(name) and not name.startswith("__") and not hides

    def _further(self, shape: Object) -> str:
        if not shape.stated or shape.extra is None:
            return ""
        if isinstance(shape.extra, Anything):
            return "further keys are allowed"
        return f"further keys: {self._inlined(shape.extra)}"

    def _inlined(self, shape: Shape) -> str:
        detail = Detail(depth=0, properties=6, options=6)
        return PythonPrinter(self._shaped, detail, 200, inline=True, names=self._names).text(shape, "Item", 0)

    def _object(self, shape: Object, hint: str, depth: int) -> str:
        if not shape.properties:
            return self._record(shape, hint, depth)
        if self._inline:
            return self._in_place(shape, hint, depth) if depth > 0 else self._closed()
        if depth < 0:
            return self._closed()
        name = self._names.of(self._shaped, shape, hint)
        level = self.detail.depth - depth + 1
        if name not in self._waiting:
            self._waiting[name] = (shape, level, self.places.here)
        return name

    def _in_place(self, shape: Object, hint: str, depth: int) -> str:
        properties = needed_first(shape.properties)
        shown = properties[: self.detail.properties]
        parts: list[str] = []
        for prop in shown:
            text = self.member(prop, hint, depth - 1)
            wanted = prop.needed if self._takes else prop.required
            parts.append(f"{python_key(prop.name)}: {text if wanted else f'NotRequired[{text}]'}")
        if len(shown) < len(properties):
            self.places.note()
            parts.append("...: ...")
        return f"{{{', '.join(parts)}}}"

    def _record(self, shape: Object, hint: str, depth: int) -> str:
        held = self.word("Any")
        if shape.extra is None:
            held = self.word("Never")
        elif not isinstance(shape.extra, Anything):
            held = self.text(shape.extra, f"{hint}Value", depth)
        return f"{self.word('dict')}[{self.word('str')}, {held}]"

    def _closed(self) -> str:
        self.places.note()
        return f"{self.word('dict')}[{self.word('str')}, ...]" if self._inline else self._record(Object(), "", 0)

    def _tuple(self, shape: Tuple, hint: str, depth: int) -> str:
        items = shape.items[: self.detail.properties]
        places = [self.text(item, f"{hint}{number}", depth) for number, item in enumerate(items, 1)]
        rest = ""
        if len(items) < len(shape.items):
            self.places.note()
            rest = self.word("Any")
        elif shape.rest is not None and (shape.stated or shape.rest != Anything()):
            rest = self.text(shape.rest, f"{hint}Rest", depth)
        least = min(shape.min_items or len(places), len(places))
        if len(places) - least >= MAX_OPTIONAL_PLACES:
            rest = " | ".join(dict.fromkeys([*places[least:], *([rest] if rest else [])]))
            places = places[:least]
        word = self.word("tuple")
        whole = [*places, f"*{word}[{rest}, ...]"] if rest else places
        shorter = [places[:count] for count in range(least, len(places))]
        return " | ".join(f"{word}[{', '.join(each) or '()'}]" for each in [*shorter, whole])

    def _union(self, options: tuple[Shape, ...], hint: str, depth: int) -> str:
        # A None goes last, and never falls to a cut.
        others = [option for option in options if not isinstance(option, Null)]
        shown = others[: self.detail.options]
        literals: dict[str, None] = {}
        parts: dict[str, None] = {}
        for option in shown:
            constant = python_literal(option.json) if isinstance(option, Constant) else None
            if constant is not None and constant != "None":
                literals[constant] = None
            else:
                parts[self.text(option, hint, depth)] = None
        cut = len(shown) < len(others)
        if cut:
            self.places.note()
        if literals:
            listed = ", ".join([*literals, *(["..."] if cut else [])])
            parts = {f"{self.word('Literal')}[{listed}]": None, **parts}
        elif cut:
            parts[self.word("Any")] = None
        if len(shown) < len(options) and any(isinstance(option, Null) for option in options):
            parts["None"] = None
        return " | ".join(parts)

    def _ref(self, ref: Ref, hint: str, depth: int) -> str:
        followed = self._shaped.glimpse(ref)
        is_map = isinstance(followed, Object) and not followed.properties
        if (is_map and not comes_back(self._shaped, followed, ref.name, _IN_PLACE)) or not goes_by_name(followed):
            return self.text(followed, hint, depth)
        name = self._names.of(self._shaped, ref, ref.name)
        if name not in self._waiting:
            self._waiting[name] = (ref, 1, ref.name)
        return name

    def _scalar(self, shape: Shape) -> str:
        match shape:
            case Null():
                return "None"
            case Boolean():
                return self.word("bool")
            case Number(integer=integer):
                return self.word("int" if integer else "float")
            case String():
                return self.word("str")
            case Constant(json=text):
                return self._constant(text)
            case Nothing():
                return self.word("Never")
            case Unknown() | _:
                return self.word("Any")

    def _constant(self, text: str) -> str:
        constant = python_literal(text)
        if constant is not None:
            return constant if constant == "None" else f"{self.word('Literal')}[{constant}]"
        kinds = {"{": f"{self.word('dict')}[{self.word('str')}, {self.word('Any')}]", '"': self.word("str")}
        if text.startswith("["):
            return f"{self.word('list')}[{self.word('Any')}]"
        digits = text.lstrip("-")
        return kinds.get(text[:1], self.word("int" if digits.isdecimal() else "float"))

    def word(self, word: str) -> str:
        return word if self._words is None else self._words.get(word, word)


_words = re.compile(r"\w+")


def hint_of(owner: str, name: str) -> str:
    """The name of a type that has none, from whose it is and what it is called there."""
    parts = "".join(char if f"a{char}".isidentifier() else " " for char in name[:60]).replace("_", " ").split()
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    wanted = f"{owner}{joined or 'Item'}"
    return wanted[:96] if is_identifier(wanted[:96]) else f"{owner}Item"


def _quoted(text: str) -> str:
    """An annotation as a string, where names in it may not be there yet."""
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text and "\\" not in text else python_text(_escaped(text))


def _escaped(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'
