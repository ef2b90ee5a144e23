"""The ranges of all tenants, each by its own zone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application.ports.order_reader import READ_TENANTS_MAX, each_once
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.verify import VerifyRequest
from aegis_batch.application.verify_everyone import RangeOfEveryone
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.closed_days import FIRST, ClosedDays

DAY = timedelta(days=1)
LAST = FIRST + 2 * DAY


def ranges(*tenants: Tenant, last: date = LAST) -> RangeOfEveryone:
    directory = InMemoryTenantDirectory(tenants, "America/Sao_Paulo")
    request = VerifyRequest("v", "2" * 32, FIRST, last)
    return RangeOfEveryone(ClosedDays().use_case(), directory, request)


def test_each_tenant_has_the_range_from_its_own_first_day_on() -> None:
    found = ranges(
        Tenant("a"), Tenant("b", closes_from=FIRST + DAY), Tenant("c", closes_from=LAST + DAY)
    )

    asked = [(each.tenant, each.first, each.may_be_open) for each in found]

    assert asked == [("a", FIRST, True), ("b", FIRST + DAY, True)]
    assert (found.tenants, found.zoneless, found.is_whole) == (3, 0, True)


def test_a_tenant_whose_zone_is_none_is_counted_and_left_out() -> None:
    found = ranges(Tenant("a"), Tenant("lost", "Mars/Olympus"))

    assert [each.tenant for each in found] == ["a"]
    assert (found.tenants, found.zoneless) == (2, 1)


def test_a_range_that_is_none_is_refused_before_anybody_is_come_to() -> None:
    with pytest.raises(InvalidRequest):
        ranges(Tenant("a"), last=FIRST - timedelta(days=1))


def test_a_range_that_has_not_ended_in_the_zone_of_some_tenant_is_refused() -> None:
    days = ClosedDays()
    # In São Paulo the last day is just over, in Honolulu it goes on.
    days.clock.set(datetime.combine(LAST + DAY, time(3, 30), UTC))
    directory = InMemoryTenantDirectory([Tenant("far", "Pacific/Honolulu")], "America/Sao_Paulo")
    request = VerifyRequest("v", "2" * 32, FIRST, LAST)

    with pytest.raises(InvalidRequest) as refused:
        RangeOfEveryone(days.use_case(), directory, request)

    assert refused.value.code == "day_not_over"


def test_the_directory_is_there_where_there_is_something_to_choose() -> None:
    directory = InMemoryTenantDirectory([Tenant("a")], "America/Sao_Paulo")

    assert TenantChoice(directory).directory is directory


def test_no_more_tenants_are_read_at_once_than_can_be() -> None:
    names = [str(number) for number in range(READ_TENANTS_MAX + 1)]

    assert each_once(["a", "b", "a"]) == ("a", "b")
    with pytest.raises(ValueError, match="more than"):
        each_once(names)
