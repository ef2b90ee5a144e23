"""A directory of tenants is looked at before the first night."""

from datetime import date, time

import pytest

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.checks.tenants import tenants_checks
from aegis_batch.domain.checkup import Check, Verdict
from aegis_batch.domain.errors import OrdersMisfit
from aegis_batch.domain.tenant import Tenant

ZONE = "America/Sao_Paulo"
CALENDARS = SystemCalendars(ZONE, time(0))
WINDOW = CALENDARS.of(None).window(date(2026, 11, 21))
MISFIT = OrdersMisfit("missing_table", "There is no such table.", "Name the right one.")


class Unreadable(InMemoryTenantDirectory):
    """A directory that is not there."""

    def zones(self) -> list[str | None]:
        """Fail."""
        raise MISFIT


def checks(*tenants: Tenant) -> list[Check]:
    return list(tenants_checks(InMemoryTenantDirectory(tenants, ZONE), CALENDARS, WINDOW))


@pytest.mark.parametrize(
    ("zones", "told"),
    [
        ((None,), "no time zones beside"),
        ((None, "Asia/Tokyo"), "1 time zone beside"),
        (("Asia/Tokyo", "America/Manaus"), "2 time zones beside"),
    ],
)
def test_a_directory_with_tenants_is_fine_and_says_how_many_zones_it_has(
    zones: tuple[str | None, ...], told: str
) -> None:
    (check,) = checks(*(Tenant(f"t{place}", zone) for place, zone in enumerate(zones)))

    assert check.verdict is Verdict.OK
    assert told in check.message


def test_a_directory_without_an_active_tenant_is_worth_a_word() -> None:
    (check,) = checks()

    assert check.verdict is Verdict.WARN
    assert "no active tenant on 2026-11-21" in check.message


def test_zones_that_are_none_are_named_without_letting_them_break_the_line() -> None:
    _, check = checks(*(Tenant(f"t{number}", f"Mars/{number}\n") for number in range(7)))

    assert (check.name, check.verdict) == ("tenants.zones", Verdict.FAIL)
    assert "Mars/0" in check.message
    assert "and 2 more" in check.message
    assert "\n" not in check.message


def test_a_directory_that_can_not_be_read_says_why() -> None:
    (check,) = tenants_checks(Unreadable([], ZONE), CALENDARS, WINDOW)

    assert check == Check.of("tenants.directory", MISFIT)
