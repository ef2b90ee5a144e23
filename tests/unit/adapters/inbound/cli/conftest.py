"""What tests of the command line share."""

import pytest

from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices


@pytest.fixture
def ledger(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> LedgerServices:
    """Return services over an empty state; text is made for a terminal of 160 columns."""
    monkeypatch.setenv("COLUMNS", "160")
    return LedgerServices(capfd)
