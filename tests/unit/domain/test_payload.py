"""Payloads: canonical, bounded, and without secrets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.payload import checked_payload

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abçµ \n", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(alphabet="xyz", max_size=3), _JSON, max_size=4))
def test_a_payload_comes_back_and_has_one_form(value: dict[str, Any]) -> None:
    text = checked_payload(value)
    assert json.loads(text) == value
    assert checked_payload(dict(reversed(value.items()))) == text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "is no JSON object"),
        ("x", "is no JSON object"),
        ({"x": "y" * 100}, "is over 50 bytes"),
        ({"x": float("nan")}, "has no form for"),
        ({"x": {1, 2}}, "has no form for"),
        ({"password": "x"}, "secret, at password"),
        ({"a": [{"apiKey": "x"}]}, r"secret, at a\[\]\.apiKey"),
        ({"accessToken": "x"}, "secret, at accessToken"),
        ({"db_senha": 7}, "secret, at db_senha"),
        *(
            ({name: "x"}, f"secret, at {name}")
            for name in (
                *("pass", "db_pass", "dbPass", "chave_api", "chaveApi", "chave-de-acesso"),
                *("accessKeyId", "clientToken", "sessionToken", "idToken", "id_token"),
            )
        ),
        ({"x": "Bearer abcdefgh1"}, "secret, at x"),
        ({"x": "https://ana:pw@db/x"}, "secret, at x"),
        ({"x": ["-----BEGIN RSA PRIVATE KEY-----"]}, r"secret, at x\[\]"),
        ({"x": "eyJhbGciOiJI.eyJzdWIiOiIx.c"}, "secret, at x"),
    ],
)
def test_what_can_be_no_payload_is_refused_without_its_value(value: object, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        checked_payload(value, 50)
    assert "Bearer" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [{"password": None}, {"token": ""}, {"tokens": 7}, {"bypass": 7}, {"x": "https://db/x"}],
)
def test_what_only_sounds_like_a_secret_is_none(value: object) -> None:
    assert checked_payload(value)


def test_a_payload_has_a_bounded_depth() -> None:
    value: dict[str, Any] = {}
    for _ in range(40):
        value = {"x": value}
    with pytest.raises(ValueError, match="deeper than 32"):
        checked_payload(value)
