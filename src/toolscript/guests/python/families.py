"""Close gaps in classes that inherit from classes of the program.

Such a class gets what they have as attributes of its own; `super()` is the base itself, and `isinstance` asks for all
classes that inherit. What cannot be done exactly is lacking.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from toolscript.guests.python.work import Work

_MOST_ANCESTORS = 20  # of a class: more is not written by hand


class Families:
    """The classes of a program by name, and the `heirs` of each that others inherit from."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.classes = {node.name: node for node in work.names.of(ast.ClassDef)}
        self.heirs: dict[str, list[str]] = {}

    def inherit(self, node: ast.ClassDef, own: Sequence[str]) -> None:
        """Give a class what these bases have."""
        work = self._work
        why = self._not_inherited(node, own)
        if why:
            work.lack(node, f"`{node.name}` cannot inherit: {why}; hold a `{own[0]}` as an attribute instead")
            return
        inherited: dict[str, str] = {}
        for base in own:
            for name in self._members(base):
                if name not in defined(node):
                    inherited.setdefault(name, base)
        first = node.body[0]
        if inherited and not work.begins_line(first):
            work.lack(node, f"`{node.name}` cannot inherit on one line: write its body on lines of its own")
            return
        if inherited:
            work.line_before(first, "; ".join(f"{name} = {base}.{name}" for name, base in inherited.items()))
        for base in own:
            for each in [base, *self._ancestors(self.classes[base])]:
                self.heirs.setdefault(each, []).append(node.name)
        self._supers(node, own[0])

    def in_isinstance(self) -> None:
        """A class that others inherit from stands for all of them in `isinstance`."""
        work = self._work
        for call in work.names.of(ast.Call):
            match call:
                case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]):
                    named = kind.elts if isinstance(kind, ast.Tuple) else [kind]
                    for each in named:
                        if isinstance(each, ast.Name) and each.id in self.heirs:
                            listed = ", ".join([each.id, *self.heirs[each.id]])
                            text = listed if kind is not each else f"({listed})"
                            work.edits.replace(work.edits.start(each), work.edits.end(each), text)
                case _:
                    pass

    def _not_inherited(self, node: ast.ClassDef, own: Sequence[str]) -> str:
        """Why a class cannot get what its bases have by name."""
        work = self._work
        if len(self._ancestors(node)) > _MOST_ANCESTORS:
            return f"more than {_MOST_ANCESTORS} classes stand above it"
        for base in own:
            held = self.classes[base]
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

    def _members(self, name: str) -> list[str]:
        node = self.classes[name]
        found = defined(node)
        for base in self._ancestors(node):
            found |= defined(self.classes[base])
        return sorted(found)

    def _ancestors(self, node: ast.ClassDef) -> list[str]:
        found: list[str] = []
        left = [node]
        while left and len(found) <= _MOST_ANCESTORS:
            for base in left.pop().bases:
                if (
                    isinstance(base, ast.Name)
                    and base.id in self.classes
                    and base.id != node.name
                    and base.id not in found
                ):
                    found.append(base.id)
                    left.append(self.classes[base.id])
        return found

    def _supers(self, node: ast.ClassDef, base: str) -> None:
        """`super().method(...)` is `Base.method(self, ...)`."""
        work = self._work
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
            if member.attr == "__init__" and "__init__" not in self._members(base):
                work.edits.replace(work.edits.start(outer), work.edits.end(outer), "None")
            elif opening is not None:
                work.edits.replace(work.edits.start(call), work.edits.end(call), base)
                work.edits.insert(opening, f"{method.args.args[0].arg}, ")


def defined(node: ast.ClassDef) -> set[str]:
    """The names that the body of a class binds."""
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
