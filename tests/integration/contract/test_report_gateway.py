"""What every ReportGateway does, in memory or over HTTP."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.report import Report, TopItem
from tests.integration.closing import (
    DAY,
    REPORT,
    TOKEN,
    closing_over,
    connect,
    run_of,
    run_of_period,
)


@pytest.fixture(params=["memory", "http"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportGateway]:
    if request.param == "memory":
        yield InMemoryReportGateway()
        return
    server = SandboxServer(tmp_path / "sandbox.db", TOKEN)
    server.start()
    try:
        with closing_over(connect(server.url, several_tenants=True)) as closing:
            yield closing.gateway
    finally:
        server.stop()


def test_a_day_that_was_never_closed_is_not_found(gateway: ReportGateway) -> None:
    assert gateway.can_find
    assert gateway.find(run_of()) is None
    assert gateway.find(run_of(), once=True) is None


def test_a_gateway_says_which_backend_it_is_as_often_as_it_is_asked(
    gateway: ReportGateway,
) -> None:
    assert re.fullmatch(r"[a-z0-9]{1,16}", gateway.identity)
    assert gateway.identity == gateway.identity


def test_a_report_is_created_once_and_found_from_then_on(gateway: ReportGateway) -> None:
    receipt = gateway.submit(run_of(), REPORT)

    assert (receipt.status, receipt.created, receipt.attempts, receipt.stored) == (
        201,
        True,
        1,
        None,
    )
    for once in (False, True):
        found = gateway.find(run_of(), once=once)
        assert found is not None
        assert found.is_complete
        assert found.differences(REPORT) == ()
        assert found.as_report(2) == REPORT


def test_a_report_handed_over_again_is_there_already(gateway: ReportGateway) -> None:
    gateway.submit(run_of(), REPORT)

    receipt = gateway.submit(run_of(), REPORT)

    assert (receipt.status, receipt.created, receipt.attempts) == (200, False, 1)
    assert receipt.stored is not None
    assert receipt.stored.differences(REPORT) == ()


def test_another_report_for_the_same_day_does_not_replace_the_first(
    gateway: ReportGateway,
) -> None:
    other = Report(DAY, 3, Decimal("50.51"), ())
    gateway.submit(run_of(), REPORT)

    receipt = gateway.submit(run_of(), other)

    assert not receipt.created
    assert receipt.stored is not None
    assert [difference.field for difference in receipt.stored.differences(other)] == [
        "totalOrders",
        "totalRevenue",
        "topItems",
    ]
    found = gateway.find(run_of())
    assert found is not None
    assert found.differences(REPORT) == ()


def test_reports_are_kept_apart_by_tenant_and_by_day(gateway: ReportGateway) -> None:
    next_day = date(2026, 11, 22)
    gateway.submit(run_of("one"), REPORT)

    assert gateway.find(run_of("two")) is None
    assert gateway.find(run_of("one", next_day)) is None
    assert gateway.submit(run_of("two"), REPORT).created
    assert gateway.submit(run_of("one", next_day), Report(next_day, 0, Decimal("0.00"), ())).created
    found = gateway.find(run_of("one", next_day))
    assert found is not None
    assert found.report_date == next_day


@pytest.mark.parametrize("kind", PeriodKind)
def test_every_kind_of_period_is_created_once_and_found_with_its_first_day(
    gateway: ReportGateway, kind: PeriodKind
) -> None:
    run = run_of_period(Period.holding(kind, DAY))
    report = replace(REPORT, report_date=run.key.period.first_day)

    assert gateway.find(run) is None
    assert gateway.submit(run, report).created
    again = gateway.submit(run, report)
    assert (again.status, again.created) == (200, False)
    assert again.stored is not None
    assert again.stored.differences(report) == ()
    found = gateway.find(run)
    assert found is not None
    assert found.as_report(2) == report


def test_a_day_a_week_and_a_month_with_the_same_first_day_are_three_reports(
    gateway: ReportGateway,
) -> None:
    # The first of June 2026 was a Monday.
    first = date(2026, 6, 1)
    runs = [run_of_period(Period(kind, first)) for kind in PeriodKind]
    for number, run in enumerate(runs):
        assert gateway.find(run) is None
        assert gateway.submit(run, Report(first, number, Decimal("1.00"), ())).created

    found = [gateway.find(run) for run in runs]
    assert [stored and stored.total_orders for stored in found] == [0, 1, 2]


@pytest.mark.parametrize(
    "report",
    [
        Report(DAY, 0, Decimal("0.00"), ()),
        Report(DAY, 1, Decimal("-0.01"), ()),
        Report(DAY, 10**18, Decimal("123456789012345678901234567890.99"), ()),
        Report(DAY, 1, Decimal(7), (TopItem("x", Decimal(10**30)),)),
        Report(
            DAY,
            3,
            Decimal("1.500"),
            (
                TopItem('"quoted\\"\u2028\n\x7f', Decimal(3)),
                TopItem("\U0001f354 água", Decimal(2)),
                TopItem(" ", Decimal(1)),
            ),
        ),
    ],
    ids=["empty", "negative", "huge", "huge quantity", "awkward names"],
)
def test_a_report_comes_back_to_the_last_digit(gateway: ReportGateway, report: Report) -> None:
    gateway.submit(run_of(), report)

    found = gateway.find(run_of())

    assert found is not None
    assert found.differences(report) == ()
    assert found.total_revenue == report.total_revenue
    assert found.top_items == report.top_items


def identity(url: str, *, can_find: bool = True) -> str:
    with closing_over(connect(url), can_find=can_find) as closing:
        return closing.gateway.identity


def test_one_backend_has_one_identity_however_its_address_is_written() -> None:
    ways = ["https://a.example/api", "HTTPS://A.Example/api/", "https://a.example:443/api"]

    assert len({identity(way) for way in ways}) == 1
    assert identity(ways[0], can_find=False) == identity(ways[0])


def test_two_backends_have_two_identities_which_do_not_tell_their_addresses() -> None:
    ways = ["https://a.example/api", "https://a.example", "https://b.example/api"]
    found = {identity(way) for way in [*ways, "https://a.example:8443/api"]}

    assert len(found) == 4
    assert "example" not in "".join(found)
