"""Seals days and judges chains of seals with the domain alone, so that any Python can do it.

This module is also read inside another Python, which has the standard library, the installed
package and the time zones, and nothing else.
"""

import json
import sys
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.seal_chain import Footing, judge_link
from aegis_batch.domain.seal_link import KeptLink, SealedReport, SealLink
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Change

# What was kept says who sealed it; whoever seals it again must say the same.
_VERSIONS = Versions("1.2.3", "2026a", "14.0.0")
_FIELDS = ("tenant", "number", "content", "digest", "period_kind", "first_day", "run_id")
_WEIGHTS = ("orders", "lines", "revenue")


def answer(asked: str) -> str:
    """Seal ``days``, verify them beside the ``kept`` links, and judge a ``chain``; all as JSON.

    ``changed`` says for each kept link what is another in the day of its place, ``broken`` which
    links of the chain don't hold.
    """
    question = json.loads(asked)
    kept, chain = ([KeptLink(**fields) for fields in question[name]] for name in ("kept", "chain"))
    links = _chains(question["days"])
    return json.dumps(
        {
            "version": list(sys.version_info[:3]),
            "machine": f"{sys.implementation.name} on {sys.platform}",
            "unicode": unicodedata.unidata_version,
            "links": [
                {name: getattr(link.kept(), name) for name in _FIELDS}
                | {"body": link.sealed.body.encode().hex()}
                for link in links
            ],
            "broken": _broken(chain),
            "changed": [
                _change(SealLink.of(row.content), link)
                for row, link in zip(kept, links, strict=False)
            ],
        }
    )


def _chains(days: list[dict[str, Any]]) -> list[SealLink]:
    footings: dict[str, Footing] = {}
    links = []
    for day in days:
        footing = footings.get(day["tenant"], Footing())
        link = _link(day, footing)
        footings[day["tenant"]] = Footing(link.number, link.kept().digest)
        links.append(link)
    return links


def _link(day: dict[str, Any], footing: Footing) -> SealLink:
    period = Period(PeriodKind(day["kind"]), date.fromisoformat(day["firstDay"]))
    day_start = time.fromisoformat(day["dayStart"])
    window = Calendar(load_zone(day["zone"]), day["zone"], day_start).window_of(period)
    totals = Totals.sum(map(Totals.of, map(_order, day["orders"])))
    report = Report.derive(window.day, totals, top_items_max=10, currency_decimals=2)
    return SealLink(
        number=footing.number + 1,
        key=CloseKey(day["tenant"], period),
        run_id=f"run-{footing.number + 1}",
        outcome=Outcome.CREATED,
        sealed_at=_after(window, seconds=2),
        previous=footing.digest,
        sealed=SealedReport(
            Seal.of(
                window,
                totals,
                report,
                snapshot="00000003-1",
                read_at=_after(window, seconds=1),
                versions=_VERSIONS,
            ),
            totals,
            report.body().decode(),
        ),
    )


def _after(window: Window, *, seconds: int) -> datetime:
    return window.end + timedelta(hours=2, seconds=seconds, microseconds=seconds)


def _order(fields: dict[str, Any]) -> Order:
    lines = (
        OrderLine(name, Decimal(quantity), Decimal(price))
        for name, quantity, price in fields["lines"]
    )
    if "total" not in fields:
        return Order.priced_by_lines(fields["id"], lines)
    return Order(fields["id"], Decimal(fields["total"]), tuple(lines))


def _broken(chain: list[KeptLink]) -> list[list[str | int]]:
    """Return the first broken link of each tenant's chain, by tenant, number and breach."""
    footings: dict[str, Footing] = {}
    broken: dict[str, BrokenLink] = {}
    for row in chain:
        if row.tenant not in broken:
            judged = judge_link(row, footings.get(row.tenant, Footing()))
            if isinstance(judged, BrokenLink):
                broken[row.tenant] = judged
            else:
                footings[row.tenant] = Footing(row.number, row.digest)
    return [[each.tenant, each.number, each.breach.value] for each in broken.values()]


def _change(sealed: SealLink, present: SealLink) -> list[str]:
    """Return what verifying would say is another than when it was sealed."""
    before = sealed.sealed.totals.with_present_names()
    change = Change.between(before, present.sealed.totals)
    if change is None:
        return []
    weights = [name for name in _WEIGHTS if getattr(change, name)]
    return weights + [item.name for item in change.items]
