"""A server on stdio for tests: function tools behind `front.serve`. Run as a script; its options are an argument."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from toolscript.surfaces.mcp_server.front import serve
from toolscript.surfaces.mcp_server.options import ServeOptions

if TYPE_CHECKING:
    from toolscript.runs.program import Language
    from toolscript.runtime.runtime import Runtime


def _assemble(languages: tuple[Language, ...]) -> Runtime:
    import mcp_parts  # what a command loads after the first reply

    return mcp_parts.runtime(languages)


if __name__ == "__main__":
    given: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    given["expose"] = tuple(given.get("expose", ()))
    given["languages"] = tuple(given.get("languages", ("typescript",)))
    sys.exit(serve(partial(_assemble, given["languages"]), ServeOptions(**given), ["crm", "shop"]))
