"""The state has a database of its own: not the orders', nor the reports'."""

from pathlib import Path

import pytest

from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.secret_forms import known_secrets
from aegis_batch.domain.errors import InvalidRequest

CANARY = "canary-7c1f-47zq11"
ORDERS = f"postgresql://reader:{CANARY}@db.example:5432/shop"
REPORTS = f"postgresql://writer:{CANARY}@db.example/reports"
STATE = f"postgresql://keeper:{CANARY}@db.example/state"


@pytest.fixture(autouse=True)
def _plain_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGHOSTADDR"):
        monkeypatch.delenv(name, raising=False)


def refusal(**environ: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_settings(environ)
    assert CANARY not in str(caught.value)
    return caught.value.message


def test_a_database_of_its_own_is_taken_and_shown_nowhere() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": ORDERS,
            "AEGIS_REPORTS_URL": REPORTS,
            "AEGIS_REPORT_GATEWAY": "sql",
            "AEGIS_STATE_URL": STATE,
        }
    )

    assert settings.state_url is not None
    assert settings.state_url.get_secret_value() == STATE
    assert CANARY not in repr(settings)
    assert "the password in AEGIS_STATE_URL" in known_secrets(settings, {}).forms


def test_a_file_has_no_password_and_is_nobody_elses() -> None:
    settings = load_settings({"DATABASE_URL": ORDERS, "AEGIS_STATE_URL": "sqlite:///state.db"})

    assert "the password in AEGIS_STATE_URL" not in known_secrets(settings, {}).forms


@pytest.mark.parametrize(
    "state", [ORDERS, "postgres://keeper@db.example/shop?sslmode=require", "sqlite://shop"]
)
def test_the_orders_database_is_refused_for_the_state(state: str) -> None:
    said = refusal(DATABASE_URL=ORDERS, AEGIS_STATE_URL=state)

    assert "AEGIS_STATE_URL: " in said
    assert ("names the orders' database" in said) is state.startswith("postgres")


def test_the_reports_database_is_refused_for_the_state() -> None:
    said = refusal(AEGIS_REPORTS_URL=REPORTS, AEGIS_REPORT_GATEWAY="sql", AEGIS_STATE_URL=REPORTS)

    assert "AEGIS_STATE_URL: names the reports' database" in said


def test_the_address_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(STATE + "\n")

    settings = load_settings({"AEGIS_STATE_URL_FILE": str(file)})

    assert settings.state_url is not None
    assert settings.state_url.get_secret_value() == STATE
