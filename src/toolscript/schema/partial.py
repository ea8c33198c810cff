"""Arguments of which only a part is known before the call is made: what is wrong with them whatever the rest is.

What is not known is `UNKNOWN`, and fits everywhere. So a problem is one that the call itself would certainly have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolscript.schema.check import Checker
from toolscript.schema.problems import Problems
from toolscript.schema.shapes import Shape


class Unknowable:
    """The class of `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "…"

    def __deepcopy__(self, _memo: object) -> Unknowable:
        return self


UNKNOWN = Unknowable()
"""Stands for a value, or a part of one, that is not known yet."""


class PartialChecker(Checker):
    """The compiled form of one schema, for arguments that may hold `UNKNOWN`."""

    def certain(self, args: Mapping[str, Any]) -> Problems:
        """The problems that a call with these arguments has, in the reading that the schema takes."""
        return self.fitted(dict(args))[1]

    def _compiled(self, shape: Shape) -> Callable[..., Problems]:
        inner = super()._compiled(shape)

        def run(value: Any, at: Any, walk: Any) -> Problems:
            return () if value is UNKNOWN else inner(value, at, walk)

        return run
