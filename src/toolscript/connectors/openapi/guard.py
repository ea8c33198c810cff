"""Where a connection may lead: public addresses, and what the operator allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import cast

import httpcore2

from toolscript.connectors.openapi.origins import Origin

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


class Refused(Exception):
    """A request that must not be sent; the message is for a program."""


class Guard(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses only, but for hosts that are allowed and origins that are trusted."""

    def __init__(self, allowed: bool | tuple[str, ...], trusted: Iterable[Origin]) -> None:
        self._all = allowed is True
        self._hosts = frozenset(() if isinstance(allowed, bool) else (host.lower() for host in allowed))
        self._trusted = {(origin.host, origin.port) for origin in trusted}
        self._plain = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    def allows(self, host: str, port: int) -> bool:
        """Whether this host may lie anywhere."""
        return self._all or host in self._hosts or (host, port) in self._trusted

    def check(self, origin: Origin) -> None:
        """Refuse an origin that is private by its very name."""
        if not self.allows(origin.host, origin.port) and not is_public_host(origin.host):
            raise Refused(_words(origin.host))

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the host's addresses that may be connected to and answers."""
        if self.allows(host, port):
            return await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        addresses = await _resolved(host, port, timeout)
        public = [address for address in addresses if is_public(ipaddress.ip_address(address))]
        if not public:
            raise Refused(_words(host))
        for address in public[:-1]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(public[-1], port, timeout, local_address, socket_options)


def _words(host: str) -> str:
    return (
        f"The host {host} has a private address, and private addresses are not allowed for this API "
        "(its operator can set `allow_private`)."
    )


async def _resolved(host: str, port: int, timeout: float | None) -> list[str]:
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout("the name was not resolved in time") from error
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError("the name cannot be resolved") from error
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


def is_public_host(host: str) -> bool:
    """Whether a host is not private by its very name: no private address, and not `localhost`."""
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return not (host == "localhost" or host.endswith((".localhost", ".local", ".internal")))


def is_public(address: Address) -> bool:
    """Whether an address is reached over the internet; an IPv4 address inside an IPv6 one counts as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved
