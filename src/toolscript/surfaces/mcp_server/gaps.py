"""What a model is told of Python that it cannot do."""

from __future__ import annotations

from toolscript.runtime.plugs import load
from toolscript.surfaces.mcp_server.options import ServeOptions


def gaps_of(options: ServeOptions) -> str:
    """The gaps of the small engine, in a few words; nothing where no program meets them.

    Where CPython is offered as well, programs that meet one run there.
    """
    if "python" not in options.languages or "cpython" in options.languages:
        return ""
    return load("toolscript.guests.python.gaps_text:GAPS_TEXT")
