"""Close gaps in classes: inheritance, properties, static and class methods, exceptions, enumerations, named tuples.

1. A class that inherits from classes of the program gets what they have as attributes of its own; `super()` is the base
   itself, and `isinstance` asks for all classes that inherit.
2. A property is a method that is called wherever its name is read of an object of its class.
3. An exception of the program's own, without a body, is a built-in one that nothing else raises. Its name is put right
   where a failure is told.
4. What cannot be done exactly is lacking.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from toolscript.guests.python import prelude
from toolscript.guests.python.work import Work

_NOTHING = frozenset(("object", "ABC", "Generic", "Protocol", "abc.ABC", "typing.Generic", "typing.Protocol"))
_STAND_INS = ("NotADirectoryError", "IsADirectoryError")
"""Built-in exceptions that the engine has and never raises for a program without files."""
_OVER_STAND_INS = frozenset(("OSError", "IOError", "EnvironmentError", *_STAND_INS))
_DECORATORS = frozenset(("property", "staticmethod", "classmethod"))
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
_EXCEPTIONS = frozenset(
    ("Exception", "ValueError", "RuntimeError", "KeyError", "TypeError", "LookupError", "BaseException")
)


_MOST_ANCESTORS = 20  # of a class: more is not written by hand
_TAKING = frozenset(("list", "tuple", "set", "sorted", "len", "enumerate", "zip", "map", "filter", "reversed", "iter"))


@dataclass(frozen=True, slots=True)
class _Bases:
    """The bases of a class by what they are."""

    own: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def close(work: Work) -> None:
    """Make the edits."""
    classes = {node.name: node for node in work.names.of(ast.ClassDef)}
    families: dict[str, list[str]] = {}
    properties: dict[str, set[str]] = {}
    for node in sorted(classes.values(), key=lambda node: node.lineno):
        bases = _bases(work, node, classes)
        if node.keywords and not _is_abstract(node) and bases.foreign != ("TypedDict",):
            work.lack(node, "class keywords and metaclasses are not supported: call a function after the class")
        elif len(bases.foreign) == 1 and not bases.own:
            _foreign(work, node, bases.foreign[0])
        elif bases.foreign:
            work.lack(
                node,
                f"inheritance from `{bases.foreign[0]}` beside another class is not supported: hold it as an attribute",
            )
        else:
            _plain(work, node, bases.own, classes, families)
        _methods(work, node, properties)
    _read_properties(work, properties, families)
    if families:
        _isinstance(work, families)


def _bases(work: Work, node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> _Bases:
    own: list[str] = []
    foreign: list[str] = []
    for base in node.bases:
        module, member = work.names.origin(base)
        name = member or ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if name in classes:
            own.append(name)
        elif name not in _NOTHING and not (module in ("typing", "abc") and name in ("Generic", "Protocol", "ABC")):
            foreign.append(name)
    return _Bases(tuple(own), tuple(foreign))


def _is_abstract(node: ast.ClassDef) -> bool:
    return all(
        keyword.arg == "metaclass" and ast.unparse(keyword.value).endswith("ABCMeta") for keyword in node.keywords
    )


def _drop_bases(work: Work, node: ast.ClassDef) -> None:
    """Take the bases and keywords away, with their brackets."""
    listed = [*node.bases, *(keyword.value for keyword in node.keywords)]
    if not listed:
        return
    edits, source = work.edits, work.edits.source
    name = source.index(node.name.encode(), edits.offset(node.lineno, node.col_offset) + len("class"))
    start = source.index(b"(", name)
    end = source.index(b")", max(map(edits.end, listed)))
    lines = source.count(b"\n", start, end)
    edits.replace(start, end + 1, "\\\n" * lines)


def _plain(
    work: Work, node: ast.ClassDef, own: Sequence[str], classes: dict[str, ast.ClassDef], families: dict[str, list[str]]
) -> None:
    _drop_bases(work, node)
    for name in sorted(_UNHEARD.keys() & _defined(node)):
        work.lack(node, f"`{name}` of `{node.name}` is never called here: {_UNHEARD[name]}")
    if not own:
        return
    why = _not_inherited(work, node, own, classes)
    if why:
        work.lack(node, f"`{node.name}` cannot inherit: {why}; hold a `{own[0]}` as an attribute instead")
        return
    inherited: dict[str, str] = {}
    for base in own:
        for name in _members(classes[base], classes):
            if name not in _defined(node):
                inherited.setdefault(name, base)
    first = node.body[0]
    if inherited and not work.begins_line(first):
        work.lack(node, f"`{node.name}` cannot inherit on one line: write its body on lines of its own")
        return
    if inherited:
        work.line_before(first, "; ".join(f"{name} = {base}.{name}" for name, base in inherited.items()))
    for base in own:
        for each in [base, *_ancestors(classes[base], classes)]:
            families.setdefault(each, []).append(node.name)
    _supers(work, node, own[0])


def _not_inherited(work: Work, node: ast.ClassDef, own: Sequence[str], classes: dict[str, ast.ClassDef]) -> str:
    """Why a class cannot get what its bases have by name."""
    if len(_ancestors(node, classes)) > _MOST_ANCESTORS:
        return f"more than {_MOST_ANCESTORS} classes stand above it"
    for base in own:
        held = classes[base]
        if (
            held.lineno >= node.lineno
            or work.names.parents.get(held) is not work.names.tree
            or work.names.bound[base] > 1
        ):
            return f"`{base}` is not a class that stands before it at the top"
        if held.decorator_list or node.decorator_list:
            return "a class with a decorator"
        if any(isinstance(each, ast.If | ast.For | ast.Try | ast.With) for each in held.body):
            return f"`{base}` has statements that are no definitions"
        if any(name in work.exceptions.values() for name in (base, node.name)):
            return f"`{base}` is an exception"
    return "" if len(own) == 1 else "of several classes"


def _defined(node: ast.ClassDef) -> set[str]:
    found: set[str] = set()
    for each in node.body:
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                found.add(name)
            case _:
                pass
    return found


def _members(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[str]:
    found = _defined(node)
    for base in _ancestors(node, classes):
        found |= _defined(classes[base])
    return sorted(found)


def _ancestors(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[str]:
    found: list[str] = []
    left = [node]
    while left and len(found) <= _MOST_ANCESTORS:
        for base in left.pop().bases:
            if isinstance(base, ast.Name) and base.id in classes and base.id != node.name and base.id not in found:
                found.append(base.id)
                left.append(classes[base.id])
    return found


def _supers(work: Work, node: ast.ClassDef, base: str) -> None:
    """`super().method(...)` is `Base.method(self, ...)`."""
    for call in work.supers(node):
        member = work.names.parents.get(call)
        outer = work.names.parents.get(member) if isinstance(member, ast.Attribute) else None
        method = work.names.function(call)
        if (
            not isinstance(member, ast.Attribute)
            or not isinstance(outer, ast.Call)
            or outer.func is not member
            or not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
            or work.names.parents.get(method) is not node
            or not method.args.args
            or any(
                isinstance(each, ast.Name) and each.id in ("staticmethod", "classmethod")
                for each in method.decorator_list
            )
        ):
            work.lack(call, f"`super()` is not supported here: write `{base}.method(self, ...)`")
            continue
        opening = work.opening(outer)
        if member.attr == "__init__" and not _has(work, base, "__init__"):
            work.edits.replace(work.edits.start(outer), work.edits.end(outer), "None")
        elif opening is not None:
            work.edits.replace(work.edits.start(call), work.edits.end(call), base)
            work.edits.insert(opening, f"{method.args.args[0].arg}, ")


def _has(work: Work, base: str, name: str) -> bool:
    classes = {node.name: node for node in work.names.of(ast.ClassDef)}
    return name in _members(classes[base], classes)


def _isinstance(work: Work, families: dict[str, list[str]]) -> None:
    """A class that others inherit from stands for all of them in `isinstance` and `except`."""
    for call in work.names.of(ast.Call):
        match call:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]):
                named = kind.elts if isinstance(kind, ast.Tuple) else [kind]
                for each in named:
                    if isinstance(each, ast.Name) and each.id in families:
                        listed = ", ".join([each.id, *families[each.id]])
                        text = listed if kind is not each else f"({listed})"
                        work.edits.replace(work.edits.start(each), work.edits.end(each), text)
            case _:
                pass


def _methods(work: Work, node: ast.ClassDef, properties: dict[str, set[str]]) -> None:
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in method.decorator_list:
                _decorated(work, node, method, decorator, properties)


def _decorated(
    work: Work,
    node: ast.ClassDef,
    method: ast.FunctionDef | ast.AsyncFunctionDef,
    decorator: ast.expr,
    properties: dict[str, set[str]],
) -> None:
    name = work.names.origin(decorator)[1] or ast.unparse(decorator)
    start = work.edits.source.rindex(b"@", 0, work.edits.start(decorator))
    if name in ("abstractmethod", "abc.abstractmethod", "override"):
        work.edits.replace(start, work.edits.end(decorator), "")
    elif name == "property":
        work.edits.replace(start, work.edits.end(decorator), "")
        properties.setdefault(method.name, set()).add(node.name)
    elif name in ("staticmethod", "classmethod"):
        work.edits.replace(start, work.edits.end(decorator), "")
        _unbound(work, node, method, is_static=name == "staticmethod")
    else:
        work.lack(
            decorator,
            f"a decorator on a method is not supported (`@{name}`): "
            + (
                "use a method `set_" + method.name + "`"
                if name.endswith(".setter")
                else "call the function in the method"
            ),
        )


def _unbound(
    work: Work, node: ast.ClassDef, method: ast.FunctionDef | ast.AsyncFunctionDef, *, is_static: bool
) -> None:
    """Calls of a method that belongs to the class: by the class, by its first parameter, or by `self`."""
    for read in work.names.members(method.name):
        if not isinstance(read.ctx, ast.Load):
            continue
        call = work.names.parents.get(read)
        opening = work.opening(call) if isinstance(call, ast.Call) and call.func is read else None
        owner = _owner(work, read.value, node)
        if opening is not None and not owner and is_static and isinstance(read.value, ast.Name):
            name = read.value.id
            either = f"({node.name}.{read.attr} if isinstance({name}, {node.name}) else {name}.{read.attr})"
            work.edits.replace(work.edits.start(read), work.edits.end(read), either)
            continue
        if opening is None or not owner:
            kind = "static" if is_static else "class"
            instead = f"call `{node.name}.{method.name}(...)`"
            work.lack(read, f"`{ast.unparse(read)}` is not supported for a {kind} method: {instead}")
            continue
        if owner != ast.unparse(read.value):
            work.edits.replace(work.edits.start(read.value), work.edits.end(read.value), owner)
        if not is_static:
            work.edits.insert(opening, f"{owner}, ")


def _owner(work: Work, value: ast.expr, node: ast.ClassDef) -> str:
    """The class by which an expression reaches a method of it; empty where that is in doubt."""
    match value:
        case ast.Name(id=name) if name in (node.name, "cls"):
            return name
        case ast.Name(id="self") if node in work.names.around(value):
            return node.name
        case ast.Name(id=name):
            stored = [each for each in work.names.named(name) if isinstance(each.ctx, ast.Store)]
            held = [work.names.parents.get(each) for each in stored[:2]]
            made = [each.value for each in held if isinstance(each, ast.Assign)]
            is_one = len(made) == work.names.bound[name] and all(_makes(each, node.name) for each in made)
            return node.name if made and is_one else ""
        case ast.Call(func=ast.Name(id=name)) if name == node.name:
            return node.name
        case _:
            return ""


def _makes(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name


def _read_properties(work: Work, properties: dict[str, set[str]], families: dict[str, list[str]]) -> None:
    for read in [read for name in properties for read in work.names.members(name)]:
        if not isinstance(read.ctx, ast.Load):
            work.lack(read, f"`{read.attr}` is a property: it cannot be assigned; use another name")
            continue
        owners = sorted({each for name in properties[read.attr] for each in (name, *families.get(name, ()))})
        work.needs.add("_ts_read")
        work.edits.insert(work.edits.start(read), "_ts_read(")
        made = f", ({', '.join(owners)},), lambda o: o.{read.attr})"
        work.edits.replace(work.dot(read), work.edits.end(read), made)


def _foreign(work: Work, node: ast.ClassDef, base: str) -> None:
    if base in _EXCEPTIONS or base.endswith(("Error", "Exception")):
        _exception(work, node, base)
    elif base == "TypedDict":
        _drop_bases(work, node)
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
    _drop_bases(work, node)
    given = f", defaults=({defaults})" if defaults else ""
    work.needs.add("_ts_namedtuple")
    made = f'_ts_namedtuple("{node.name}", [{listed}]{given})'
    work.line_after(node.body[-1], f"{node.name} = {made}", like=node)


def _enumeration(work: Work, node: ast.ClassDef) -> None:
    """Members are objects of the class; what asks the class itself asks the prelude."""
    listed = [each.targets[0] for each in node.body if isinstance(each, ast.Assign)]
    names = [target.id for target in listed if isinstance(target, ast.Name) and not target.id.startswith("_")]
    defined = _defined(node)
    if len(names) != len(listed) or defined & {"__new__", "__init__", "_missing_", "_generate_next_value_"}:
        work.lack(node, f"`{node.name}` is more than names with values: use constants, or a dict of names and values")
        return
    made = prelude.object_of("enum")
    work.needs |= {"enum:_made", "enum:_members", "enum:_names", "enum:_by_value"}
    _drop_bases(work, node)
    shown = f"{'__str__' in defined}, {'__repr__' in defined}"
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
    _drop_bases(work, node)
    work.line_after(node.body[-1], f"{node.name} = {left[0]}", like=node)
