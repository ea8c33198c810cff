"""Loads plugs by name, so that a plug's libraries are imported only when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from toolscript.errors import ConfigError

_extras = {"mcp": "mcp", "mcp_types": "mcp", "httpx2": "mcp", "starlette": "mcp", "uvicorn": "mcp", "anyio": "mcp"}


def load(name: str) -> Any:
    """The object that `package.module:name` names; `ConfigError` with the install command if an extra is missing."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _extras:
            raise
        raise ConfigError(
            f"{library} is not installed; this needs it: pip install 'toolscript[{_extras[library]}]'"
        ) from error
