"""Whether a value fits a schema, and in plain words where it does not.

1. What the schema does not clearly forbid passes: the source checks again, and knows better.
2. Checking never fails and never hangs: a pattern that could run away is not tried, a recursive schema is followed
   `MAX_STEPS` times, and each (definition, value) pair once.
3. A problem names the offending part by its path, what was expected, what was given, and the likely cure. Of a union
   the nearest option is explained.
4. What does not fit is read in another way where exactly one other way fits: as `toolscript.schema.coerce` says.

A schema is compiled once into closures; each takes a value and its place and gives problems, `()` where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from toolscript.schema.coerce import coerced
from toolscript.schema.leaves import constants_check, kind_check, number_check, string_check
from toolscript.schema.problems import (
    MAX_PROBLEMS,
    Place,
    Problem,
    Problems,
    bare_name,
    between,
    is_deep,
    meant_name,
    mismatch,
    missing_problem,
    path_text,
    unknown_problem,
)
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
    Ref,
    Shape,
    String,
    Tuple,
    Union,
    Unknown,
)
from toolscript.schema.words import JSON, Words
from toolscript.tools import Schema

MAX_STEPS = 20_000  # definitions that one check follows; what lies beyond them passes


class _Walk:
    """What one check has looked at so far."""

    __slots__ = ("seen", "steps")

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], Problems] = {}
        self.steps = 0


_Check = Callable[[Any, Place, _Walk], Problems]


def check(schema: Schema, value: Any) -> Problems:
    """The problems of a value, `()` where it fits."""
    return Checker(schema).value(value)


class Checker:
    """The compiled form of one schema, for as many values as come."""

    def __init__(self, schema: Schema, words: Words = JSON) -> None:
        self._shaped = Shaped(schema)
        self._words = words
        self._named: dict[str, _Check] = {}
        self._asked: dict[int, tuple[Shape, _Check]] = {}
        self._root = self._compiled(self._shaped.root)

    def value(self, value: Any) -> Problems:
        """The problems of any value; paths begin with `$`."""
        return self._root(value, ("$",), _Walk())[:MAX_PROBLEMS]

    def arguments(self, args: Mapping[str, Any]) -> Problems:
        """The problems of a call's arguments by name; paths begin with the argument's name."""
        return self._root(args, ("",), _Walk())[:MAX_PROBLEMS]

    def fitted(self, args: dict[str, Any]) -> tuple[dict[str, Any], Problems]:
        """A call's arguments as the schema takes them, and the problems that are left: rule 4."""
        problems = self.arguments(args)
        if not problems:
            return args, problems
        read: Any = coerced(args, self._shaped.root, follow=self._shaped.follow, takes=self._takes)
        return (args, problems) if read is args else (read, self.arguments(read))

    def _takes(self, shape: Shape, value: Any) -> bool:
        known = self._asked.get(id(shape))
        if known is None:
            known = self._asked[id(shape)] = (shape, self._compiled(shape))
        return not known[1](value, ("$",), _Walk())

    def _compiled(self, shape: Shape) -> _Check:
        match shape:
            case Anything() | Unknown():
                return _anything
            case Nothing():
                return lambda value, at, walk: (Problem(path_text(at), "no value is allowed here; leave it out"),)
            case Null() | Boolean():
                return kind_check(shape, self._words)
            case Number():
                return number_check(shape, self._words)
            case String():
                return string_check(shape, self._words)
            case Constant():
                return constants_check(shape, (shape,), self._words)
            case Array():
                return self._array(shape)
            case Tuple():
                return self._tuple(shape)
            case Object():
                return self._object(shape)
            case Union():
                return self._union(shape)
            case Intersection(parts):
                checks = [self._compiled(part) for part in parts]
                return lambda value, at, walk: tuple(
                    dict.fromkeys(problem for each in checks for problem in each(value, at, walk))
                )
            case Ref():
                return self._ref(shape)

    def _array(self, shape: Array) -> _Check:
        each, least, most = self._compiled(shape.items), shape.min_items, shape.max_items

        def run(value: Any, at: Place, walk: _Walk) -> Problems:
            if not isinstance(value, list | tuple):
                return (mismatch(shape, value, at, self._words),)
            items = cast("Sequence[Any]", value)
            if len(items) < least or (most is not None and len(items) > most):
                return (Problem(path_text(at), f"expected {between(least, most, 'item')}, got {len(items)}"),)
            if each is _anything:
                return ()
            problems: Problems = ()
            for index, item in enumerate(items):
                if found := each(item, (at, index), walk):
                    problems += found
                    if len(problems) >= MAX_PROBLEMS:
                        break
            return problems

        return run

    def _tuple(self, shape: Tuple) -> _Check:
        places = [self._compiled(item) for item in shape.items]
        rest = None if shape.rest is None else self._compiled(shape.rest)

        def run(value: Any, at: Place, walk: _Walk) -> Problems:
            if not isinstance(value, list | tuple):
                return (mismatch(shape, value, at, self._words),)
            items = cast("Sequence[Any]", value)
            if len(items) < shape.min_items or (rest is None and len(items) > len(places)):
                most = len(places) if rest is None else None
                return (Problem(path_text(at), f"expected {between(shape.min_items, most, 'item')}, got {len(items)}"),)
            problems: Problems = ()
            for index, item in enumerate(items):
                of_place = places[index] if index < len(places) else rest
                problems += of_place(item, (at, index), walk) if of_place else ()
            return problems

        return run

    def _object(self, shape: Object) -> _Check:
        checks = {prop.name: self._compiled(prop.shape) for prop in shape.properties}
        optional = {prop.name: prop.shape for prop in shape.properties if not prop.needed}
        required = [prop.name for prop in shape.properties if prop.needed]
        extra = None if shape.extra is None else self._compiled(shape.extra)
        lone = {bare_name(name): name for name in checks}

        def run(value: Any, at: Place, walk: _Walk) -> Problems:
            if not isinstance(value, dict):
                return (mismatch(shape, value, at, self._words),)
            members = cast("dict[str, Any]", value)
            problems: Problems = ()
            strange: list[str] = []
            for name, held in members.items():
                of_name = checks.get(name)
                if of_name is None:
                    strange.append(name)
                elif found := of_name(held, (at, name), walk):
                    if held is None and name in optional:
                        found = (
                            Problem(path_text((at, name)), f"{self._null_for(optional[name])}; leave it out instead"),
                        )
                    problems += found
            missing = [name for name in required if name not in members]
            if strange:
                problems += _strangers(strange, members, at, walk)
            if missing and not strange:
                problems += tuple(missing_problem(shape, name, at, self._words) for name in missing)
            return problems

        def _strangers(strange: list[str], members: dict[str, Any], at: Place, walk: _Walk) -> Problems:
            absent = [name for name in checks if name not in members]
            missing = [name for name in absent if name in required]
            problems: Problems = ()
            for name in strange:
                meant = meant_name(name, missing, lone, absent if extra is None else missing)
                if meant is not None or extra is None:
                    problems += (unknown_problem(shape, name, meant, at),)
                    if meant in missing:
                        missing.remove(meant)
                elif extra is not _anything:
                    problems += extra(members[name], (at, name), walk)
            return problems + tuple(missing_problem(shape, name, at, self._words) for name in missing)

        return run

    def _union(self, shape: Union) -> _Check:
        constants = tuple(option for option in shape.options if isinstance(option, Constant))
        others = [option for option in shape.options if not isinstance(option, Constant)]
        if not others:
            return constants_check(shape, constants, self._words)
        checks: list[tuple[Shape, _Check]] = [(option, self._compiled(option)) for option in others]
        if constants:
            checks.append((Union(constants), constants_check(Union(constants), constants, self._words)))

        def run(value: Any, at: Place, walk: _Walk) -> Problems:
            nearest: tuple[tuple[int, int, int], Problems] | None = None
            for option, of_option in checks:
                found = of_option(value, at, walk)
                if not found:
                    return ()
                rank = self._distance(option, value, found, at)
                if nearest is None or rank < nearest[0]:
                    nearest = (rank, found)
            if nearest is None or nearest[0][0]:
                return (mismatch(shape, value, at, self._words, self._shaped.follow),)
            return self._undecided(shape, value, at) or nearest[1]

        return run

    def _distance(self, option: Shape, value: Any, found: Problems, at: Place) -> tuple[int, int, int]:
        """How far a value is from an option: of another type, then with other constants, then by problems."""
        here = path_text(at)
        followed = self._shaped.follow(option)
        elsewhere = any(problem.path == here for problem in found) and not isinstance(followed, Union)
        clashes = 0
        if isinstance(followed, Object) and isinstance(value, dict):
            elsewhere = False
            members = cast("dict[str, Any]", value)
            for prop in followed.properties:
                if isinstance(prop.shape, Constant) and members.get(prop.name, prop) != prop.shape.value:
                    clashes += 1
        elif isinstance(followed, String) and isinstance(value, str):
            elsewhere = False
        elif isinstance(followed, Union) and all(isinstance(each, Constant) for each in followed.options):
            elsewhere = not isinstance(value, str)
        return int(elsewhere), clashes, len(found)

    def _undecided(self, shape: Union, value: Any, at: Place) -> Problems:
        """Of objects that are told apart by a constant: that the value holds none of these constants."""
        followed = [self._shaped.follow(option) for option in shape.options]
        told = [
            {prop.name: prop.shape for prop in option.properties if isinstance(prop.shape, Constant)}
            for option in followed
            if isinstance(option, Object)
        ]
        if len(told) < 2 or not isinstance(value, dict):  # noqa: PLR2004 - one option needs no telling apart
            return ()
        members = cast("dict[str, Any]", value)
        for name in told[0]:
            constants = tuple(each[name] for each in told if name in each)
            if name in members and len(constants) == len(told):
                return constants_check(Union(constants), constants, self._words)(members[name], (at, name), None)
        return ()

    def _null_for(self, shape: Shape) -> str:
        return f"expected {self._words.expected(shape)}, got {self._words.null}"

    def _ref(self, ref: Ref) -> _Check:
        def run(value: Any, at: Place, walk: _Walk) -> Problems:
            key = (ref.name, id(value))
            known = walk.seen.get(key)
            if known is not None:
                return known
            walk.steps += 1
            if walk.steps > MAX_STEPS or is_deep(at):
                return ()
            walk.seen[key] = ()  # a definition that leads back to itself with the same value says nothing new
            of_name = self._named.get(ref.name)
            if of_name is None:
                of_name = self._named[ref.name] = self._compiled(self._shaped.resolve(ref))
            found = of_name(value, at, walk)
            walk.seen[key] = found
            return found

        return run


def _anything(value: Any, at: Place, walk: _Walk) -> Problems:
    return ()
