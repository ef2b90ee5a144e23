"""Which secrets are looked for, and in which forms."""

import pytest

from aegis_batch.application.checks.leaks import KnownSecrets
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.secret_forms import known_secrets

PASSWORD = "the password in DATABASE_URL"


def known(**environ: str) -> KnownSecrets:
    return known_secrets(load_settings(environ), environ)


def test_a_token_and_a_password_are_looked_for_as_they_are_and_encoded() -> None:
    url = "postgresql://reader:s%2Fcret-4711@db.example/shop"

    secrets = known(X_SERVICE_TOKEN="token+4711", DATABASE_URL=url)

    assert secrets.forms == {
        "the value of X_SERVICE_TOKEN": ("token+4711", "token%2B4711"),
        PASSWORD: (url, "s/cret-4711", "s%2Fcret-4711"),
    }
    assert secrets.guessable == {}


@pytest.mark.parametrize(
    ("password", "host", "is_guessable"),
    [
        ("postgres", "db.example", True),
        ("correcthorsebattery", "db.example", True),
        ("Postgres", "db.example", False),
        ("shop-4711", "localhost", True),
        ("shop-471147", "127.0.0.1", True),
        ("shop-4711471", "127.0.0.1", False),
        ("shop-4711", "db.example", False),
    ],
)
def test_a_password_that_files_hold_by_chance_is_guessable(
    password: str,
    host: str,
    is_guessable: bool,  # noqa: FBT001 - a table's row
) -> None:
    url = f"postgresql://reader:{password}@{host}/shop"

    secrets = known(DATABASE_URL=url)

    assert url in secrets.forms[PASSWORD]
    assert (password in secrets.forms[PASSWORD]) is not is_guessable
    assert (PASSWORD in secrets.guessable) is is_guessable


def test_a_short_password_is_not_looked_for_and_its_address_is() -> None:
    url = "postgresql://reader:x-4711@db.example/shop"

    assert known(DATABASE_URL=url).forms[PASSWORD] == (url,)


def test_an_address_without_a_password_is_no_secret() -> None:
    assert known(DATABASE_URL="postgresql://reader@/shop?host=/run/pg").forms == {}


@pytest.mark.parametrize(
    ("headers", "forms"),
    [
        ("api-key=k-4711-k-4711,x-team=shop", ("k-4711-k-4711",)),
        ("authorization=Bearer%20k-4711-k%2F4711", ("k-4711-k/4711", "k-4711-k%2F4711")),
        ("x-team=storefront", ()),
        ("nonsense", ()),
    ],
)
def test_the_values_of_telemetrys_headers_are_secrets(headers: str, forms: tuple[str, ...]) -> None:
    name = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"

    found = known(**{name: headers}).forms

    assert found == ({f"a value of {name}": forms} if forms else {})
