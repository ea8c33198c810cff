"""Which texts were hard to check lately: one that is made to be hard is often sent again, with another comment."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from typing import Literal

MOST = 500  # texts
How = Literal["", "slow", "hard"]
"""`slow`: it gave way to others, and stands in line behind its like. `hard`: it took all the time that it may."""


class Hardness:
    """Remembers it by a text without its comments and spaces. Any thread may call it."""

    def __init__(self, trivia: str) -> None:
        """`trivia` is a pattern of what a text may have more or less of, and be the same."""
        self._trivia = re.compile(f"(?:{trivia})+", re.DOTALL)
        self._held: OrderedDict[bytes, How] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, text: str) -> How:
        """What is known of a text; nothing of most."""
        if not self._held:
            return ""
        with self._lock:
            return self._held.get(self._key(text), "")

    def note(self, text: str, how: How) -> None:
        """Remember how a text was."""
        with self._lock:
            self._held[self._key(text)] = how
            while len(self._held) > MOST:
                self._held.popitem(last=False)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(self._trivia.sub(" ", text).strip().encode("utf-8", "surrogatepass")).digest()
