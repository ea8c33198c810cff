"""What stories share: guest × store, and the guests, which are dear to start."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from house import House

from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore

PLACES = [(guest, store) for guest in ("threads", "workers") for store in ("memory", "sqlite")]


@pytest.fixture(scope="session")
def javascript() -> JavaScriptGuest:
    return JavaScriptGuest()


@pytest.fixture(params=PLACES, ids="-".join)
async def house(request: pytest.FixtureRequest, tmp_path: Path, javascript: JavaScriptGuest) -> AsyncGenerator[House]:
    """Every guest with every store."""
    guest, store = request.param
    workers = None if guest == "threads" else JavaScriptWorkers(processes=1)
    house = House(MemoryStore() if store == "memory" else SQLiteStore(tmp_path / "runs.db"), workers or javascript)
    yield house
    if workers is not None:
        await workers.close()
    await house.store.close()


@pytest.fixture
def home(javascript: JavaScriptGuest) -> House:
    """Threads and memory: for what guest and store have no part in."""
    return House(MemoryStore(), javascript)
