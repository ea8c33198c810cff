"""What stories share: languages, guests (which are dear to start), and stores."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from house import House
from programs import Speakers, Speaking

from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.ports import Guest, RunStore
from toolscript.runs.program import Language
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore


@dataclass(frozen=True)
class Place:
    """Where a story is told: in a language, by its guest on threads or in workers, over a store."""

    language: Language
    store: Literal["memory", "sqlite"]
    workers: bool = False

    def __str__(self) -> str:
        return f"{self.language}-{self.store}" + ("-workers" if self.workers else "")


HOUSES = [Place("typescript", "memory"), Place("typescript", "sqlite", workers=True)]
"""Each language, each store and each isolation, though not each with each: no two of them know of one another."""

HOMES = [Place("typescript", "memory")]
"""For what guest and store have no part in."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(language, because): a story that cannot be told in the other languages")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        places = HOUSES if "house" in metafunc.fixturenames else HOMES
        only = metafunc.definition.get_closest_marker("only")
        told = [place for place in places if only is None or place.language == only.args[0]]
        metafunc.parametrize("place", told, ids=str, indirect=True, scope="session")


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def language(place: Place) -> Language:
    return place.language


@pytest.fixture(scope="session")
def guest_of() -> Generator[Callable[[Language], Guest]]:
    """The guests that all stories share, each made when it is first asked for."""
    guests: dict[Language, Guest] = {}

    def of(language: Language) -> Guest:
        if language not in guests:
            guests[language] = JavaScriptGuest()
        return guests[language]

    yield of
    for guest in guests.values():
        asyncio.run(guest.close())


@pytest.fixture(scope="session")
def javascript(guest_of: Callable[[Language], Guest]) -> Guest:
    return guest_of("typescript")


@pytest.fixture
def guest(language: Language, guest_of: Callable[[Language], Guest]) -> Guest:
    return guest_of(language)


@pytest.fixture
def speaking(guest: Guest) -> Speakers:
    return partial(Speaking, guest=guest)


@pytest.fixture
def store(place: Place, tmp_path: Path) -> RunStore:
    return MemoryStore() if place.store == "memory" else SQLiteStore(tmp_path / "runs.db")


@pytest.fixture
async def house(place: Place, guest: Guest, store: RunStore) -> AsyncGenerator[House]:
    """Guests and stores by turns."""
    workers = JavaScriptWorkers(processes=1) if place.workers else None
    yield House(store, workers or guest)
    if workers is not None:
        await workers.close()
    await store.close()


@pytest.fixture
def home(guest: Guest) -> House:
    return House(MemoryStore(), guest)
