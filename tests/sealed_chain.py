"""Chains of seals as confirmed closes leave them, with the runs that made them."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.seal_chain import Footing
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, KeptLink, SealedReport, SealLink
from aegis_batch.domain.totals import Totals

__all__ = [
    "FIRST_DAY",
    "ITEMS",
    "OTHER_ITEMS",
    "a_chain",
    "altered_by_hand",
    "derived_again",
    "record_of",
    "sealed_link",
]

ZONE = "America/Sao_Paulo"
FIRST_DAY = date(2026, 11, 16)
ITEMS = {"Chá": Decimal(2), "Pão de queijo": Decimal("12345678901234567890.5")}
OTHER_ITEMS = {"Chá": Decimal(3)}
_TALLIES = {Finding.EMPTY_ORDER: Tally(2, ("7", "8"))}


def sealed_link(
    number: int,
    previous: str = FIRST_PREVIOUS,
    *,
    tenant: str = "default",
    items: Mapping[str, Decimal] = ITEMS,
) -> SealLink:
    """Return the link of the close of a day, as many days after the first as its number says.

    The first was sealed by a program that did not yet keep how a run came about.
    """
    period = Period(PeriodKind.DAY, FIRST_DAY + timedelta(days=number - 1))
    totals = Totals(orders=number, lines=9, revenue=Decimal("10.50"), items=items, tallies=_TALLIES)
    window = Calendar(load_zone(ZONE), ZONE).window_of(period)
    report = Report.derive(window.day, totals, top_items_max=10, currency_decimals=2)
    sealed_at = datetime.combine(window.day + timedelta(days=1), datetime.min.time(), UTC)
    sealed_at += timedelta(hours=5, seconds=2)
    seal = Seal.of(
        window,
        totals,
        report,
        snapshot="00000003-1",
        read_at=sealed_at - timedelta(seconds=1),
        versions=Versions("1.2.3", "2026a", "14.0.0"),
    )
    return SealLink(
        number=number,
        key=CloseKey(tenant, period),
        run_id=f"run-{tenant}-{number}",
        outcome=Outcome.CREATED,
        sealed_at=sealed_at,
        previous=previous,
        sealed=SealedReport(seal, totals, report.body().decode()),
        made=None if number == 1 else _made(sealed_at),
    )


def _made(sealed_at: datetime) -> RunFacts:
    return RunFacts(
        trigger=Trigger.NIGHT,
        requested_by="scheduler",
        schedule="daily-close",
        replay_of=None,
        attempt=1,
        started_at=sealed_at - timedelta(seconds=2),
        executor="machine-1",
        backend="00ff00ff00ff00ff",
        job=JobKind.CLOSE,
    )


def a_chain(count: int, tenant: str = "default") -> list[SealLink]:
    """Return the first links of a tenant's chain."""
    links: list[SealLink] = []
    footing = Footing()
    for number in range(1, count + 1):
        link = sealed_link(number, footing.digest, tenant=tenant)
        links.append(link)
        footing = Footing(number, link.kept().digest)
    return links


def derived_again(
    chain: list[SealLink],
    link: SealLink,
    outcome: Outcome = Outcome.ALREADY_CLOSED,
    items: Mapping[str, Decimal] = ITEMS,
) -> list[SealLink]:
    """Return a chain with one more link: that of a later run which closed a link's day again."""
    number = len(chain) + 1
    sealed_at = chain[-1].sealed_at + timedelta(hours=number)
    day = (link.key.period.first_day - FIRST_DAY).days + 1
    again = replace(
        sealed_link(day, chain[-1].kept().digest, tenant=link.key.tenant, items=items),
        number=number,
        run_id=f"run-again-{number}",
        outcome=outcome,
        sealed_at=sealed_at,
        made=_made(sealed_at),
    )
    return [*chain, again]


def altered_by_hand(link: SealLink, **changes: str) -> SealLink:
    """Return a link that is kept as somebody would leave it who can write to its row."""

    class Altered(SealLink):
        def kept(self) -> KeptLink:
            return replace(SealLink.kept(self), **changes)  # type: ignore[arg-type]

    return Altered(**{field.name: getattr(link, field.name) for field in fields(link)})


def record_of(link: SealLink) -> RunRecord:
    """Return the run that ended with a link."""
    made = link.made or _made(link.sealed_at)
    started_at = made.started_at or link.sealed_at
    return RunRecord(
        id=link.run_id,
        trace_id="ab" * 16,
        job=JobKind.CLOSE,
        key=link.key,
        trigger=made.trigger,
        requested_by=made.requested_by,
        state=RunState.SUCCEEDED,
        work_id=f"{link.run_id}#1",
        enqueued_at=started_at,
        due_at=started_at,
        attempt=made.attempt,
        schedule=made.schedule,
        replay_of=made.replay_of,
        started_at=made.started_at,
        ended_at=link.sealed_at,
        executor=made.executor,
        backend=made.backend,
        outcome=link.outcome,
        orders=link.sealed.seal.orders_read,
        seal=link.sealed.seal,
        duration_ms=1999.5,
        requests=2,
    )
