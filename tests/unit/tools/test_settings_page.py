"""The page of settings, which is made from the settings."""

import pytest
from pydantic import Field

from aegis_batch.bootstrap.settings import Settings, variable_of
from tools.settings_page import PAGE, settings_page


def row_of(variable: str) -> str:
    (row,) = [line for line in settings_page().splitlines() if line.startswith(f"| `{variable}` ")]
    return row


def test_the_page_in_docs_is_the_one_that_the_settings_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "Run: make docs"


def test_every_setting_has_its_row() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [
        variable_of(name) for name in Settings.model_fields
    ]


@pytest.mark.parametrize("variable", ["DATABASE_URL", "X_SERVICE_TOKEN"])
def test_a_secret_is_called_one(variable: str) -> None:
    assert "**Secret.**" in row_of(variable)


def test_what_is_no_secret_is_not_called_one() -> None:
    assert "**Secret.**" not in row_of("BACKEND_BASE_URL")


def test_a_row_has_default_bounds_and_choices() -> None:
    assert row_of("AEGIS_TOP_ITEMS").startswith(
        "| `AEGIS_TOP_ITEMS` | `10` | 1 at least, 100 at most |"
    )
    assert row_of("AEGIS_HTTP_TIMEOUT_SECONDS").startswith(
        "| `AEGIS_HTTP_TIMEOUT_SECONDS` | `10` | above 0, 300 at most |"
    )
    assert row_of("AEGIS_ADAPTERS").startswith("| `AEGIS_ADAPTERS` | `real` | `real`, `memory` |")
    assert row_of("AEGIS_DAY_START").startswith("| `AEGIS_DAY_START` | `00:00` |  |")
    assert row_of("AEGIS_ORDERS_STATUSES").startswith("| `AEGIS_ORDERS_STATUSES` | *empty* |")
    assert row_of("DATABASE_URL").startswith("| `DATABASE_URL` | none |")


def test_a_setting_that_does_not_say_what_it_does_makes_no_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent(Settings):
        silent: int = Field(1)

    monkeypatch.setattr("tools.settings_page.Settings", Silent)

    with pytest.raises(ValueError, match="silent doesn't say what it does"):
        settings_page()
