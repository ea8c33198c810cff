"""`codemode.next_page`: what the connector of a tool knows of the pages of its results.

1. Nothing is called here. A page is an ordinary call of its tool, which the program makes, and the policy decides.
2. What a connector knows, it knows of calls that it made itself. Of any other (the process that made it has died) it
   is not known what comes next: the program makes the call again, and then asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.errors import ToolError
from toolscript.ports import Connector, Pager
from toolscript.runs.program import Language, syntax_of


class Paging:
    """Answers for the connectors that know of pages."""

    def __init__(self, catalog: Callable[[], Catalog], connector: Callable[[str], Connector | None]) -> None:
        self._catalog = catalog
        self._connector = connector

    def next_page(self, path: str, args: Mapping[str, Any], run: str, language: Language) -> Any:
        """`{known, next, items}` for the call of a tool with these arguments that this run has made."""
        catalog = self._catalog()
        tool = catalog.find(path)
        if tool is None:
            raise ToolError(f"there is no tool {path}: pass a tool, as in codemode.pages(github.list_issues, ...)")
        connector = self._connector(tool.path.namespace)
        if not isinstance(connector, Pager):
            raise ToolError(
                f"{path} does not say how the pages of its results follow each other: call it yourself, "
                "with the arguments for each page"
            )
        fitted, _ = catalog.fitted(tool, dict(args), syntax_of(language))
        page = connector.page(tool, fitted, run)
        if page is None:
            return {"known": False, "next": None, "items": None}
        if page.problem:
            raise ToolError(f"{path}: {page.problem}")
        following = None if page.next is None else dict(page.next)
        return {"known": True, "next": following, "items": None if page.items is None else list(page.items)}
