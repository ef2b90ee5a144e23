"""What a verification found, as lines for people."""

from decimal import Decimal

from aegis_batch.domain import exact
from aegis_batch.domain.printable import printable, shortened
from aegis_batch.domain.verification import Change, FindingChange, ItemChange, Verdict, Verification

__all__ = ["change_lines", "found_lines"]

_CHARACTERS_MAX = 500
_NAME_CHARACTERS_MAX = 200


def found_lines(verification: Verification) -> list[str]:
    """Return what is off, each difference in a line that is safe to show; none where all is well.

    What came from outside is made printable, and an ellipsis stands where a line is cut.
    """
    lines = []
    if verification.verdict is Verdict.MISSING:
        lines.append(f"{verification.keeper.named} has no report of it")
    lines += [each.told_of(verification.keeper) for each in verification.differences]
    if verification.problem is not None:
        lines.append(f"{verification.problem.code}: {verification.problem.message}")
    lines = [shortened(printable(line), _CHARACTERS_MAX) for line in lines]
    return lines if verification.change is None else lines + change_lines(verification.change)


def change_lines(change: Change) -> list[str]:
    """Return how a period's orders differ from its seal, as ``found_lines`` does."""
    lines = [
        _line(name, f"{Decimal(sealed):f}", f"{Decimal(present):f}", f"{Decimal(difference):+f}")
        for name, sealed, present, difference in (
            ("orders", change.orders_sealed, change.orders_present, change.orders),
            ("lines", change.lines_sealed, change.lines_present, change.lines),
            ("revenue", change.revenue_sealed, change.revenue_present, change.revenue),
        )
        if difference
    ]
    lines += [_item_line(item) for item in change.items]
    if change.items_left_out:
        lines.append(f"and {change.items_left_out} more items")
    lines += map(_finding_line, change.findings)
    return [shortened(line, _CHARACTERS_MAX) for line in lines]


def _line(name: str, sealed: str, present: str, difference: str) -> str:
    return f"{name}: {present} now, {sealed} when it was sealed ({difference})"


def _item_line(item: ItemChange) -> str:
    sign = "+" if item.difference > 0 else ""
    numbers = map(exact.canonical, (item.sealed, item.present, item.difference))
    sealed, present, difference = numbers
    return _line(f"item {_named(item.name)}", sealed, present, f"{sign}{difference}")


def _finding_line(change: FindingChange) -> str:
    line = (
        f"orders that break {change.finding}: {change.present} now,"
        f" {change.sealed} when it was sealed"
    )
    if change.present != change.sealed:
        line += f" ({change.present - change.sealed:+})"
    elif not change.came:
        line += ", others"
    for word, orders in (("with order", change.came), ("without order", change.went)):
        if orders:
            line += f", {word} {', '.join(map(_named, orders))}"
    return line


def _named(item: str) -> str:
    # What changed stands behind the name, and must not be cut off with it.
    return shortened(printable(item), _NAME_CHARACTERS_MAX)
