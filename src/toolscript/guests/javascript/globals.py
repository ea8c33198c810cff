"""The names that every program has without declaring them, beside its namespaces."""

from __future__ import annotations

_LANGUAGE = """
Object Function Error EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError AggregateError
SuppressedError Iterator Array parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI
encodeURIComponent escape unescape Infinity NaN undefined eval Number Boolean String Math Reflect Symbol
DisposableStack AsyncDisposableStack globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet ArrayBuffer
Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array
Float16Array Float32Array Float64Array DataView Promise
"""
_PRELUDE = """
queueMicrotask DOMException btoa atob Intl ToolError GuestError setTimeout setInterval clearTimeout clearInterval
setImmediate clearImmediate console TextEncoder TextDecoder structuredClone EventTarget Event AbortSignal
AbortController Blob crypto performance URL URLSearchParams
"""
GLOBALS = frozenset((_LANGUAGE + _PRELUDE).split())
"""What `globalThis` has in the engine; a test compares."""

NO_CALLS = frozenset(("pages",))
"""Methods of `codemode` that are none of its tools: what they do, they do by calls of others."""

IN_PROGRAMS = frozenset(("input", "arguments", "module", "exports"))
"""What the wrapper and functions bring, or what its reading of a program takes care of (`module.exports = ...`)."""
