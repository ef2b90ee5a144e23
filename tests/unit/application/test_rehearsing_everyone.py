"""Rehearsals of the range of all tenants: each one's periods derived, and nothing sent."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.backfill_rehearsal import RehearseEveryoneUseCase
from aegis_batch.application.close_job import Rehearsal
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest, OrdersUnreachable
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.test_close_everyone import ZONE, Market

DAYS = [date(2026, 11, 19), date(2026, 11, 20)]
Came = list[tuple[date, str, Outcome | None]]


class Unreadable(InMemoryOrderReader):
    """Orders that can't be read."""

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Fail; see the port."""
        del tenants, window, tolerance
        raise OrdersUnreachable("unreachable", "Nobody is there.", "Try again later.")


def rehearsal(market: Market) -> RehearseEveryoneUseCase:
    return RehearseEveryoneUseCase(
        market.use_case(Rehearsal()), market.directory, market.clock, SystemCalendars(ZONE, time(0))
    )


def rehearse(market: Market, **changes: object) -> tuple[int, Came]:
    wanted = {"first_day": DAYS[0], "last_day": DAYS[1], **changes}
    periods, found = rehearsal(market).rehearse(BackfillRequest(**wanted))  # type: ignore[arg-type]
    return len(periods), [
        (each.record.key.period.first_day, each.record.key.tenant, each.ended.outcome)
        for each in found
    ]


def test_each_period_of_each_tenant_is_derived_and_nothing_is_sent() -> None:
    market = Market()

    count, came = rehearse(market)

    assert count == 2
    assert came == [(day, tenant, Outcome.DRY_RUN) for day in DAYS for tenant in ("north", "south")]
    assert market.backend.bodies == []


def test_the_newest_comes_first_where_that_is_asked_for() -> None:
    _, came = rehearse(Market(), newest_first=True)

    assert [day for day, _, _ in came] == [DAYS[1], DAYS[1], DAYS[0], DAYS[0]]


def test_a_tenant_is_left_out_before_its_first_day() -> None:
    _, came = rehearse(Market(Tenant("north"), Tenant("new", closes_from=DAYS[1])))

    assert [(day, tenant) for day, tenant, _ in came] == [
        (DAYS[0], "north"),
        (DAYS[1], "new"),
        (DAYS[1], "north"),
    ]


def test_a_zone_that_is_none_is_the_trouble_of_its_tenants_alone() -> None:
    _, came = rehearse(Market(Tenant("north"), Tenant("far", "Mars/Olympus")))

    assert {(tenant, outcome) for _, tenant, outcome in came} == {
        ("north", Outcome.DRY_RUN),
        ("far", Outcome.INVALID),
    }


def test_a_day_that_has_not_ended_for_all_of_them_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="has not ended"):
        rehearse(Market(), last_day=date(2026, 11, 21))


def test_it_ends_with_the_first_day_on_which_nobodys_orders_can_be_read() -> None:
    market = Market()
    market.orders = Unreadable([])

    count, came = rehearse(market)

    assert count == 2
    assert came == [(DAYS[0], tenant, Outcome.UNREADABLE) for tenant in ("north", "south")]
