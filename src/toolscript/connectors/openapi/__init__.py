"""APIs that have an OpenAPI document, as connectors. They need the `openapi` extra."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolscript.connectors.openapi.auth import ApiKey, Auth, Basic, Bearer, OAuth2
    from toolscript.connectors.openapi.client import ClientCertificate, HttpOptions
    from toolscript.connectors.openapi.connector import OpenApiConnector, openapi
    from toolscript.connectors.openapi.retry import Retry

__all__ = [
    "ApiKey",
    "Auth",
    "Basic",
    "Bearer",
    "ClientCertificate",
    "HttpOptions",
    "OAuth2",
    "OpenApiConnector",
    "Retry",
    "openapi",
]

_homes = {
    "auth": ("ApiKey", "Auth", "Basic", "Bearer", "OAuth2"),
    "client": ("ClientCertificate", "HttpOptions"),
    "connector": ("OpenApiConnector", "openapi"),
    "retry": ("Retry",),
}
_home = {name: f"{__name__}.{module}" for module, names in _homes.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _home:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_home[name]), name)
