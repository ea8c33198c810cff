"""What a failed program's author probably meant, as the catalogue knows it.

A hint is no part of a run: it is worked out for whoever reads the result, and a replay needs none.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure

_undefined = re.compile(r"^(?:name )?'?([^\W\d][\w$]*)'? is not defined")


def hint_of(failure: Failure, catalog: Catalog) -> str:
    """A sentence about a name that is not there; empty where nothing helps."""
    match = _undefined.match(failure.message)
    if failure.name not in ("ReferenceError", "NameError") or match is None:
        return ""
    name = match[1]
    methods = [tool for tool in catalog.tools if name in (tool.path.method, tool.raw_name)]
    if methods:
        return "Tools are called with their namespace: " + ", ".join(str(tool.path) for tool in methods[:3]) + "."
    folded = {namespace.lower().replace("_", ""): namespace for namespace in catalog.namespaces}
    near = get_close_matches(name.lower().replace("_", ""), folded, n=2, cutoff=0.7)
    if near:
        return "Did you mean the namespace " + ", or ".join(folded[one] for one in near) + "?"
    return ""
