"""Who calls: which credentials a request carries, and where they go.

1. What is configured by one reference fits whatever the document asks for: a key where it wants a key, `user:password`
   where it wants basic authentication, else a bearer token.
2. Of the ways that an operation names, the first is taken for which all credentials are there; where none is complete,
   what there is goes along, because documents are wrong about this more often than operators.
3. Credentials replace whatever a program put in their place.
4. A token that was refused is fetched anew, once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from toolscript.connectors.openapi.encoding import percent
from toolscript.connectors.openapi.operation import Operation, SecurityScheme
from toolscript.connectors.openapi.request import Request
from toolscript.connectors.openapi.secrets import Secret, secret
from toolscript.errors import ConfigError

Place = Literal["header", "query", "cookie"]


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in the `Authorization` header; `prefix` is the word before it, which some services have of their own."""

    token: Secret | str
    prefix: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication. Without a password `user` is `user:password`, or a user whose password is empty."""

    user: Secret | str
    password: Secret | str | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key under a name in a header, in the query or in a cookie."""

    key: Secret | str
    name: str
    place: Place = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """Tokens that are fetched: with a client's own credentials, or by a refresh token where one is given.

    Without `token_url` the document's own is taken. `client_in` says how the client shows who it is. A refresh token
    that the service replaces is written back where it came from a file.
    """

    client_id: Secret | str
    client_secret: Secret | str | None = None
    refresh_token: Secret | str | None = None
    token_url: str | None = None
    scopes: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    client_in: Literal["header", "body"] = "header"


Credential = Bearer | Basic | ApiKey | OAuth2
Auth = Credential | str | Mapping[str, Credential | str] | None
"""A credential, a reference to a secret, or one of them for each security scheme of the document by its name."""


@dataclass(frozen=True, slots=True)
class Anywhere:
    """One secret for whatever the document asks for."""

    key: Secret


Known = Credential | Anywhere


def read_auth(auth: Auth) -> Mapping[str, Known]:
    """The credentials by scheme, "" for all of them; `ConfigError` for what is no reference."""
    if auth is None:
        return {}
    if isinstance(auth, Mapping):
        return {name: _known(one) for name, one in auth.items()}
    return {"": _known(auth)}


def _known(one: Credential | str) -> Known:
    match one:
        case str():
            return Anywhere(secret(one))
        case Bearer():
            return replace(one, token=_secret(one.token))
        case Basic():
            return replace(one, user=_secret(one.user), password=_optional(one.password))
        case ApiKey():
            if one.place not in ("header", "query", "cookie"):
                raise ConfigError(f'ApiKey(place={one.place!r}): a place is "header", "query" or "cookie"')
            return replace(one, key=_secret(one.key))
        case OAuth2():
            return replace(
                one,
                client_id=_secret(one.client_id),
                client_secret=_optional(one.client_secret),
                refresh_token=_optional(one.refresh_token),
            )


def _secret(one: Secret | str) -> Secret:
    return secret(one) if isinstance(one, str) else one


def _optional(one: Secret | str | None) -> Secret | None:
    return None if one is None else _secret(one)


@dataclass(frozen=True, slots=True)
class Use:
    """A credential, and the scheme that it is used for; the scheme is None where the document names none."""

    credential: Known
    scheme: SecurityScheme | None = None


def chosen(operation: Operation, schemes: Mapping[str, SecurityScheme], known: Mapping[str, Known]) -> list[Use]:
    """Which credentials a call of an operation takes: rule 2."""
    if not known:
        return []
    asked = [[one.scheme for one in item] for item in operation.security] or [[name] for name in schemes]
    best: list[Use] = []
    for names in asked:
        uses = _uses(names, schemes, known)
        if uses and len(uses) == len(names):
            return uses
        best = best or uses
    if best:
        return best
    return [Use(known[""])] if "" in known else []


def _uses(names: Sequence[str], schemes: Mapping[str, SecurityScheme], known: Mapping[str, Known]) -> list[Use]:
    uses: list[Use] = []
    for name in names:
        scheme = schemes.get(name)
        if name in known:
            uses.append(Use(known[name], scheme))
        elif "" in known and not uses and (scheme is None or scheme.kind != "mutualTLS"):
            uses.append(Use(known[""], scheme))  # one secret does not fit two schemes
    return uses


def with_secret(request: Request, use: Use, value: str, password: str | None = None) -> Request:
    """The request with a credential in its place."""
    match use.credential:
        case Bearer(prefix=prefix):
            return with_header(request, "Authorization", f"{prefix} {value}" if prefix else value)
        case Basic():
            return with_header(request, "Authorization", basic(value, password))
        case ApiKey(name=name, place=place):
            return _with_key(request, name, place, value)
        case OAuth2():
            return with_header(request, "Authorization", f"Bearer {value}")
        case Anywhere():
            return _as_asked(request, use.scheme, value)


def _as_asked(request: Request, scheme: SecurityScheme | None, value: str) -> Request:
    """Rule 1."""
    match scheme:
        case SecurityScheme(kind="apiKey", parameter=name, place=place) if name:
            return _with_key(request, name, place, value)
        case SecurityScheme(kind="http", scheme="basic"):
            return with_header(request, "Authorization", basic(value, None))
        case SecurityScheme(kind="http", scheme=word) if word not in ("bearer", ""):
            return with_header(request, "Authorization", f"{word.capitalize()} {value}")
        case _:
            return with_header(request, "Authorization", f"Bearer {value}")


def basic(user: str, password: str | None) -> str:
    """The value of `Authorization` (RFC 7617)."""
    text = f"{user}:{password}" if password is not None else user if ":" in user else f"{user}:"
    return "Basic " + base64.b64encode(text.encode()).decode()


def _with_key(request: Request, name: str, place: Place, value: str) -> Request:
    match place:
        case "header":
            return with_header(request, name, value)
        case "query":
            return replace(request, query=(*_without(request.query, name), f"{percent(name)}={percent(value)}"))
        case "cookie":
            return replace(request, cookies=(*_without(request.cookies, name), f"{name}={percent(value)}"))


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with this header, and no other of its name."""
    kept = tuple((other, text) for other, text in request.headers if other.lower() != name.lower())
    return replace(request, headers=(*kept, (name, value)))


def _without(texts: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text.partition("=")[0] not in (name, percent(name)))
