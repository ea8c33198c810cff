"""A server on stdio for tests: function tools behind `front.serve`. Run as a script; options stand in the arguments."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from toolscript.surfaces.mcp_server.front import serve
from toolscript.surfaces.mcp_server.options import ServeOptions

if TYPE_CHECKING:
    from toolscript.runtime.runtime import Runtime


def assemble() -> Runtime:
    import mcp_parts

    return mcp_parts.runtime(slow=bool(os.environ.get("TOOLS_SLOW")))


if __name__ == "__main__":
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    options["expose"] = tuple(options.get("expose", ()))
    sys.exit(serve(assemble, ServeOptions(**options), ["crm", "shop"]))
