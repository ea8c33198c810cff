"""What a program prints: lines of text within the run's limit."""

from __future__ import annotations


class Printed:
    """Collects lines. `written` counts bytes, `rest` is a line without its end, and `is_cut` says that no more fits."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lines: list[str] = []
        self.written = 0
        self.rest = ""
        self.is_cut = False

    def __call__(self, stream: str, text: str) -> None:
        """Take what the engine gives out."""
        if self.is_cut:
            return
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if not self._add(line):
                return
        if len(self.rest) > self._most:
            self._add(self.rest)

    def taken(self) -> tuple[str, ...]:
        """The lines since the last time."""
        lines, self._lines = self._lines, []
        return tuple(lines)

    def end(self) -> None:
        """Nothing more comes: what is left is a line."""
        if self.rest and not self.is_cut:
            self._add(self.rest)
            self.rest = ""

    def _add(self, line: str) -> bool:
        size = len(line.encode("utf-8", "replace"))
        if self.written + size > self._most:
            self.is_cut, self.rest = True, ""
            self._lines.append(f"(output cut: over the limit of {self._most:,} bytes)")
            return False
        self.written += size
        self._lines.append(line)
        return True
