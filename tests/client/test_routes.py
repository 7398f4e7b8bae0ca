"""Choose the route of a connection: direct, or through the proxy of the environment."""

from __future__ import annotations

import pytest
from mountsea_gemini._http_line import route_to


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
