"""Which addresses name a state database, and that a wrong one is refused in plain words."""

from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.location import (
    ServerLocation,
    StateLocation,
    parse_state_url,
)
from aegis_batch.domain.errors import InvalidRequest

CANARY = "canary-7c1f"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////var/lib/aegis/state.db", "/var/lib/aegis/state.db"),
        ("sqlite:////a folder/ação%20.db", "/a folder/ação .db"),
    ],
)
def test_four_slashes_name_a_file_from_the_root(url: str, file: str) -> None:
    assert file_of(url) == Path(file)


@pytest.mark.parametrize(
    "file", ["/data/state.db", "/50% off?mode=ro&x=1#y/a%20b.db", "/a+b @:;=,/ação/s\\t'\"ate.db"]
)
def test_the_address_of_a_file_leads_back_to_it_whatever_its_name(file: str) -> None:
    assert file_of(StateLocation(Path(file)).url) == Path(file)


def test_three_slashes_name_a_file_from_where_the_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert file_of("sqlite:///data/state.db") == tmp_path / "data" / "state.db"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "state.db",
        "/var/lib/state.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://host/state.db",
        f"sqlite://user:{CANARY}@/state.db",
        "sqlite:///state.db?mode=ro",
        "sqlite:///a\0b",
        "sqlite:///a%00b",
        "sqlite+aiosqlite:///state.db",
        "mysql://localhost/state",
        f"mysql://user:{CANARY}@host:port/state",
        f"://{CANARY}",
    ],
)
def test_what_names_no_file_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_state_url(url)

    assert refused.value.code == "invalid_state_url"
    assert "sqlite:////" in refused.value.remedy
    assert CANARY not in f"{refused.value} {refused.getrepr(chain=True)}".replace(url, "")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "PostgreSQL"])
def test_a_database_of_postgresql_is_taken_as_providers_hand_it_out(scheme: str) -> None:
    location = parse_state_url(
        f"{scheme}://user:{CANARY}@host.example:6543/state?sslmode=require&channel_binding=prefer"
    )

    assert isinstance(location, ServerLocation)
    assert location.url.password == CANARY
    assert location.url.query == {"sslmode": "require", "channel_binding": "prefer"}
    assert location.name == "host.example:6543/state"
    assert CANARY not in f"{location!r}"


def test_a_unix_socket_is_named_by_its_folder() -> None:
    location = parse_state_url("postgresql:///state?host=/var/run/postgresql")

    assert isinstance(location, ServerLocation)
    assert location.name == "/var/run/postgresql/state"


def test_an_address_that_postgresql_would_not_take_is_refused_by_the_settings_name() -> None:
    for text in (f"postgresql://user:{CANARY} x@host/state", f"postgres://host/state?{CANARY}=1"):
        with pytest.raises(InvalidRequest, match=r"^AEGIS_STATE_URL can't be used") as refused:
            parse_state_url(text)
        assert "DATABASE_URL" not in str(refused.value)
    with pytest.raises(InvalidRequest) as refused:
        parse_state_url(f"postgresql://user:{CANARY} x@host/state")
    assert CANARY not in str(refused.value)


def file_of(url: str) -> Path:
    location = parse_state_url(url)
    assert isinstance(location, StateLocation)
    assert location.name == str(location.file)
    return location.file
