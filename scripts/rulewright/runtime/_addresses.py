"""Which addresses a client may be sent to: origins, loopback, and what is public."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is assigned to hosts of the open internet (RFC 4291, 2.4)."""

_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared, behind a carrier's NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, where clouds keep their metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, given up
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "2001::/23",  # protocol assignments, among them Teredo
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
"""The special-purpose registries of IANA, as far as global unicast does not exclude them (RFC 6890)."""


def split(url: str) -> SplitResult | None:
    """Return the parts of an absolute http or https URL, or None if it is anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    # A backslash or a control character is read differently by different parsers: refuse, don't guess.
    clean = not any(char == "\\" or ord(char) <= 32 or ord(char) == 127 for char in url)
    return parts if usable and clean else None


def origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port (RFC 6454), or None if the URL has none we would talk to."""
    parts = split(url)
    if parts is None or parts.hostname is None:
        return None
    return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS[parts.scheme]


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host as written means this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_address(name) and ipaddress.ip_address(name).is_loopback


def is_public(address: str) -> bool:
    """Whether an IP address is one the open internet can reach, also behind IPv6 disguises of IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = _embedded_address(parsed)
        if embedded is not None:
            return is_public(str(embedded))
        if parsed not in _GLOBAL_UNICAST:
            return False
    return not any(parsed in network for network in _SPECIAL)


def _embedded_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def obviously_private(host: str) -> bool:
    """Whether a host as written is no public one; names are looked at again when connecting."""
    return is_loopback(host) or (is_address(host) and not is_public(host))
