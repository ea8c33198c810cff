"""`codemode.pages(tool, args)`: an async generator of the prelude, which calls a tool for one page after another."""

from __future__ import annotations

import ast

from toolscript.guests.python import prelude, tasks
from toolscript.guests.python.work import Work


def close(work: Work) -> None:
    """Make the edits."""
    for node in work.names.of(ast.Attribute):
        match node:
            case ast.Attribute(value=ast.Name(id="codemode"), attr="pages"):
                work.needs.add(f"{tasks.MODULE}:_pages")
                made = f"{prelude.object_of(tasks.MODULE)}._pages"
                work.edits.replace(work.edits.start(node), work.edits.end(node), made)
            case _:
                pass
