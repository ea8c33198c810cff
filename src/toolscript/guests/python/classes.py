"""Close gaps in classes, by what they inherit from, and in their methods. What cannot be done exactly is lacking."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from toolscript.guests.python import methods, special
from toolscript.guests.python.families import Families, defined
from toolscript.guests.python.work import Work

_NOTHING = frozenset(("object", "ABC", "Generic", "Protocol", "abc.ABC", "typing.Generic", "typing.Protocol"))
_UNHEARD = {
    "__getattr__": "name the attributes, or use a dict",
    "__getattribute__": "name the attributes, or use a dict",
    "__setattr__": "use a method",
    "__new__": "use `__init__`, or a function",
    "__init_subclass__": "call a function after the class",
    "__class_getitem__": "leave the type parameters out",
    "__del__": "call a method in `finally`",
    "__bool__": "call a method in the condition, such as `if x.is_open():`",
    "__lt__": "sort with `key=`",
    "__gt__": "sort with `key=`",
    "__le__": "sort with `key=`",
    "__ge__": "sort with `key=`",
}


@dataclass(frozen=True, slots=True)
class _Bases:
    """The bases of a class by what they are."""

    own: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def close(work: Work) -> None:
    """Make the edits."""
    families = Families(work)
    properties: dict[str, set[str]] = {}
    for node in sorted(families.classes.values(), key=lambda node: node.lineno):
        bases = _bases(work, node, families)
        if node.keywords and not _is_abstract(node) and bases.foreign != ("TypedDict",):
            work.lack(node, "class keywords and metaclasses are not supported: call a function after the class")
        elif len(bases.foreign) == 1 and not bases.own:
            special.close(work, node, bases.foreign[0])
        elif bases.foreign:
            work.lack(
                node,
                f"inheritance from `{bases.foreign[0]}` beside another class is not supported: hold it as an attribute",
            )
        else:
            work.drop_bases(node)
            _never_called(work, node)
            if bases.own:
                families.inherit(node, bases.own)
        methods.close(work, node, properties)
    methods.read_properties(work, properties, families)
    if families.heirs:
        families.in_isinstance()


def _bases(work: Work, node: ast.ClassDef, families: Families) -> _Bases:
    own: list[str] = []
    foreign: list[str] = []
    for base in node.bases:
        module, member = work.names.origin(base)
        name = member or ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if name in families.classes:
            own.append(name)
        elif name not in _NOTHING and not (module in ("typing", "abc") and name in ("Generic", "Protocol", "ABC")):
            foreign.append(name)
    return _Bases(tuple(own), tuple(foreign))


def _is_abstract(node: ast.ClassDef) -> bool:
    return all(
        keyword.arg == "metaclass" and ast.unparse(keyword.value).endswith("ABCMeta") for keyword in node.keywords
    )


def _never_called(work: Work, node: ast.ClassDef) -> None:
    for name in sorted(_UNHEARD.keys() & defined(node)):
        work.lack(node, f"`{name}` of `{node.name}` is never called here: {_UNHEARD[name]}")
