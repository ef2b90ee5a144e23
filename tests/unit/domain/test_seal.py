"""The seal holds what was read, and the digests of totals and body."""

from datetime import UTC, date, datetime
from decimal import Decimal

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.report import Report
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.totals import Totals

_VERSIONS = Versions(program="1.2.3", tzdata="2026a", unicode="14.0.0")
_READ_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
_WINDOW = Window(
    day=date(2026, 11, 21),
    start=datetime(2026, 11, 21, 3, tzinfo=UTC),
    end=datetime(2026, 11, 22, 3, tzinfo=UTC),
    wall_start=datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None),
    wall_end=datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None),
)


def _seal(totals: Totals) -> tuple[Seal, Report]:
    report = Report.derive(_WINDOW.day, totals, top_items_max=1, currency_decimals=2)
    seal = Seal.of(
        _WINDOW, totals, report, snapshot="00000003-1", read_at=_READ_AT, versions=_VERSIONS
    )
    return seal, report


def test_a_seal_is_made_of_what_was_read() -> None:
    soup = OrderLine("Soup", Decimal(2), Decimal("20.50"))
    tea = OrderLine("Tea", Decimal(3), Decimal(1))
    totals = Totals.sum(
        [
            Totals.of(Order("1", Decimal(44), (soup, tea))),
            Totals.of(Order("2", Decimal(41), (soup,))),
        ]
    )

    seal, report = _seal(totals)

    assert seal == Seal(
        window=_WINDOW,
        orders_read=2,
        lines_read=3,
        items_sold=Decimal(7),
        distinct_items=2,
        totals_digest=totals.digest(),
        body_digest=report.digest(),
        snapshot="00000003-1",
        read_at=_READ_AT,
        versions=_VERSIONS,
    )
    assert seal.totals_digest != seal.body_digest


def test_what_the_body_leaves_out_shows_in_the_seal_all_the_same() -> None:
    # Only one item is listed, and rounding hides the tenth of a cent.
    base = Totals(orders=1, revenue=Decimal("5.00"), items={"a": Decimal(9), "b": Decimal(1)})
    other = Totals(orders=1, revenue=Decimal("5.001"), items={"a": Decimal(9), "b": Decimal(2)})

    (seal, _), (other_seal, _) = _seal(base), _seal(other)

    assert seal.body_digest == other_seal.body_digest
    assert seal.totals_digest != other_seal.totals_digest


def test_an_empty_day_has_a_seal() -> None:
    seal, _ = _seal(Totals())

    assert (seal.orders_read, seal.lines_read, seal.distinct_items) == (0, 0, 0)
    assert seal.items_sold == 0
