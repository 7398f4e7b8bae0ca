"""Which addresses may be requested: origins, this machine's names, and public addresses."""

from __future__ import annotations

import pytest
from mountsea_gemini._addresses import is_loopback, is_public, obviously_private, origin, split
from mountsea_gemini._http_line import route_to


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example", ("https", "api.example", 443)),
        ("http://api.example", ("http", "api.example", 80)),
        ("HTTPS://API.example./x?y#z", ("https", "api.example", 443)),
        ("https://api.example:8443", ("https", "api.example", 8443)),
        ("https://api.example:1", ("https", "api.example", 1)),
        ("https://[2606:4700::1111]/", ("https", "2606:4700::1111", 443)),
        ("https://apix/!a\u0080", ("https", "apix", 443)),
        ("https://api.example:0", None),
        ("https://api.example:65536", None),
        ("https://api.example:x", None),
        ("https://:443", None),
        ("https://[::1", None),
        ("ftp://api.example", None),
        ("//api.example", None),
        ("https:///x", None),
        ("https://api.example\\x", None),
        ("https://api.example\\@b.example/", None),
        ("https://api\t.example/", None),
        ("https://api.example/a b", None),
        ("https://api.example/\x01", None),
        ("https://api.example/\x7f", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: tuple[str, str, int] | None) -> None:
    """Default ports are filled in; a URL that parsers read differently has no origin."""
    assert origin(url) == expected
    assert (split(url) is None) == (expected is None)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhostX", False),
        ("mylocalhost", False),
        ("localhost.example", False),
        ("128.0.0.1", False),
        ("::2", False),
    ],
)
def test_names_of_this_machine(host: str, expected: bool) -> None:
    """Names that only resemble `localhost` belong to somebody else."""
    assert is_loopback(host) is expected
    assert not expected or obviously_private(host)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("2606:4700::1111%eth0", True),
        ("64:ff9b::101:101", True),
        ("::ffff:1.1.1.1", True),
        ("2002:101:101::", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  nothing is bound
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("fd00::1", False),
        ("64:ff9b::a00:1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::", False),
        ("2001:0:101:101:0:0:fefe:fefe", False),
        ("fec0::1", False),
        ("feff::1", False),
        ("::101:101", False),
        ("::ffff:0:101:101", False),
        ("64:ff9b:1::101:101", False),
        ("100::1", False),
        ("100:0:0:1::1", False),
        ("2001:2::1", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("3fff:fff::1", False),
        ("3fff:1000::1", True),
        ("4000::1", False),
        ("5f00::1", False),
        ("2001:200::1", True),
        ("2002:c058:6301::", False),
        ("192.0.0.1", False),
        ("192.0.0.9", False),
        ("192.0.1.1", True),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("198.19.255.255", False),
        ("198.20.0.1", True),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("172.31.255.255", False),
        ("172.32.0.1", True),
        ("100.127.255.255", False),
        ("100.128.0.1", True),
        ("255.255.255.255", False),
        ("api.example", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    """An IPv4 address written as IPv6 is judged as the IPv4 address."""
    assert is_public(address) is expected
    assert obviously_private(address) is (not expected and address != "api.example")


@pytest.mark.parametrize(
    ("named", "host", "exempt"),
    [
        ("*", "api.example.com", True),
        ("other, *", "api.example.com", True),
        ("example.com", "api.example.com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("API.Example.com:443", "api.example.com", True),
        ("2001:db8::1", "2001:db8::1", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("api.example.com:8443", "api.example.com", False),
        ("pi.example.com", "api.example.com", False),
        ("*.example.com", "badexample.com", False),
        ("", "api.example.com", False),
    ],
)
def test_no_proxy_names_hosts_ports_suffixes_and_patterns(
    monkeypatch: pytest.MonkeyPatch, *, named: str, host: str, exempt: bool
) -> None:
    """All common spellings of NO_PROXY are understood."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", named)
    monkeypatch.delenv("no_proxy", raising=False)
    assert (route_to("https", host, None, guarded=False).proxy is None) == exempt
