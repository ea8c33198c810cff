"""What can be known of an API without calling any of its operations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing that was looked for, a reference to a secret or an address, and what is wrong with it."""

    what: str
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """`secrets` are the references that are configured; `wanted` the security schemes for which none is; `addresses`
    where operations are, those with the most of them first."""

    secrets: tuple[Looked, ...] = ()
    wanted: tuple[str, ...] = ()
    addresses: tuple[Looked, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether calls have what they need."""
        return all(one.problem is None for one in (*self.secrets, *self.addresses))
