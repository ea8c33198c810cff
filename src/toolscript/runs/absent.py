"""Names of other surroundings that models write in a program, and what to use instead, by the program's syntax."""

from __future__ import annotations

from collections.abc import Mapping

from toolscript.schema.syntax import Syntax

_SEARCH = '`await codemode.search("…")` finds tools that do it'
WEB = f"a program cannot reach the network: call a tool ({_SEARCH})"
FILES = f"a program has no files: call a tool ({_SEARCH}), or keep values with `codemode.state`"
PROCESS = "a program has no process and no environment: read what it needs from `input`"
_PAGE = "there is no page and no browser here: call a tool, and return plain values"
_MODULE = (
    "there are no modules here: nothing can be loaded. Tools are in scope as namespaces already "
    f"({_SEARCH}); for the rest write plain JavaScript"
)
_STATE = "nothing is stored between programs but what `codemode.state.set(key, value)` keeps"
_RUNTIME = f"this is no Node, Deno or Bun: what has an effect is a tool ({_SEARCH})"
_NO_GLOBAL = "use `globalThis`"
_IN_TYPESCRIPT: Mapping[str, str] = {
    **dict.fromkeys(("fetch", "XMLHttpRequest", "WebSocket", "EventSource", "axios", "http", "https", "net"), WEB),
    **dict.fromkeys(("Headers", "Request", "Response", "FormData"), WEB),
    **dict.fromkeys(("fs", "fsp", "File", "FileReader"), FILES),
    **dict.fromkeys(("process", "os", "child_process", "__dirname", "__filename"), PROCESS),
    **dict.fromkeys(("Deno", "Bun"), _RUNTIME),
    **dict.fromkeys(("require", "importScripts"), _MODULE),
    **dict.fromkeys(("document", "navigator", "location", "alert", "prompt", "confirm"), _PAGE),
    **dict.fromkeys(("localStorage", "sessionStorage", "indexedDB", "caches"), _STATE),
    **dict.fromkeys(("window", "self", "global"), _NO_GLOBAL),
    **dict.fromkeys(("Worker", "SharedWorker", "MessageChannel", "BroadcastChannel"),
                    "there are no threads here: run calls in parallel with `await Promise.all([...])`"),
    **dict.fromkeys(("SharedArrayBuffer", "Atomics"), "there is no shared memory here: use an `ArrayBuffer`"),
    **dict.fromkeys(("requestAnimationFrame", "requestIdleCallback"), "use `setTimeout`"),
    "Buffer": "use `Uint8Array`, with `new TextEncoder().encode(text)` for text and `atob`/`btoa` for base64",
    "path": "there is no module `path` here: join with template literals",
    "util": "there is no module `util` here: `console.log` shows objects, `structuredClone` copies them",
    "lodash": "there is no lodash here: use the methods of arrays and `Object.groupBy`",
    "moment": "there is no moment here: use `Date` and `Intl.DateTimeFormat`",
    "WebAssembly": "WebAssembly cannot be used here: write plain JavaScript",
    "tools": "there is no `tools` here: each namespace is in scope by its own name",
    "MCP": "there is no `MCP` here: each namespace is in scope by its own name",
    "sleep": "use `await codemode.sleep(seconds)`",
    "print": "use `console.log(...)`, or `codemode.show(value)` for people",
}  # fmt: skip

_NO_THREADS = "there are no threads here: run calls in parallel with `await asyncio.gather(...)`"
_NO_TABLES = "write it with lists and dicts, `math` and `statistics`"
_IMPORTS = (
    "asyncio", "base64", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal", "functools",
    "hashlib", "heapq", "html", "io", "itertools", "json", "math", "operator", "random", "re", "statistics", "string",
    "textwrap", "time", "typing", "urllib", "uuid",
)  # fmt: skip
_IN_PYTHON: Mapping[str, str] = {
    **{name: f"write `import {name}` first" for name in _IMPORTS},
    **dict.fromkeys(("requests", "httpx", "aiohttp", "urllib3", "fetch", "axios"), WEB),
    **dict.fromkeys(("os", "sys", "subprocess", "process", "shutil"), PROCESS),
    **dict.fromkeys(("Path", "pathlib", "fs", "glob"), FILES),
    **dict.fromkeys(("threading", "ThreadPoolExecutor", "concurrent", "multiprocessing"), _NO_THREADS),
    **dict.fromkeys(("np", "numpy", "pd", "pandas"), _NO_TABLES),
    **dict.fromkeys(("null", "undefined", "nil"), "write `None` for no value"),
    "true": "write `True`, with a capital letter",
    "false": "write `False`, with a capital letter",
    "console": "use `print(...)`",
    "JSON": "use `json.dumps(...)` and `json.loads(...)`, after `import json`",
    "Promise": "use `await asyncio.gather(...)`, after `import asyncio`",
    "tools": "there is no `tools` here: each namespace is in scope by its own name",
    "MCP": "there is no `MCP` here: each namespace is in scope by its own name",
    "mcp": "there is no `mcp` here: each namespace is in scope by its own name",
    "sleep": "use `await codemode.sleep(seconds)`",
    "display": "use `codemode.show(value)`",
    "gather": "use `await asyncio.gather(...)`, after `import asyncio`",
    "datetime": "write `from datetime import datetime` first, or `import datetime` for `datetime.datetime`",
    "timedelta": "write `from datetime import timedelta` first",
    "timezone": "write `from datetime import timezone` first",
    "defaultdict": "write `from collections import defaultdict` first",
    "Counter": "write `from collections import Counter` first",
    "dataclass": "write `from dataclasses import dataclass` first",
}
ABSENT: Mapping[Syntax, Mapping[str, str]] = {"typescript": _IN_TYPESCRIPT, "python": _IN_PYTHON}
BY_MEMBER: Mapping[tuple[str, str], str] = {
    ("datetime", method): "write `import datetime` first"
    for method in ("datetime", "date", "time", "timedelta", "timezone")
} | {
    ("datetime", method): "write `from datetime import datetime` first"
    for method in ("now", "utcnow", "today", "fromisoformat", "fromtimestamp", "strptime", "combine")
}
"""The same where the method that is called says more: a module and its class may have one name."""
