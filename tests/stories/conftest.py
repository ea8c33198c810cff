"""What stories share: the guests, which are dear to start."""

import pytest

from toolscript.guests.javascript.guest import JavaScriptGuest


@pytest.fixture(scope="session")
def javascript() -> JavaScriptGuest:
    return JavaScriptGuest()
