"""What models are told of the gaps before they write a program. It imports nothing: a server says it at once."""

from __future__ import annotations

GAPS_TEXT = (
    "Python without: files, network, threads, generators that never end, exception classes with attributes, multiple "
    "inheritance, comparison methods but `__eq__`, `__getattr__`, property setters, metaclasses, `except*`, numpy, "
    "pandas, requests. Use plain dicts, lists and functions; tools for the rest."
)
"""For the description of the tool that runs programs: what is worth knowing before one is written."""
