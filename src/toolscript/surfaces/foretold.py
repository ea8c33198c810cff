"""The namespace of a Python object that is named in the configuration, told from its module's text.

Nothing is imported: a server names its namespaces before it has loaded anything.
"""

from __future__ import annotations

import ast
from pathlib import Path

MOST_BYTES = 1 << 20


def namespace_of(name: str, folder: Path) -> str:
    """The namespace that `module:object` brings: that of its connector, or for a function the name of its module.

    Where the text does not say it, the object's name: connectors are mostly called like their namespaces.
    """
    module, _, attribute = name.partition(":")
    wanted = attribute.partition(".")[0]
    for statement in _statements(folder / module.replace(".", "/")):
        match statement:
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) if bound == wanted:
                return module.rpartition(".")[2]
            case (
                ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call(args=[ast.Constant(value=str(said)), *_]))
                | ast.AnnAssign(target=ast.Name(id=bound), value=ast.Call(args=[ast.Constant(value=str(said)), *_]))
            ) if bound == wanted and said.isidentifier():
                return said
            case _:
                pass
    return wanted


def _statements(path: Path) -> list[ast.stmt]:
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        try:
            if file.stat().st_size <= MOST_BYTES:
                return ast.parse(file.read_bytes()).body
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
    return []
