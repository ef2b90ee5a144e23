"""Which addresses name a state database, and that a wrong one is refused in plain words."""

from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.location import StateLocation, parse_state_url
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
    assert parse_state_url(url).file == Path(file)


@pytest.mark.parametrize(
    "file", ["/data/state.db", "/50% off?mode=ro&x=1#y/a%20b.db", "/a+b @:;=,/ação/s\\t'\"ate.db"]
)
def test_the_address_of_a_file_leads_back_to_it_whatever_its_name(file: str) -> None:
    assert parse_state_url(StateLocation(Path(file)).url).file == Path(file)


def test_three_slashes_name_a_file_from_where_the_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert parse_state_url("sqlite:///data/state.db").file == tmp_path / "data" / "state.db"


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


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_refused_by_its_name(scheme: str) -> None:
    with pytest.raises(InvalidRequest, match="PostgreSQL") as refused:
        parse_state_url(f"{scheme}://user:{CANARY}@host/state")

    assert CANARY not in str(refused.value)
