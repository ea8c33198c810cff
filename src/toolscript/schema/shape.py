"""A JSON Schema as a `Shape`: the one module that knows schema keywords.

It reads drafts 04 to 2020-12 and OpenAPI 3.0 alike, because tools mix them. Its rules:

1. It never fails and never hangs: what cannot be understood is `Unknown` with the reason, and everything is bounded
   (`MAX_DEPTH`, `MAX_NODES`).
2. A `$ref` stays a `Ref` by name, built on demand (`Shaped.resolve`): cycles are harmless, a large document that is
   reached from everywhere costs only what is looked at.
3. A missing `type` is inferred from the keywords that stand beside it.
4. `allOf` is merged where the parts are objects, and otherwise an `Intersection`. `additionalProperties: false` holds
   only where all merged parts say so: the letter of the law would make such schemas unsatisfiable.
5. `not`, `if`, `dependent...` and `contains` only narrow: they become notes for a reader, and the source checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from toolscript.schema.beyond import beyond
from toolscript.schema.definitions import Definitions, is_plain_object
from toolscript.schema.grounding import Grounding, names_of
from toolscript.schema.keywords import (
    constant,
    count_of,
    inferred,
    is_of,
    json_text,
    list_of,
    member,
    number_of,
    pointed,
    telling,
    text_of,
    types_of,
)
from toolscript.schema.meeting import arrays_joined, met
from toolscript.schema.shapes import (
    Anything,
    Array,
    Boolean,
    Constant,
    Intersection,
    Nothing,
    Null,
    Object,
    Property,
    Ref,
    Shape,
    String,
    Tuple,
    Union,
    Unknown,
)
from toolscript.tools import Schema

MAX_DEPTH = 40  # nesting without `$ref`; ten servers' tools and four vendors' documents go down to 10
MAX_LEVELS = 56  # of nesting, through definitions that have to be known at once: what fits on the stack
MAX_PLACES = 200  # of a tuple
MAX_NODES = 20_000  # of one schema with all that it refers to; the largest of four vendors' has 2,538


_BOOLEANS: tuple[Shape, ...] = (Boolean(), Constant("true"), Constant("false"))
SOME_OBJECT = Object(properties=(Property(name="", shape=Anything()),))
"""What stands for an object with properties that nobody has looked at yet."""


class Shaped:
    """A schema's root shape, and the definitions that its `Ref`s name."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._definitions = Definitions(schema)
        self._builder = _Builder(self._definitions)
        self._ground = Grounding(raw=self._builder.raw, merged=self._builder.merged, united=_union)
        root = self._builder.build(schema, 0)
        itself = next((ref for ref in names_of(root) if self.is_whole(ref)), None)
        self.root: Shape = root if itself is None else self.resolve(itself)

    def is_whole(self, ref: Ref) -> bool:
        """Whether a `Ref` of this schema stands for all of it."""
        return self._definitions.node(ref) is self._schema

    def resolve(self, ref: Ref) -> Shape:
        """What a `Ref` of this schema stands for: never a `Ref` again, and no option or part of itself."""
        return self._ground.of(ref, self._builder.resolve(ref))

    def glimpse(self, shape: Shape) -> Shape:
        """As `follow`, but a definition that is plainly an object is not built: `SOME_OBJECT` stands for it."""
        if isinstance(shape, Ref) and is_plain_object(self._definitions.node(shape)):
            return SOME_OBJECT
        return self.follow(shape)

    def node(self, ref: Ref) -> Any:
        """The schema that a `Ref` of this schema was read from, to tell whether two are the very same."""
        return self._definitions.node(ref)

    def named(self, name: str) -> Ref | None:
        """The definition of this name, if the schema has one."""
        return self._definitions.named(name)

    def follow(self, shape: Shape) -> Shape:
        """The shape itself, or what it refers to."""
        return self.resolve(shape) if isinstance(shape, Ref) else shape


def shape(schema: Schema) -> Shaped:
    """The shape of a schema, of any draft and any quality."""
    return Shaped(schema)


def parameters(schema: Schema) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, description and enum texts of the top-level properties: quick, for indexing."""
    if not isinstance(schema, Mapping):
        return
    nodes: list[Any] = [schema, *list_of(schema.get("allOf"))]
    for node in nodes[:20]:
        properties: Any = member(pointed(schema, member(node, "$ref")) or node, "properties")
        if isinstance(properties, Mapping):
            for name, held in cast("Mapping[Any, Any]", properties).items():
                held_schema: Mapping[str, Any] = cast("Mapping[str, Any]", held) if isinstance(held, Mapping) else {}
                words = tuple(item for item in list_of(held_schema.get("enum")) if isinstance(item, str))
                yield str(name), text_of(held_schema.get("description")), words


class _Builder:
    """Builds the shapes of one document, and remembers the definitions that were referred to."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._built: dict[str, Shape] = {}
        self._building: set[str] = set()
        self._left = MAX_NODES
        self._levels = 0

    def resolve(self, ref: Ref) -> Shape:
        name = ref.name
        if name in self._built:
            return self._built[name]
        if name in self._building or not self._definitions.has(ref):
            return Unknown(f"{name} is defined by itself")
        self._building.add(name)
        try:
            built = self.build(self._definitions.node(ref), 0)
            if isinstance(built, Ref):
                built = self.resolve(built)
        finally:
            self._building.discard(name)
        self._built[name] = built
        return built

    def raw(self, ref: Ref) -> Shape | None:
        """A definition as it stands, None where it is plainly an object."""
        return None if is_plain_object(self._definitions.node(ref)) else self.resolve(ref)

    def build(self, schema: Any, depth: int) -> Shape:
        self._left -= 1
        if depth > MAX_DEPTH or self._levels >= MAX_LEVELS:
            return Unknown("nested too deeply")
        if self._left < 0:
            return Unknown("the schema is too large")
        if isinstance(schema, bool):
            return Anything() if schema else Nothing()
        if not isinstance(schema, Mapping):
            return Unknown("not a schema")
        node = cast("Mapping[str, Any]", schema)
        self._levels += 1
        parts: list[Shape] = [part for part in self._parts(node, depth + 1) if not isinstance(part, Anything)]
        built = self.merged(parts)
        self._levels -= 1
        if node.get("nullable") is True or node.get("x-nullable") is True:
            built = _union((built, Null()))
        return built

    def _parts(self, node: Mapping[str, Any], depth: int) -> Iterator[Shape]:
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if keyword in node:
                yield self._definitions.at(node[keyword])
        yield self._own(node, depth)
        for part in list_of(node.get("allOf")):
            yield self.build(part, depth)
        for keyword in ("anyOf", "oneOf"):
            options = list_of(node.get(keyword))
            if options:
                inherited = self._inherited(node, options)
                yield _union(self.build(option, depth) for option in inherited)

    @staticmethod
    def _inherited(node: Mapping[str, Any], options: list[Any]) -> list[Any]:
        """Options that only name required properties, completed with what the node says of those."""
        properties = node.get("properties")
        if not isinstance(properties, Mapping):
            return options
        known = cast("Mapping[str, Any]", properties)
        completed: list[Any] = []
        for option in options:
            if isinstance(option, Mapping) and "required" in option and "properties" not in option:
                names = [name for name in list_of(cast("Any", option).get("required")) if name in known]
                completed.append({**cast("Any", option), "properties": {name: known[name] for name in names}})
            else:
                completed.append(option)
        return completed

    def _own(self, node: Mapping[str, Any], depth: int) -> Shape:
        """What the node says by itself: its constants, or its types with their keywords."""
        types = types_of(node)
        if "const" in node:
            return constant(node["const"])
        values = list_of(node.get("enum"))
        if values:
            fitting = [value for value in values if not types or any(is_of(value, kind) for kind in types)]
            options = [constant(value) for value in (fitting or values)]
            if "null" in types and Constant("null") not in options and None not in values:
                options.append(Constant("null"))
            return _union(options)
        if not types:
            kind = inferred(node)
            types = [kind] if kind else []
        if not types:
            return Anything()
        return _union(self._typed(kind, node, depth) for kind in types)

    def _typed(self, kind: str, node: Mapping[str, Any], depth: int) -> Shape:
        match kind:
            case "null":
                return Null()
            case "boolean":
                return Boolean()
            case "number" | "integer":
                return number_of(node, integer=kind == "integer")
            case "string":
                pattern, form = node.get("pattern"), node.get("format")
                return String(
                    min_length=count_of(node.get("minLength")) or 0,
                    max_length=count_of(node.get("maxLength")),
                    pattern=pattern if isinstance(pattern, str) else None,
                    format=form if isinstance(form, str) else None,
                )
            case "array":
                return self._array(node, depth)
            case "object":
                return self._object(node, depth)
            case "any":
                return Anything()
            case _:
                return Unknown(f"type {kind[:40]!r}")

    def _array(self, node: Mapping[str, Any], depth: int) -> Shape:
        items, least = node.get("items"), count_of(node.get("minItems")) or 0
        places = node.get("prefixItems") if "prefixItems" in node else items
        if isinstance(places, list):
            further = items if "prefixItems" in node else node.get("additionalItems")
            if further is None and isinstance(node.get("unevaluatedItems"), bool | Mapping):
                further = node["unevaluatedItems"]
            rest = Anything() if further is None else self.build(further, depth)
            shapes = tuple(self.build(place, depth) for place in cast("list[Any]", places)[:MAX_PLACES])
            most = count_of(node.get("maxItems"))
            closed = rest == Nothing() or (most is not None and most <= len(shapes))
            return Tuple(
                items=shapes, rest=None if closed else rest, min_items=least, stated=closed or further is not None
            )
        return Array(
            items=Anything() if items is None else self.build(items, depth),
            min_items=least,
            max_items=count_of(node.get("maxItems")),
            unique=node.get("uniqueItems") is True,
        )

    def _object(self, node: Mapping[str, Any], depth: int) -> Object:
        required = {name for name in list_of(node.get("required")) if isinstance(name, str)}
        held: Any = node.get("properties")
        members: Mapping[Any, Any] = cast("Mapping[Any, Any]", held) if isinstance(held, Mapping) else {}
        properties = [self._property(str(name), member, required, depth) for name, member in members.items()]
        named = {prop.name for prop in properties}
        properties += [
            Property(name=name, shape=Anything(), required=True) for name in sorted(required) if name not in named
        ]
        extra, stated = self._extra(node, depth)
        return Object(properties=tuple(properties), extra=extra, stated=stated, notes=beyond(node))

    def _property(self, name: str, member: Any, required: set[str], depth: int) -> Property:
        node: Mapping[str, Any] = cast("Mapping[str, Any]", member) if isinstance(member, Mapping) else {}
        return Property(
            name=name,
            shape=self.build(member, depth),
            required=name in required or node.get("required") is True,  # draft 03 said it in the property
            about=text_of(node.get("description")) or telling(node.get("title"), name),
            default=json_text(node["default"]) if "default" in node and node["default"] is not None else None,
            deprecated=node.get("deprecated") is True,
            example=_example(node),
            notes=beyond(node),
        )

    def _extra(self, node: Mapping[str, Any], depth: int) -> tuple[Shape | None, bool]:
        patterns: Any = node.get("patternProperties")
        shapes = (
            [self.build(held, depth) for held in cast("Mapping[Any, Any]", patterns).values()]
            if isinstance(patterns, Mapping)
            else []
        )
        said = node.get("additionalProperties", node.get("unevaluatedProperties"))
        if said is None:
            return (Anything(), False) if not shapes else (_union([*shapes, Anything()]), True)
        if said is not False:
            shapes.append(self.build(said, depth))
        return (_union(shapes) if shapes else None), True

    def merged(self, parts: list[Shape]) -> Shape:
        """What satisfies all the parts: objects become one object, what is said twice is said once."""
        if not parts:
            return Anything()
        if len(parts) == 1:
            return parts[0]
        whole: list[Shape] = []
        joined: Object | None = None
        for part in parts:
            followed = self.resolve(part) if isinstance(part, Ref) else part
            if isinstance(followed, Object):
                joined = followed if joined is None else self._joined(joined, followed)
            elif isinstance(followed, Array) and (place := self._array_in(whole)) is not None:
                whole[place] = self._both(whole[place], part)
            elif part not in whole:
                whole.append(part)
        if joined is not None and not (joined == Object() and whole):
            refs = [part for part in parts if isinstance(part, Ref)]
            sole = refs[0] if refs and joined == self.resolve(refs[0]) else joined
            whole.insert(0, sole)
        if len(whole) > 1:
            whole = met([part for part in whole if not isinstance(part, Unknown)] or whole, self._follow)
        return whole[0] if len(whole) == 1 else Intersection(tuple(whole))

    def _follow(self, shape: Shape) -> Shape:
        return self.resolve(shape) if isinstance(shape, Ref) else shape

    def _array_in(self, parts: list[Shape]) -> int | None:
        return next((place for place, part in enumerate(parts) if isinstance(self._follow(part), Array)), None)

    def _both(self, left: Shape, right: Shape) -> Shape:
        """What is both arrays: items of one are those of the other."""
        mine, theirs = self._follow(left), self._follow(right)
        self._left -= 1
        if not isinstance(mine, Array) or not isinstance(theirs, Array) or mine == theirs or self._left < 0:
            return left
        items: list[Shape] = [
            each for each in dict.fromkeys((mine.items, theirs.items)) if not isinstance(each, Anything)
        ]
        joined = arrays_joined(mine, theirs, self.merged(items))
        return left if joined == mine else right if joined == theirs else joined

    def _joined(self, left: Object, right: Object) -> Object:
        properties = {prop.name: prop for prop in left.properties}
        for prop in right.properties:
            mine = properties.get(prop.name)
            if mine is None:
                properties[prop.name] = prop
                continue
            self._left -= 1
            both = [mine.shape] if mine.shape == prop.shape else [mine.shape, prop.shape]
            properties[prop.name] = replace(
                mine,
                shape=self.merged([each for each in both if not isinstance(each, Anything)])
                if self._left > 0
                else mine.shape,
                required=mine.required or prop.required,
                about=prop.about or mine.about,
                default=prop.default or mine.default,
            )
        closed = left.extra is None and right.extra is None
        extra = left.extra if not isinstance(left.extra, Anything | None) else right.extra
        return Object(
            properties=tuple(properties.values()),
            extra=None if closed else extra or Anything(),
            stated=left.stated and right.stated,
            notes=tuple(dict.fromkeys(left.notes + right.notes)),
        )


def _example(node: Mapping[str, Any]) -> str | None:
    """The first example that a node gives, as JSON text."""
    for value in [*list_of(node.get("examples")), *([node["example"]] if "example" in node else [])]:
        if value is not None:
            return json_text(value)
    return None


def _union(shapes: Iterable[Shape]) -> Shape:
    options: dict[Shape, None] = {}
    for each in shapes:
        for option in each.options if isinstance(each, Union) else (each,):
            if not isinstance(option, Nothing):
                options[Null() if option == Constant("null") else option] = None
    if any(isinstance(option, Anything) for option in options):
        return Anything()
    match _with_booleans_folded(options):
        case []:
            return Nothing()
        case [only]:
            return only
        case several:
            return Union(tuple(several))


def _with_booleans_folded(options: dict[Shape, None]) -> list[Shape]:
    """Options in which true and false, or either beside booleans, are booleans."""
    both = [option for option in _BOOLEANS if option in options]
    if len(both) < 2:  # noqa: PLR2004 - of two values
        return list(options)
    return list(dict.fromkeys(Boolean() if option in both else option for option in options))
