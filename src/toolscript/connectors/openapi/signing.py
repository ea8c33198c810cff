"""Credentials put on requests: secrets read when they are needed, tokens fetched, and all of them made known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urljoin

from toolscript.connectors.openapi.auth import Anywhere, ApiKey, Basic, Bearer, Known, OAuth2, Use, chosen, with_secret
from toolscript.connectors.openapi.examination import Looked
from toolscript.connectors.openapi.operation import Operation, SecurityScheme
from toolscript.connectors.openapi.request import Request
from toolscript.connectors.openapi.secrets import Secret, SecretMissing, Secrets
from toolscript.connectors.openapi.tokens import Tokens

_FLOWS = {False: ("clientCredentials",), True: ("authorizationCode", "password", "clientCredentials")}


@dataclass(frozen=True, slots=True)
class Signed:
    """A request with its credentials, if it has any.

    `tokens` are those that can be fetched anew; `is_kept` says that a secret is among them which is not read each time.
    """

    request: Request
    has_any: bool = False
    tokens: tuple[tuple[OAuth2, str], ...] = ()
    is_kept: bool = False


class Signer:
    """Puts credentials on requests; `learned` is told every secret that stands on one."""

    def __init__(
        self,
        known: Mapping[str, Known],
        secrets: Secrets,
        tokens: Tokens,
        learned: Callable[[str], None],
    ) -> None:
        self._known = known
        self._secrets = secrets
        self._tokens = tokens
        self._learned = learned
        self._schemes: Mapping[str, SecurityScheme] = {}
        self._uses: dict[str, Sequence[Use]] = {}

    def follow(self, schemes: Mapping[str, SecurityScheme]) -> None:
        """Use these security schemes from now on."""
        self._schemes, self._uses = schemes, {}

    async def signed(self, operation: Operation, request: Request) -> Signed:
        """The request with what the operation asks for; raises `SecretMissing`."""
        uses = self._uses.get(operation.id)
        if uses is None:
            uses = self._uses[operation.id] = chosen(operation, self._schemes, self._known)
        tokens: list[tuple[OAuth2, str]] = []
        is_kept = False
        for use in uses:
            if isinstance(use.credential, OAuth2):
                value, password = await self._token(use.credential, use.scheme, request), None
                tokens.append((use.credential, value))
            else:
                value, password = await self._revealed(use)
                is_kept = is_kept or _source(use.credential).kind in ("cmd", "keyring")
            request = with_secret(request, use, value, password)
        return Signed(request, bool(uses), tuple(tokens), is_kept)

    @property
    def has_any(self) -> bool:
        """Whether credentials are configured at all."""
        return bool(self._known)

    async def looked_up(self) -> tuple[Looked, ...]:
        """Every secret that is configured, by its reference, with the reason where it cannot be read."""
        found: list[Looked] = []
        for one in dict.fromkeys(secret for credential in self._known.values() for secret in _all_of(credential)):
            try:
                await self._secrets.reveal(one)
            except SecretMissing as error:
                found.append(Looked(str(one), str(error)))
            else:
                found.append(Looked(str(one)))
        return tuple(found)

    def refused(self, signed: Signed) -> bool:
        """Forget what the API has refused; False where there is nothing that could be asked for anew."""
        for credential, value in signed.tokens:
            self._tokens.forget(credential, value)
        if signed.is_kept:
            self._secrets.forget()
        return bool(signed.tokens) or signed.is_kept

    async def _revealed(self, use: Use) -> tuple[str, str | None]:
        value = await self._secrets.reveal(_source(use.credential))
        if not isinstance(use.credential, Basic) or use.credential.password is None:
            self._learned(value)
            self._learned(value.partition(":")[2])
            return value, None
        password = await self._secrets.reveal(cast("Secret", use.credential.password))
        self._learned(password)
        self._learned(f"{value}:{password}")
        return value, password

    async def _token(self, credential: OAuth2, scheme: SecurityScheme | None, request: Request) -> str:
        schemes = ([] if scheme is None else [scheme]) + list(self._schemes.values())
        refreshing = credential.refresh_token is not None
        found = (_token_url(one, refreshing=refreshing) for one in schemes)
        url = credential.token_url or next(filter(None, found), "")
        if not url:
            raise SecretMissing("The document does not say where tokens are fetched: set `token_url`.")
        return await self._tokens.token(credential, urljoin(request.url, url), self._learned)


def _all_of(credential: Known) -> Iterator[Secret]:
    match credential:
        case Basic(user=user, password=password):
            held = (user, password)
        case OAuth2(client_id=client, client_secret=own, refresh_token=refresh):
            held = (client, own, refresh)
        case _:
            held = (_source(credential),)
    return (cast("Secret", one) for one in held if one is not None)


def _source(credential: Known) -> Secret:
    match credential:
        case Bearer(token=one) | ApiKey(key=one) | Basic(user=one) | Anywhere(key=one) | OAuth2(client_id=one):
            return cast("Secret", one)


def _token_url(scheme: SecurityScheme, *, refreshing: bool) -> str:
    for kind in _FLOWS[refreshing]:
        for flow in scheme.flows:
            if flow.kind == kind and (url := (flow.refresh_url if refreshing else "") or flow.token_url):
                return url
    return next((flow.token_url for flow in scheme.flows if flow.token_url), "")
