"""DATABASE_URL is read as PostgreSQL reads it, and never repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "PostgreSQL", "POSTGRES"]
)
def test_each_scheme_that_providers_use_is_taken(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://shop:secret@db.example:6543/books")

    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password) == ("shop", "secret")
    assert (url.host, url.port, url.database) == ("db.example", 6543, "books")


def test_a_password_may_hold_a_space_a_quote_and_a_percent_sign() -> None:
    url = parse_database_url("postgres://shop:sp%20ace%27quote%25percent%40@db.example/books")

    assert url.password == "sp ace'quote%percent@"


def test_the_options_that_providers_add_are_kept() -> None:
    url = parse_database_url(
        "postgresql://u:p@db.example/d?sslmode=require&channel_binding=require&options=endpoint%3Dx"
    )

    assert dict(url.query) == {
        "sslmode": "require",
        "channel_binding": "require",
        "options": "endpoint=x",
    }


def test_the_host_may_be_a_unix_socket_in_the_query() -> None:
    url = parse_database_url("postgresql://shop@/books?host=/var/run/postgresql&port=5433")

    assert url.host is None
    assert dict(url.query) == {"host": "/var/run/postgresql", "port": "5433"}


def test_the_host_may_be_a_unix_socket_in_its_place() -> None:
    url = parse_database_url("postgresql://shop@%2Fvar%2Frun%2Fpostgresql/books")

    assert dict(url.query) == {"host": "/var/run/postgresql"}


def test_the_password_may_stand_in_the_query_and_is_then_masked() -> None:
    url = parse_database_url("postgresql://db.example/books?user=shop&password=secret%20x")

    assert (url.username, url.password) == ("shop", "secret x")
    assert "secret" not in f"{url} {url!r}"


def test_several_hosts_are_kept_together() -> None:
    url = parse_database_url("postgresql://u:p@a.example:5432,b.example:5433/d")

    assert dict(url.query) == {"host": "a.example,b.example", "port": "5432,5433"}


def test_an_address_of_ipv6_loses_its_brackets() -> None:
    assert parse_database_url("postgresql://u:p@[::1]:5433/d").host == "::1"


def test_white_space_around_it_does_not_matter() -> None:
    assert parse_database_url(" postgresql://db.example/d\n").host == "db.example"


def test_an_unknown_option_is_named_by_its_key_alone() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_database_url("postgresql://u:p@db.example/d?pgbouncer=canary&sslmode=require&x_y=1")

    assert caught.value.code == "invalid_setting"
    assert "no option pgbouncer, x_y." in caught.value.message
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("key", ["sslpassword", "oauth_client_secret", "sslkeylogfile"])
def test_an_option_that_is_a_secret_of_its_own_is_refused(key: str) -> None:
    with pytest.raises(InvalidRequest, match=key) as caught:
        parse_database_url(f"postgresql://u:p@db.example/d?{key}=canary")

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "mysql://u:canary@db.example/d",
        "postgresql+asyncpg://u:canary@db.example/d",
        "host=db.example password=canary",
        "postgresql://u:can ary@db.example/d",
        "postgresql://u:canary%@db.example/d",
        "postgresql://u:can/ary@db.example/d",
        "postgresql://u:12/canary@db.example/d",
        "postgresql://u:can@ary@db.example/d",
        "postgresql://u:p?canary=1&x=2@db.example/d?nonsense",
        "postgresql://u:canary?can=ary",
        "postgresql://u:p@db.example:canary/d",
        "postgresql://u:p@db.example:0/d",
        "postgresql://u:p@db.example:65536/d",
        "postgresql://u:can%00ary@db.example/d",
        "postgresql://u:canary\ud800@db.example/d",
        "postgresql://[::1/canary",
    ],
)
def test_what_can_not_be_used_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_database_url(text)

    assert caught.value.code == "invalid_setting"
    said = f"{caught.value} {caught.value!r}"
    assert not any(part in said for part in ("canary", "can ", "ary", "can="))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_any_password_survives_percent_encoding(password: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())

    url = parse_database_url(f"postgresql://u:{encoded}@db.example/d")

    assert url.password == password


@given(st.text(max_size=60))
def test_nothing_but_a_refusal_comes_of_any_text(rest: str) -> None:
    secret = "canary-93a7"

    assert secret not in _said_of(f"postgresql://u:{secret}{rest}")


def _said_of(text: str) -> str:
    try:
        return repr(parse_database_url(text).render_as_string())
    except InvalidRequest as error:
        return f"{error} {error!r}"
