"""Where a token may go, and what an address of a Backend looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.http.connection import (
    BackendConnection,
    check_base_url,
    check_token,
    is_protected,
)
from aegis_batch.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://backend.example.com", "https://backend.example.com"),
        ("https://backend.example.com/", "https://backend.example.com"),
        ("HTTPS://Backend.Example.com:443/v1/Core//", "https://backend.example.com/v1/Core"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://bäckend.example", "https://xn--bckend-bua.example"),
        ("https://core.internal.", "https://core.internal."),
        ("https://example.com/a@b", "https://example.com/a@b"),
    ],
)
def test_an_address_has_one_normal_form(text: str, normal: str) -> None:
    assert check_base_url(text) == normal
    assert check_base_url(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "backend.example.com",
        "//backend.example.com",
        "ftp://backend.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://:443",
        "https://.",
        "https://a..b",
        "https://.internal",
        f"https://{'a' * 64}.com",
        f"https://{'a.' * 130}com",
        "https://user@host",
        "https://@host",
        "https://:canary-secret@host",
        "https://user:canary-secret@host:443/path",
        "https://host?token=canary-secret",
        "https://host/path?",
        "https://host#canary-secret",
        "https://host/#",
        "https://host:0",
        "https://host:99999",
        "https://host:canary-secret",
        "https://ho st",
        " https://host",
        "https://host\n",
        "https://host/\x00",
        "https://host\\@canary-secret.example",
        "https://[::1",
        "https://[canary-secret]",
        "https://xn--\x80.example",
    ],
)
def test_an_unfit_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_base_url(text)

    assert caught.value.code == "invalid_base_url"
    assert "canary" not in str(caught.value)
    assert "BACKEND_BASE_URL" in caught.value.message
    assert caught.value.__cause__ is None


@given(st.text() | st.text().map("https://{}".format) | st.text().map("HTTP://a:{}".format))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        normal = check_base_url(text)
    except InvalidRequest:
        return
    assert check_base_url(normal) == normal
    assert is_protected(normal) in (True, False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://192.0.2.1",
        "http://localhost",
        "http://localhost.:80",
        "http://LOCALHOST:1",
        "http://api.localhost",
        "http://127.0.0.1",
        "http://127.255.0.9:8080",
        "http://[::1]:8080",
        "http://core.internal",
        "http://core.process.app.internal:8080",
        "http://core.flycast",
    ],
)
def test_a_token_is_protected_over_tls_and_on_private_ways(url: str) -> None:
    assert is_protected(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://192.0.2.1",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://[::]",
        "http://[fe80::1]",
        "http://[::ffff:127.0.0.1]",
        "http://127.1",
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://internal",
        "http://flycast",
        "http://coreinternal",
        "http://core.internal.example.com",
        "http://core.flycast.io",
        "http://127.0.0.1.example.com",
    ],
)
def test_a_token_is_not_sent_over_plain_http_to_strangers(url: str) -> None:
    assert not is_protected(url)
    with pytest.raises(InvalidRequest) as caught:
        BackendConnection(url, "canary-token")

    assert caught.value.code == "token_unprotected"


@pytest.mark.parametrize(
    "token", ["", " ", "canary ", " canary", "canary\n", "can\r\nary", "canàry", "can\x00ary", "€"]
)
def test_a_token_that_no_header_carries_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        BackendConnection("https://example.com", token)

    assert caught.value.code == "invalid_token"
    assert "can" not in caught.value.message.replace("can't", "")


@pytest.mark.parametrize("token", ["x", "a b", "!~\"'%41:;,="])
def test_printable_tokens_are_taken(token: str) -> None:
    check_token(token)


def test_a_connection_is_in_its_normal_form_and_hides_its_token() -> None:
    connection = BackendConnection("https://Example.com/v1/", "canary-token")

    assert connection.base_url == "https://example.com/v1"
    assert connection.token == "canary-token"
    assert "canary" not in repr(connection)
