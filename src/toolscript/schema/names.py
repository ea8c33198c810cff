"""Upstream names as identifiers that are legal in TypeScript and Python alike.

1. A raw name that is an identifier, and no reserved one, keeps its name.
2. What can stand in no identifier becomes `_`, a run of it one `_`, and none at either end; letters of any script stay.
3. A name that begins with a digit gets `_` before it, a reserved one gets `_` after it, an empty one is `tool`.
4. Of several raw names that come to the same, the one of rule 1 keeps it, else the first in sorted order; the others
   get `_2`, `_3`, ... in sorted order, and never a name that another raw name comes to by itself. So names do not
   depend on the order of the raw names.

Text is normalised to NFKC, because Python does so with identifiers and JavaScript does not.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

MAX_LISTED = 8  # of the names that collide
MAX_LENGTH = 96  # an identifier is read in every listing; the longest of 177 recorded tools has 30 characters

# Written out, rather than taken from `keyword`, so that names do not change with the interpreter.
_PYTHON_WORDS = """False None True and as assert async await break class continue def del elif else except finally for
from global if import in is lambda nonlocal not or pass raise return try while with yield"""

_JAVASCRIPT_WORDS = """arguments await break case catch class const continue debugger default delete do else enum eval
export extends false finally for function if implements import in instanceof interface let new null package private
protected public return static super switch this throw true try typeof undefined var void while with yield"""

# What engines look up by themselves on any object: dispatching one of these would turn a look-up into a call.
_PROTOCOL_NAMES = """constructor hasOwnProperty isPrototypeOf propertyIsEnumerable prototype then toJSON toLocaleString
toString valueOf"""

_PYTHON_GLOBALS = """abs aiter all anext any ascii asyncio base64 bin bool breakpoint bytearray bytes callable chr
classmethod collections compile complex dataclasses date datetime decimal delattr dict dir divmod enumerate eval exec
exit filter float format frozenset functools getattr globals hasattr hash help hex id input int isinstance issubclass
iter itertools json len list locals map math max memoryview min next object oct open ord os pathlib pow print property
quit random range re repr reversed round self set setattr slice sorted staticmethod statistics str string sum super sys
timedelta timezone tuple type typing uuid vars zip"""

_JAVASCRIPT_GLOBALS = """AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt Blob Boolean Buffer
DataView Date Deno Error EvalError Event EventTarget FinalizationRegistry Function Headers Infinity Intl Iterator JSON
Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Request Response Set
SharedArrayBuffer String Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint8Array
WeakMap WeakRef WeakSet WebAssembly atob btoa clearInterval clearTimeout console crypto decodeURI decodeURIComponent
encodeURI encodeURIComponent escape exports fetch global globalThis isFinite isNaN main module navigator parseFloat
parseInt performance process queueMicrotask require setImmediate setInterval setTimeout structuredClone unescape
window"""

_RESERVED = frozenset(f"{_PYTHON_WORDS} {_JAVASCRIPT_WORDS} {_PROTOCOL_NAMES}".split())
_PYTHON_ONLY = frozenset(f"{_PYTHON_WORDS} self".split())
_GLOBALS = frozenset(f"{_PYTHON_GLOBALS} {_JAVASCRIPT_GLOBALS} codemode snippets".split())


def method_names(raw: Iterable[str]) -> dict[str, str]:
    """Raw tool names of one source to distinct identifiers; see the rules of this module."""
    return _distinct(raw, _RESERVED, "tool")


def namespace_names(raw: Iterable[str]) -> dict[str, str]:
    """Raw source names to distinct identifiers that also hide no global which either language needs."""
    return _distinct(raw, _RESERVED | _GLOBALS, "server")


def type_name(raw: str) -> str:
    """A raw name as that of a type, which hides no global either."""
    return _identifier(raw, _RESERVED | _GLOBALS, "Type")


def is_identifier(text: str) -> bool:
    """Whether the text can stand as an identifier in TypeScript and in Python, reserved words aside."""
    return text.isidentifier() and (text.isascii() or unicodedata.is_normalized("NFKC", text))


def _distinct(raw: Iterable[str], reserved: frozenset[str], otherwise: str) -> dict[str, str]:
    raws = list(dict.fromkeys(raw))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in raws:
        groups[_identifier(name, reserved, otherwise)].append(name)
    names: dict[str, str] = {}
    for base, members in groups.items():
        first, *others = sorted(members, key=lambda name, base=base: (name != base, name))
        names[first] = base
        number = 1
        for name in others:
            number += 1
            while f"{base}_{number}" in groups:
                number += 1
            names[name] = f"{base}_{number}"
    return {name: names[name] for name in raws}


def _identifier(raw: str, reserved: frozenset[str], otherwise: str) -> str:
    name = raw if is_identifier(raw) else _joined(unicodedata.normalize("NFKC", raw))
    name = name[:MAX_LENGTH] or otherwise
    if not name.isidentifier():
        name = f"_{name}"
    if name in reserved or (name.startswith("__") and name.endswith("__")):
        name += "_"
    return name


def _joined(text: str) -> str:
    """The parts of the text that can stand in an identifier, joined by `_`."""
    spaced = "".join(char if f"a{char}".isidentifier() else " " for char in text)
    first, *rest = spaced.split() or [""]
    name = first
    for part in rest:
        name = f"{name.rstrip('_')}_{part.lstrip('_')}"
    return name.strip("_") if name != first else name


def is_reserved(name: str) -> bool:
    """Whether either language keeps this word for itself."""
    return name in _RESERVED


def argument_names(raw: Iterable[str]) -> dict[str, str]:
    """Names of parameters to distinct names of keyword arguments in Python; only its own words are kept clear of."""
    return _distinct(raw, _PYTHON_ONLY, "argument")


def collisions(names: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for every group of raw names that come to the same, with the names that they were given."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for raw, name in names.items():
        groups[_identifier(raw, _RESERVED, "tool")].append(f"{_quoted(raw)} is {name}")
    clashing = [(base, group) for base, group in groups.items() if len(group) > 1]
    return tuple(f"{len(group)} names come to {base}: {_listed(group)}" for base, group in clashing)


def _listed(texts: list[str]) -> str:
    return ", ".join(texts[:MAX_LISTED]) + (", …" if len(texts) > MAX_LISTED else "")


def _quoted(raw: str) -> str:
    return repr(raw if len(raw) <= 60 else raw[:59] + "…")  # noqa: PLR2004 - a name is recognised by its beginning
