"""How a call of a tool is written, for errors: the built-in tools take plain arguments, which no schema says."""

from __future__ import annotations

from toolscript.schema.typescript import signature
from toolscript.tools import Tool

_OWN = {
    "codemode.search": "codemode.search(query, { limit?, offset?, namespace? })",
    "codemode.describe": "codemode.describe(paths)",
    "codemode.run": "codemode.run(name, input)",
    "codemode.sleep": "codemode.sleep(seconds)",
    "codemode.show": "codemode.show(value)",
    "codemode.step": "codemode.step(name, async () => { ... })",
    "codemode.result": "codemode.result(run)",
    "codemode.state_get": "codemode.state.get(key)",
    "codemode.state_set": "codemode.state.set(key, value)",
    "codemode.state_delete": "codemode.state.delete(key)",
    "codemode.state_keys": "codemode.state.keys()",
}


def usage(tool: Tool) -> str:
    """The signature of a tool; of a built-in one, the call as programs write it."""
    return _OWN.get(str(tool.path)) or signature(tool)
