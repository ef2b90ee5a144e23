"""The ``verify`` command over closed days in memory: its lines, its JSON and its exit status."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.application.verify import VerifyUseCase
from aegis_batch.application.verifying import Sealed
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersUnreachable,
    StateUnavailable,
)
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices
from tests.unit.application.closed_days import FIRST, ClosedDays, key_of

AWAY = BackendUnavailable("timeout", "It is\x1b[2J away.", "Wait.")
FORBIDDEN = BackendRefused("forbidden", "It says no.", "Mend the token.", 403)
BROKEN_OFF = OrdersUnreachable("orders_unreachable", "It broke off.", "Wait.")
LOCKED = StateUnavailable("state_locked", "It is locked.", "Wait.")
THREE_DAYS = ("--from", "2026-11-16", "--to", "2026-11-18")


class VerifyingServices(UnbuiltServices):
    """Services that verify closed days."""

    def __init__(self, days: ClosedDays) -> None:
        self.clock = days.clock
        self.days = days
        self.fault: Exception | None = None

    @contextmanager
    def verification(self) -> Iterator[VerifyUseCase]:
        if self.fault is not None:
            raise self.fault
        yield self.days.use_case()


@pytest.fixture
def days() -> ClosedDays:
    return ClosedDays()


@pytest.fixture
def services(days: ClosedDays) -> VerifyingServices:
    return VerifyingServices(days)


def test_equal_days_are_a_line_each_and_exit_status_0(
    services: VerifyingServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", *THREE_DAYS], services) == 0

    told = capfd.readouterr()
    assert told.out == (
        "2026-11-16  equal\n2026-11-17  equal\n2026-11-18  equal\n3 periods: 3 equal\n"
    )
    assert told.err == ""


def test_a_seal_that_cant_be_read_is_told_below_its_day_and_exits_with_1(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.seal_by_hand(FIRST, content="hello")

    assert run(["verify", *THREE_DAYS], services) == 1

    told = capfd.readouterr()
    assert told.out.splitlines() == [
        "2026-11-16  seal_changed",
        (
            "    seal_changed: Link 9 of default, the seal of 2026-11-16, is not as it was kept:"
            " the link's text is not the one that its digest was taken of."
            " See: aegis-batch audit --check."
        ),
        "2026-11-17  equal",
        "2026-11-18  equal",
        "3 periods: 2 equal, 1 seal_changed",
    ]
    assert told.err == ""
    assert run(["verify", "--from", "2026-11-16", "--to", "2026-11-16"], services) == 1


def test_what_is_off_stands_indented_below_its_day(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.date_back(FIRST, "late")
    del days.backend.stored[key_of(FIRST + timedelta(days=1))]
    days.change("2-0", "9.99")
    days.forget_seals()

    assert run(["verify", *THREE_DAYS], services) == 1

    assert capfd.readouterr().out.splitlines() == [
        "2026-11-16  conflict  (no seal)",
        "    totalOrders is 3 here and 2 at the Backend",
        "    totalRevenue is 27.50 here and 20.00 at the Backend",
        "    topItems is [Soup x 1, 1 that is in both] here and [1 that is in both] at the Backend",
        "2026-11-17  missing  (no seal)",
        "    the Backend has no report of it",
        "2026-11-18  conflict  (no seal)",
        "    totalRevenue is 19.99 here and 20.00 at the Backend",
        "3 periods: 1 missing, 2 conflict",
    ]


def test_lines_come_while_the_rest_is_still_being_read(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.backend.find_faults.append(RuntimeError("a defect"))  # type: ignore[arg-type]
    days.backend.find_faults.appendleft(AWAY)

    assert run(["verify", *THREE_DAYS], services) == 70

    told = capfd.readouterr()
    assert told.out == "2026-11-16  unknown\n    timeout: It is\\x1b[2J away.\n"
    assert "RuntimeError" in told.err


def told_json(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capfd.readouterr().out.splitlines()
    told: dict[str, Any] = json.loads(line)
    return told


def test_what_only_a_rule_shows_is_told_as_text_and_as_json(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.reprice("0-0", "11")

    assert run(["verify", *THREE_DAYS], services) == 1
    told = capfd.readouterr().out.splitlines()
    assert run(["verify", *THREE_DAYS, "--output", "json"], services) == 1
    first = told_json(capfd)["verifications"][0]

    assert told[:2] == [
        "2026-11-16  changed",
        (
            "    orders that break line_total_mismatch: 1 now, 0 when it was sealed (+1), with"
            " order 0-0"
        ),
    ]
    assert first["verdict"] == "changed"
    assert first["change"]["findings"] == [
        {
            "finding": "line_total_mismatch",
            "sealed": 0,
            "present": 1,
            "ordersCome": ["0-0"],
            "ordersGone": [],
        }
    ]


def test_the_json_is_one_object_with_exact_amounts(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.date_back(FIRST, "late")
    sealed = days.sealed(FIRST)
    assert isinstance(sealed, Sealed)

    assert run(["verify", *THREE_DAYS, "--output", "json"], services) == 1

    told = told_json(capfd)
    first, *others = told.pop("verifications")
    assert [other["verdict"] for other in others] == ["equal", "equal"]
    assert told == {
        "from": "2026-11-16",
        "to": "2026-11-18",
        "period": "day",
        "periods": 3,
        "verdicts": {
            "equal": 2,
            "changed": 1,
            "rejected": 0,
            "missing": 0,
            "conflict": 0,
            "seal_changed": 0,
            "unknown": 0,
        },
        "notLookedAt": 0,
        "runId": "run-1",
    }
    assert first == {
        "tenant": "default",
        "period": "day",
        "date": "2026-11-16",
        "verdict": "changed",
        "sealDigest": sealed.digest,
        "verifiedAt": "2026-11-24T15:00:00Z",
        "change": {
            "orders": {"sealed": 2, "present": 3},
            "lines": {"sealed": 2, "present": 3},
            "revenue": {"sealed": 20, "present": 27.5},
            "items": [{"name": "Soup", "sealed": 0, "present": 1}],
            "itemsLeftOut": 0,
            "findings": [],
        },
        "differences": [],
        "problem": None,
    }


def test_the_json_names_the_fields_of_a_conflict_and_what_could_not_be_read(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.forget_seals()
    days.change("1-0", "9.99")
    days.backend.find_faults.append(AWAY)

    assert run(["verify", *THREE_DAYS, "--output=json"], services) == 1

    unknown, conflict, _ = told_json(capfd)["verifications"]
    assert (unknown["verdict"], unknown["problem"]["code"]) == ("unknown", "timeout")
    assert conflict["differences"] == [
        {"field": "totalRevenue", "expected": "19.99", "stored": "20.00"}
    ]


@pytest.mark.parametrize(
    ("faults", "is_off", "status", "summary"),
    [
        ([AWAY], False, 8, "3 periods: 2 equal, 1 unknown"),
        (
            [AWAY] * 3,
            False,
            5,
            "8 periods: 3 unknown, 5 not looked at, since the failures go on",
        ),
        (
            [FORBIDDEN] * 3,
            False,
            4,
            "8 periods: 3 unknown, 5 not looked at, since the failures go on",
        ),
        ([BROKEN_OFF], False, 6, "1 period: 1 unknown"),
        ([AWAY], True, 1, "3 periods: 1 equal, 1 changed, 1 unknown"),
    ],
)
def test_the_exit_status_says_whether_something_is_off_or_could_not_be_read(  # noqa: PLR0913, PLR0917 - a table's row
    services: VerifyingServices,
    days: ClosedDays,
    capfd: pytest.CaptureFixture[str],
    faults: list[AegisError],
    is_off: bool,  # noqa: FBT001 - a table's row
    status: int,
    summary: str,
) -> None:
    days.backend.find_faults.extend(faults)
    if is_off:
        days.change("1-0", "9.99")
    last = FIRST + timedelta(days=int(summary.partition(" ")[0]) - 1)

    assert run(["verify", "--from", "2026-11-16", "--to", f"{last}"], services) == status
    assert capfd.readouterr().out.splitlines()[-1] == summary


def test_what_nothing_can_be_compared_with_is_done_in_part(
    services: VerifyingServices, days: ClosedDays
) -> None:
    days.forget_seals()
    days.backend.can_find = False

    assert run(["verify", *THREE_DAYS], services) == 8


def test_weeks_are_named_as_such(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    del days

    assert run(["verify", *THREE_DAYS, "--period", "week"], services) == 1
    assert capfd.readouterr().out.startswith("week 2026-W47  missing  (no seal)\n")


def test_a_state_that_is_away_is_worth_a_warning(
    services: VerifyingServices, days: ClosedDays, capfd: pytest.CaptureFixture[str]
) -> None:
    days.state.begin_faults.append(LOCKED)

    assert run(["verify", *THREE_DAYS], services) == 0

    told = capfd.readouterr()
    assert told.err == (
        "aegis-batch: from here on no seal is looked at and nothing is kept: It is locked.\n"
        "  -> Wait.\n"
    )
    assert told.out.count("(no seal)") == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--from", "2026-11-18", "--to", "2026-11-16"], "range_reversed"),
        (["--from", "2026-11-16", "--to", "2026-11-30"], "day_not_over"),
        (["--from", "2026-11-16"], "invalid_command"),
        (["--from", "yesterday", "--to", "2026-11-16"], "invalid_command"),
        ([*THREE_DAYS, "--period", "year"], "invalid_command"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(
    services: VerifyingServices,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    code: str,
) -> None:
    assert run(["verify", *arguments], services) == 2
    assert capfd.readouterr().out == ""

    assert run(["verify", *arguments, "--output", "json"], services) == 2
    assert told_json(capfd)["error"]["code"] == code


def test_settings_that_are_wrong_are_told(services: VerifyingServices) -> None:
    services.fault = InvalidRequest("missing_setting", "One is missing.", "Set it.")

    assert run(["verify", *THREE_DAYS], services) == 2
