"""What a verification found, as lines for people."""

from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.printable import printable
from aegis_batch.domain.verification import Change, Verdict, Verification

__all__ = ["found_lines"]

_CHARACTERS_MAX = 500


def found_lines(verification: Verification) -> list[str]:
    """Return what is off, each difference in a line that is safe to show; none where all is well.

    What came from outside is made printable, and a line is cut where it is long.
    """
    lines = []
    if verification.verdict is Verdict.MISSING:
        lines.append("the Backend has no report of it")
    lines += [str(difference) for difference in verification.differences]
    if verification.problem is not None:
        lines.append(f"{verification.problem.code}: {verification.problem.message}")
    if verification.change is not None:
        lines += _change_lines(verification.change)
    return [printable(line)[:_CHARACTERS_MAX] for line in lines]


def _change_lines(change: Change) -> list[str]:
    lines = [
        _line(name, Decimal(sealed), Decimal(present), Decimal(difference))
        for name, sealed, present, difference in (
            ("orders", change.orders_sealed, change.orders_present, change.orders),
            ("lines", change.lines_sealed, change.lines_present, change.lines),
            ("revenue", change.revenue_sealed, change.revenue_present, change.revenue),
        )
        if difference
    ]
    lines += [
        _line(f"item {item.name}", item.sealed, item.present, item.difference)
        for item in change.items
    ]
    if change.items_left_out:
        lines.append(f"and {change.items_left_out} more items")
    return lines


def _line(name: str, sealed: Decimal, present: Decimal, difference: Decimal) -> str:
    sign = "+" if difference > 0 else ""
    return (
        f"{name}: {exact.canonical(present)} now, {exact.canonical(sealed)} when it was sealed"
        f" ({sign}{exact.canonical(difference)})"
    )
