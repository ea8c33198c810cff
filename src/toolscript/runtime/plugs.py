"""Loads plugs by name, so that a plug's libraries are imported only when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from toolscript.errors import ConfigError

_extras = {
    **dict.fromkeys(("mcp", "mcp_types", "starlette", "uvicorn", "anyio"), "mcp"),
    **dict.fromkeys(("pydantic_monty",), "python"),
    **dict.fromkeys(("h2", "httpcore2", "yaml"), "openapi"),
    "httpx2": "mcp",  # and of `openapi`, by which it may be missed too
}


def load(name: str) -> Any:
    """The object that `package.module:name` names; `ConfigError` with the install command if an extra is missing."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _extras:
            raise
        wanted = "openapi" if library == "httpx2" and ".openapi" in module else _extras[library]
        raise _missing(library, wanted) from error


def require(library: str) -> None:
    """Raise `ConfigError` with the install command if a library of an extra is missing; nothing is imported."""
    if importlib.util.find_spec(library) is None:
        raise _missing(library, _extras[library])


def _missing(library: str, extra: str) -> ConfigError:
    return ConfigError(f"{library} is not installed; this needs it: pip install 'toolscript[{extra}]'")
