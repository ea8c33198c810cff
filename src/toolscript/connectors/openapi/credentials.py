"""What proves who calls: security schemes, what an operation needs of them, and parameters that are credentials.

Credentials come from the configuration. A parameter that repeats them is no argument: a program could neither know
nor be trusted with its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Flow, Requirement, SchemeKind, SecurityScheme
from toolscript.connectors.openapi.pointers import items, members, text, texts

# Headers that the client sets: of credentials, and of what HTTP itself needs (OpenAPI says so of the first three).
_OWN_HEADERS = frozenset(
    """accept content-type authorization proxy-authorization cookie user-agent host content-length connection
    transfer-encoding accept-encoding""".split()  # noqa: SIM905 - a list would be a page
)
_CREDENTIALS = frozenset(
    """token apikey xapikey authtoken xauthtoken accesstoken xaccesstoken xsessiontoken xtoken bearertoken
    authorizationtoken privatetoken""".split()  # noqa: SIM905 - a list would be a page
)
_SAID = re.compile(r"\b(authentication|authorization|access|api|bearer|oauth)[ _-]?(token|key)\b", re.IGNORECASE)
_KINDS: Mapping[str, SchemeKind] = {
    "apikey": "apiKey",
    "http": "http",
    "oauth2": "oauth2",
    "openidconnect": "openIdConnect",
    "mutualtls": "mutualTLS",
    "basic": "http",  # of Swagger 2.0
}
_FLOWS = {"application": "clientCredentials", "accessCode": "authorizationCode"}  # Swagger 2.0's words


def read_schemes(schemes: Any, notes: Notes, at: tuple[str, ...]) -> dict[str, SecurityScheme]:
    """The security schemes of a document by name, of either version."""
    found: dict[str, SecurityScheme] = {}
    for name, raw in members(schemes).items():
        node = members(raw)
        kind = _KINDS.get(text(node.get("type")).lower())
        if kind is None:
            notes.warn((*at, name), f"a security scheme of type {str(node.get('type'))[:40]!r} is not known; left out")
            continue
        place, parameter = text(node.get("in")), text(node.get("name"))
        if kind == "apiKey" and (place not in {"query", "header", "cookie"} or not parameter):
            notes.warn((*at, name), "an apiKey needs `name`, and `in` as query, header or cookie; left out")
            continue
        found[name] = SecurityScheme(
            name=name,
            kind=kind,
            place="query" if place == "query" else "cookie" if place == "cookie" else "header",
            parameter=parameter,
            scheme="basic" if text(node.get("type")).lower() == "basic" else text(node.get("scheme")).lower(),
            flows=tuple(_flows(node)),
        )
    return found


def _flows(node: Mapping[str, Any]) -> Iterator[Flow]:
    listed = dict(members(node.get("flows")))
    if isinstance(node.get("flow"), str):
        listed[_FLOWS.get(text(node["flow"]), text(node["flow"]))] = node
    for kind, raw in listed.items():
        flow = members(raw)
        yield Flow(
            kind=kind,
            token_url=text(flow.get("tokenUrl")),
            authorization_url=text(flow.get("authorizationUrl")),
            refresh_url=text(flow.get("refreshUrl")),
            scopes=tuple(members(flow.get("scopes"))),
        )


def read_security(
    said: Any, schemes: Mapping[str, SecurityScheme], notes: Notes, at: tuple[str, ...]
) -> tuple[tuple[Requirement, ...], ...]:
    """The alternatives of what is needed; one that names an unknown scheme is left out."""
    found: list[tuple[Requirement, ...]] = []
    for number, alternative in enumerate(items(said)):
        unknown = [name for name in members(alternative) if name not in schemes]
        if unknown:
            notes.warn((*at, str(number)), f"there is no security scheme {unknown[0]!r}; this alternative is left out")
            continue
        found.append(tuple(Requirement(name, texts(scopes)) for name, scopes in members(alternative).items()))
    return tuple(found)


def is_credential(
    node: Mapping[str, Any],
    schemes: Mapping[str, SecurityScheme],
    security: tuple[tuple[Requirement, ...], ...],
) -> bool:
    """Whether a parameter is a credential, or a header that the client itself sets."""
    name, place = text(node.get("name")), text(node.get("in"))
    if place == "header" and (name.lower() in _OWN_HEADERS or name.lower().startswith("authorization:")):
        return True
    if any(_is_same(scheme, name, place) for scheme in schemes.values()):
        return True
    if not any(security) or _bare(name) not in _CREDENTIALS:
        return False
    return place == "header" or _SAID.search(text(node.get("description"))) is not None


def credential_fields(
    names: Mapping[str, Any], schemes: Mapping[str, SecurityScheme], security: tuple[tuple[Requirement, ...], ...]
) -> frozenset[str]:
    """Fields of a body that repeat what a needed API key has in its own place."""
    needed = {requirement.scheme for alternative in security for requirement in alternative}
    keys = [scheme for name, scheme in schemes.items() if name in needed and scheme.kind == "apiKey"]
    taken = {_bare(word) for scheme in keys for word in (scheme.name, scheme.parameter)}
    return frozenset(name for name in names if _bare(name) in taken)


def _is_same(scheme: SecurityScheme, name: str, place: str) -> bool:
    if scheme.kind != "apiKey" or scheme.place != place:
        return False
    return scheme.parameter.lower() == name.lower() if place == "header" else scheme.parameter == name


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
