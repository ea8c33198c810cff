"""Where an address belongs: scheme, host and port."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an address (RFC 6454); `host` is in lower case and ASCII, of an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.is_usual_port else f":{self.port}")

    @property
    def is_usual_port(self) -> bool:
        """Whether the port is that of the scheme, which addresses leave out."""
        return self.port == _PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """What a `Host` header says."""
        return str(self).partition("://")[2]


def origin_of(url: str) -> Origin:
    """The origin of an absolute `http` or `https` address; `ValueError` for any other text, which is not repeated."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("an address begins with https:// or http:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address holds no user and no password: set `auth`")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    if any(char.isspace() or char in "%\\" for char in host):
        raise ValueError("the host of the address is no name")
    return Origin(parts.scheme, host.rstrip("."), parts.port or _PORTS[parts.scheme])
