"""Close gaps in classes that inherit from one of Python's own: exceptions, enumerations, named tuples, typed dicts.

1. An exception of the program's own, without a body, is a built-in one that nothing else raises. Its name is put right
   where a failure is told.
2. What cannot be done exactly is lacking.
"""

from __future__ import annotations

import ast

from toolscript.guests.python import prelude
from toolscript.guests.python.families import defined
from toolscript.guests.python.work import Work

_STAND_INS = ("NotADirectoryError", "IsADirectoryError")
"""Built-in exceptions that the engine has and never raises for a program without files."""
_OVER_STAND_INS = frozenset(("OSError", "IOError", "EnvironmentError", *_STAND_INS))
_EXCEPTIONS = frozenset(
    ("Exception", "ValueError", "RuntimeError", "KeyError", "TypeError", "LookupError", "BaseException")
)
_TAKING = frozenset(("list", "tuple", "set", "sorted", "len", "enumerate", "zip", "map", "filter", "reversed", "iter"))


def close(work: Work, node: ast.ClassDef, base: str) -> None:
    """Make the edits of one class."""
    if base in _EXCEPTIONS or base.endswith(("Error", "Exception")):
        _exception(work, node, base)
    elif base == "TypedDict":
        work.drop_bases(node)
        work.line_after(node.body[-1], f"{node.name} = dict", like=node)
    elif base == "NamedTuple" and all(isinstance(each, ast.AnnAssign) or _is_docstring(each) for each in node.body):
        _named_tuple(work, node)
    elif base == "Enum" and work.names.bound[node.name] == 1 and work.names.parents.get(node) is work.names.tree:
        _enumeration(work, node)
    elif base in ("Enum", "StrEnum", "IntEnum", "str", "int", "Flag", "IntFlag"):
        work.lack(node, f"`class {node.name}({base})` is not supported: use constants, or a dict of names and values")
    else:
        work.lack(node, f"inheritance from `{base}` is not supported: hold it as an attribute")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _named_tuple(work: Work, node: ast.ClassDef) -> None:
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    listed = ", ".join(f'"{ast.unparse(each.target)}"' for each in fields)
    defaults = "".join(f"{ast.unparse(each.value)}, " for each in fields if each.value is not None)
    work.drop_bases(node)
    given = f", defaults=({defaults})" if defaults else ""
    work.needs.add("_ts_namedtuple")
    made = f'_ts_namedtuple("{node.name}", [{listed}]{given})'
    work.line_after(node.body[-1], f"{node.name} = {made}", like=node)


def _enumeration(work: Work, node: ast.ClassDef) -> None:
    """Members are objects of the class; what asks the class itself asks the prelude."""
    listed = [each.targets[0] for each in node.body if isinstance(each, ast.Assign)]
    names = [target.id for target in listed if isinstance(target, ast.Name) and not target.id.startswith("_")]
    has = defined(node)
    if len(names) != len(listed) or has & {"__new__", "__init__", "_missing_", "_generate_next_value_"}:
        work.lack(node, f"`{node.name}` is more than names with values: use constants, or a dict of names and values")
        return
    made = prelude.object_of("enum")
    work.needs |= {"enum:_made", "enum:_members", "enum:_names", "enum:_by_value"}
    work.drop_bases(node)
    shown = f"{'__str__' in has}, {'__repr__' in has}"
    work.line_after(node.body[-1], f"{made}._made({node.name}, {names!r}, {shown})", like=node)
    for read in work.names.named(node.name):
        if not isinstance(read.ctx, ast.Load):
            continue
        held = work.names.parents.get(read)
        match held:
            case ast.Call(func=func) if func is read:
                asked = f"{made}._by_value({node.name})"
            case ast.Subscript(value=value) if value is read:
                asked = f"{made}._names({node.name})"
            case ast.Attribute(attr="__members__"):
                work.edits.replace(work.edits.start(held), work.edits.end(held), f"{made}._names({node.name})")
                continue
            case ast.For() | ast.comprehension() | ast.Starred() | ast.Compare(ops=[ast.In() | ast.NotIn()]):
                asked = f"{made}._members({node.name})"
            case ast.Call(func=ast.Name(id=name)) if name in _TAKING:
                asked = f"{made}._members({node.name})"
            case _:
                continue
        work.edits.replace(work.edits.start(read), work.edits.end(read), asked)


def _exception(work: Work, node: ast.ClassDef, base: str) -> None:
    left = [name for name in _STAND_INS if name not in work.exceptions]
    is_bare = all(isinstance(each, ast.Pass) or _is_docstring(each) for each in node.body)
    named = {each.id for each in work.names.of(ast.Name)}
    looks = any(each.attr in ("__name__", "__class__") for each in work.names.of(ast.Attribute))
    raises = '`raise ValueError("…")` with the kind in its words'
    if base not in ("Exception", "OSError") or not is_bare or not left or named & _OVER_STAND_INS or looks:
        work.lack(node, f"exceptions of your own are not supported where they are more than a name: {raises}")
        return
    work.exceptions[left[0]] = node.name
    work.drop_bases(node)
    work.line_after(node.body[-1], f"{node.name} = {left[0]}", like=node)
