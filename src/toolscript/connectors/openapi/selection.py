"""Which operations of an API become tools, and as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from toolscript.connectors.openapi.operation import Operation
from toolscript.errors import ConfigError
from toolscript.schema.names import method_names
from toolscript.tools import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of an API is wanted. All patterns are globs (`repos/*`), upper and lower case distinct.

    An operation stays if it fits one pattern of each kind that is given, and none of `exclude`. `tags`, `paths` (of
    the document, such as `/repos/*`) and `methods` (`GET`) say it by kind. `operations` and `exclude` fit ids, names,
    and method with path (`GET /users/*`); so do the keys of `rename`, which name one operation each, and of `effects`,
    of which the first that fits decides. `deprecated` operations can be left out.
    """

    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    effects: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    deprecated: bool = True

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a new name that programs cannot use, and for an effect that is none."""
        for new in self.rename.values():
            made = method_names([new])[new]
            if made != new:
                raise ConfigError(f"rename to {new!r}: programs cannot use this name; {made!r} would do")
        for pattern, effect in self.effects.items():
            if effect not in ("read", "write"):
                raise ConfigError(f'effects: {pattern!r} is {effect!r}; an effect is "read" or "write"')


def selected(operations: Iterable[Operation], selection: Selection) -> tuple[tuple[Operation, ...], tuple[str, ...]]:
    """The operations that are wanted, as they are wanted, and a sentence for every pattern that fits none."""
    every = tuple(operations)
    kept = [each for each in every if _is_kept(each, selection)]
    names = {each.name for each in kept}
    problems = list(_idle(every, selection))
    new: dict[str, str] = {}
    for known, name in selection.rename.items():
        found = [each for each in kept if known in _names(each)]
        if found and name in names - {found[0].name}:
            problems.append(f"rename: {known} cannot be {name}, which is another operation's name")
        elif found:
            new[found[0].id] = name
            names = names - {found[0].name} | {name}
    return tuple(_wanted(each, selection, new) for each in kept), tuple(problems)


def _wanted(operation: Operation, selection: Selection, new: Mapping[str, str]) -> Operation:
    effects = (effect for pattern, effect in selection.effects.items() if _fits((pattern,), _names(operation)))
    return replace(operation, name=new.get(operation.id, operation.name), effect=next(effects, operation.effect))


def _is_kept(operation: Operation, selection: Selection) -> bool:
    if operation.deprecated and not selection.deprecated:
        return False
    wanted = (
        (selection.tags, operation.tags),
        (selection.paths, (operation.path,)),
        (tuple(map(str.upper, selection.methods)), (operation.method,)),
        (selection.operations, _names(operation)),
    )
    return all(not patterns or _fits(patterns, known) for patterns, known in wanted) and not _fits(
        selection.exclude, _names(operation)
    )


def _names(operation: Operation) -> tuple[str, str, str]:
    return operation.id, operation.name, f"{operation.method} {operation.path}"


def _fits(patterns: Iterable[str], names: Iterable[str]) -> bool:
    names = tuple(names)
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


def _idle(operations: tuple[Operation, ...], selection: Selection) -> Iterable[str]:
    """Patterns that fit no operation: most likely they are misspelt."""
    names = [name for each in operations for name in _names(each)]
    asked: tuple[tuple[str, Iterable[str], list[str]], ...] = (
        ("tags", selection.tags, [tag for each in operations for tag in each.tags]),
        ("paths", selection.paths, [each.path for each in operations]),
        ("methods", map(str.upper, selection.methods), [each.method for each in operations]),
        ("operations", selection.operations, names),
        ("exclude", selection.exclude, names),
        ("rename", selection.rename, names),
        ("effects", selection.effects, names),
    )
    for word, patterns, known in asked:
        for pattern in patterns:
            if not _fits((pattern,), known):
                near = get_close_matches(pattern, dict.fromkeys(known), 1, 0.6)
                yield f"{word}: {pattern} fits no operation" + (f"; did you mean {near[0]}?" if near else "")
