"""From the plain values of a configuration to a connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from toolscript.connectors.openapi.auth import ApiKey, Auth, Basic, Bearer, Credential, OAuth2
from toolscript.connectors.openapi.client import ClientCertificate, HttpOptions
from toolscript.connectors.openapi.connector import OpenApiConnector, openapi
from toolscript.connectors.openapi.retry import Retry

_HTTP = frozenset(one.name for one in fields(HttpOptions))
_RETRY = frozenset(one.name for one in fields(Retry))


def configured(
    namespace: str, spec: str, said: Mapping[str, Any], *, environment: Mapping[str, str]
) -> OpenApiConnector:
    """The connector of one API; `said` are the checked values of its table, by key.

    Raises `ConfigError` for what only the API's own parts can tell, such as a new name that programs cannot use.
    """
    return openapi(namespace, spec, environment=environment, **arguments(said))


def arguments(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said in a table, as arguments of `openapi`."""
    others = dict(said)
    http = {name: others.pop(name) for name in _HTTP & set(others)}
    if "certificate" in http:
        http["certificate"] = ClientCertificate(**http["certificate"])
    retry = {name: others.pop(name) for name in _RETRY & set(others)}
    auth = _auth(others.pop("auth", None))
    return {**others, "auth": auth, "http": HttpOptions(**http), "retry": Retry(**retry)}


def _auth(said: Any) -> Auth:
    if not isinstance(said, dict):
        return said
    table = cast("dict[str, Any]", said)
    if isinstance(table.get("type"), str):
        return _credential(table)
    return {name: one if isinstance(one, str) else _credential(one) for name, one in table.items()}


def _credential(table: Mapping[str, Any]) -> Credential:
    own: dict[str, Any] = {name: value for name, value in table.items() if name != "type"}
    match table["type"]:
        case "bearer":
            return Bearer(**own)
        case "basic":
            return Basic(**own)
        case "api_key":
            return ApiKey(own["key"], own["name"], own.get("in", "header"))
        case _:
            own["extra"] = tuple(own.get("extra", {}).items())
            return OAuth2(**own)
