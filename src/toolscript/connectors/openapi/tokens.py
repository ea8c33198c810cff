"""Access tokens that are fetched (RFC 6749): with a client's credentials, or by a refresh token."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast
from urllib.parse import urlencode

from toolscript.connectors.openapi.auth import OAuth2, basic
from toolscript.connectors.openapi.client import Broken, Http, TooMuch, Unsent
from toolscript.connectors.openapi.guard import Refused
from toolscript.connectors.openapi.origins import origin_of
from toolscript.connectors.openapi.request import Request
from toolscript.connectors.openapi.secrets import Secret, SecretMissing, Secrets

EARLY_S = 30.0  # a token is not used in its last moments: the clocks differ
USUAL_S = 3_600.0  # where the service does not say how long a token lives


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: float


class Tokens:
    """Fetches and keeps one access token for each credential."""

    def __init__(self, http: Http, secrets: Secrets, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._kept: dict[OAuth2, _Token] = {}
        self._rotated: dict[OAuth2, str] = {}
        self._lock = asyncio.Lock()

    async def token(self, credential: OAuth2, token_url: str, learned: Callable[[str], None]) -> str:
        """A token that is still good; raises `SecretMissing`. `learned` is told every secret that is involved."""
        async with self._lock:  # many calls at once fetch one token
            kept = self._kept.get(credential)
            if kept is None or kept.until <= self._clock():
                kept = self._kept[credential] = await self._fetched(credential, token_url, learned)
            return kept.value

    def forget(self, credential: OAuth2, value: str) -> None:
        """Fetch another token the next time: the API has refused this one."""
        if (kept := self._kept.get(credential)) is not None and kept.value == value:
            del self._kept[credential]

    async def _fetched(self, credential: OAuth2, token_url: str, learned: Callable[[str], None]) -> _Token:
        form: dict[str, str] = {"grant_type": "client_credentials"}
        if credential.refresh_token is not None:
            refresh = self._rotated.get(credential) or await self._revealed(credential.refresh_token, learned)
            form = {"grant_type": "refresh_token", "refresh_token": refresh}
        if credential.scopes:
            form["scope"] = " ".join(credential.scopes)
        form |= dict(credential.extra)
        headers = [("Accept", "application/json")]
        client = await self._secrets.reveal(cast("Secret", credential.client_id))
        key = None if credential.client_secret is None else await self._revealed(credential.client_secret, learned)
        if key is None or credential.client_in == "body":
            form |= {"client_id": client} | ({} if key is None else {"client_secret": key})
        else:
            headers.append(("Authorization", basic(client, key)))
        answered = await self._asked(token_url, form, tuple(headers))
        value, lives = answered.get("access_token"), answered.get("expires_in", USUAL_S)
        if not isinstance(value, str) or not value:
            raise SecretMissing("The token's address answered without an access token.")
        learned(value)
        rotated = answered.get("refresh_token")
        if credential.refresh_token is not None and isinstance(rotated, str) and rotated != form["refresh_token"]:
            learned(rotated)
            self._rotated[credential] = rotated
            await asyncio.to_thread(_written_back, cast("Secret", credential.refresh_token), rotated)
        seconds = float(lives) if isinstance(lives, int | float | str) and str(lives).isdecimal() else USUAL_S
        return _Token(value, self._clock() + max(0.0, seconds - EARLY_S))

    async def _revealed(self, one: Secret | str, learned: Callable[[str], None]) -> str:
        value = await self._secrets.reveal(cast("Secret", one))
        learned(value)
        return value

    async def _asked(self, url: str, form: dict[str, str], headers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
        try:
            origin = origin_of(url)
        except ValueError as error:
            raise SecretMissing(f"token_url: {error}.") from error
        if origin.scheme != "https" and not self._http.is_trusted(origin):
            raise SecretMissing("The token's address is not https, so no credentials are sent there.")
        _, _, path = url.partition("://")[2].partition("/")
        request = Request(
            method="POST",
            base=str(origin),
            path=f"/{path}",
            headers=headers,
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        try:
            answer = await self._http.send(request, redirects=0)
        except (Unsent, Broken, Refused, TooMuch) as error:
            raise SecretMissing(f"No token could be fetched from {origin}: {error}") from error
        try:
            body: Any = json.loads(answer.body)
        except ValueError:
            body = None
        members = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        if not answer.is_success:
            said = members.get("error")
            reason = f" ({said[:100]})" if isinstance(said, str) else ""
            raise SecretMissing(f"The token's address {origin} answered with status {answer.status}{reason}.")
        return members


def _written_back(one: Secret, value: str) -> None:
    """Keep a refresh token that replaced another one, where it came from a file: the old one is worth nothing."""
    if one.kind != "file":
        return
    path = Path(one.place).expanduser()
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # mode 0600
            file.write(value)
        Path(file.name).replace(path)
    except OSError:
        return  # it is still known to this process
