"""Which addresses may be connected to: public ones, and hosts that the operator names.

Whoever writes a pull request writes the URLs in it. So a host is resolved here, its addresses are looked at, and the
connection goes to those very addresses: asking the name server a second time could give others ("DNS rebinding").
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.fetching.faults import refused, transient

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# What `is_global` calls public in some versions of Python and is not, or is one cloud's own service. Sources: IANA's
# special-purpose address registries; 168.63.129.16 is Azure's "wire server", 192.0.0.192 Oracle's metadata.
_ALSO_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "240.0.0.0/4", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fec0::/10",
    )
)  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the system gives them. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet, also when an IPv6 address carries an IPv4 one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (carried := _carried(found)) is not None:
        found = carried
    if any(found.version == network.version and found in network for network in _ALSO_PRIVATE):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved and not found.is_unspecified


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def is_literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class Guard:
    """`allowed` are hosts (`host` or `host:port`, in lower case) that may be private; `resolve` asks the name server
    and raises `OSError`."""

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = field(default=system_resolve, repr=False)

    def names(self, host: str, port: int) -> bool:
        """Whether the operator named this host."""
        host = _plain(host)
        return host in self.allowed or host_and_port(host, port) in self.allowed

    def also(self, hosts: Iterable[str]) -> Guard:
        return Guard(self.allowed | {host.lower() for host in hosts}, self.resolve)

    async def addresses(self, host: str, port: int, scheme: str = "") -> Sequence[str]:
        """Where to connect to. Raises `Unfetched` for a host that leads to a private address, or to none; where a
        proxy resolves what nobody here can, it is empty."""
        host = _plain(host)
        if is_literal(host):
            found: Sequence[str] = [host]
        else:
            try:
                found = await self.resolve(host, port)
            except (OSError, UnicodeError):
                found = []
            if not found and proxy_for(scheme, host):
                return []
            if not found:
                raise transient(f"the host {host} cannot be resolved")
        if not self.names(host, port) and not all(is_public(address) for address in found):
            raise refused(
                f"{host} leads into a private network, which is contacted only where ARGOFIX_FETCH_HOSTS "
                f"names {host_and_port(host, port)}"
            )
        return found


def _plain(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host (HTTPS_PROXY, NO_PROXY and their like)."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


class GuardedResolver(AbstractResolver):
    """Gives aiohttp the addresses that were looked at, and no others. A literal address never comes here. Proxies are
    named by the environment, which is the operator's."""

    def __init__(self, guard: Guard) -> None:
        proxies = (urlsplit(url) for url in getproxies().values())
        self._guard = guard.also(host_and_port(each.hostname or "", each.port or 80) for each in proxies)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = await self._guard.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return None
