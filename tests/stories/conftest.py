"""What stories share: languages, guests (which are dear to start), and stores."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from pathlib import Path

import pytest
from house import House
from places import HOMES, HOUSES, Place, told
from programs import GuestOf, Speakers, Speaking

from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.guests.python.guest import PythonGuest
from toolscript.ports import Guest, RunStore
from toolscript.runs.program import Language
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore

GUESTS: dict[Language, Callable[[], Guest]] = {
    "typescript": JavaScriptGuest,
    "python": PythonGuest,
    "cpython": CPythonGuest,
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unless(language, because): a story that cannot be told in this language")
    config.addinivalue_line("markers", "only(language, because): a story that cannot be told in the other languages")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    told_by_itself = any("place" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "place" in metafunc.fixturenames and not told_by_itself:
        places = HOUSES if "house" in metafunc.fixturenames else HOMES
        only = metafunc.definition.get_closest_marker("only")
        unless = metafunc.definition.get_closest_marker("unless")
        chosen = [
            told(place)
            for place in places
            if (only is None or place.language == only.args[0]) and (unless is None or place.language != unless.args[0])
        ]
        metafunc.parametrize("place", chosen, indirect=True, scope="session")


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def language(place: Place) -> Language:
    return place.language


@pytest.fixture(scope="session")
def guest_of() -> Generator[GuestOf]:
    """The guests that all stories share, each made when it is first asked for."""
    guests: dict[Language, Guest] = {}

    def of(language: Language) -> Guest:
        if language not in guests:
            guests[language] = GUESTS[language]()
        return guests[language]

    yield of
    for guest in guests.values():
        asyncio.run(guest.close())


@pytest.fixture
def guest(language: Language, guest_of: GuestOf) -> Guest:
    return guest_of(language)


@pytest.fixture
def speaking(guest: Guest) -> Speakers:
    return partial(Speaking, guest=guest)


@pytest.fixture
def store(place: Place, tmp_path: Path) -> RunStore:
    return MemoryStore() if place.store == "memory" else SQLiteStore(tmp_path / "runs.db")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for the stories of a file, so that they can share worker processes. No longer: a loop that is kept
    to the end is that of every other test after it."""
    return "asyncio"


@pytest.fixture(scope="module")
async def workers() -> AsyncGenerator[JavaScriptWorkers]:
    workers = JavaScriptWorkers(processes=1)
    yield workers
    await workers.close()


@pytest.fixture
async def house(place: Place, guest: Guest, workers: JavaScriptWorkers, store: RunStore) -> AsyncGenerator[House]:
    """Guests and stores by turns."""
    yield House(store, workers if place.workers else guest)
    await store.close()


@pytest.fixture
def home(guest: Guest) -> House:
    return House(MemoryStore(), guest)
