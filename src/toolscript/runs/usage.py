"""How a call of a tool is written, for errors: the built-in tools take plain arguments, which no schema says."""

from __future__ import annotations

from toolscript.schema.syntax import Syntax, signature
from toolscript.tools import Tool

_TYPESCRIPT = {
    "codemode.search": "codemode.search(query, { limit?, offset?, namespace? })",
    "codemode.describe": "codemode.describe(paths)",
    "codemode.run": "codemode.run(name, input)",
    "codemode.sleep": "codemode.sleep(seconds)",
    "codemode.show": "codemode.show(value)",
    "codemode.step": "codemode.step(name, async () => { ... })",
    "codemode.result": "codemode.result(run)",
    "codemode.next_page": "codemode.pages(tool, args)",
    "codemode.state_get": "codemode.state.get(key)",
    "codemode.state_set": "codemode.state.set(key, value)",
    "codemode.state_delete": "codemode.state.delete(key)",
    "codemode.state_keys": "codemode.state.keys()",
}
_PYTHON = {
    **_TYPESCRIPT,
    "codemode.search": "codemode.search(query, limit=..., offset=..., namespace=...)",
    "codemode.step": "codemode.step(name, function)",
}


def usage(tool: Tool, syntax: Syntax = "typescript") -> str:
    """The signature of a tool; of a built-in one, the call as programs write it."""
    return (_PYTHON if syntax == "python" else _TYPESCRIPT).get(str(tool.path)) or signature(tool, syntax)
