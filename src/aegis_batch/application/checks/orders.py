"""Checks of the orders: do the tables fit, how are they found, and do the orders add up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from aegis_batch.application.ports.orders_inspector import Access, Fit, WindowAccess
from aegis_batch.domain import exact
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.consistency import Action, Finding, Rule, Rules, Violation
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable
from aegis_batch.domain.totals import Totals

__all__ = ["access_checks", "data_checks", "fit_checks", "unplanned_check"]

_OF_TIME = ("placed_at", "date_needs_midnight")
_LARGE_BYTES = 8 * 1024 * 1024
_MIB = 1024 * 1024
_MEND = "Mend these orders in the shop's database, or leave them out in a view of your own."
_WHEN_RIGHT = {
    Rule.NEGATIVE_TOTAL: "If refunds are kept as orders, and lower the revenue",
    Rule.INVALID_QUANTITY: "If returns are kept as lines, and lower the quantities",
    Rule.NEGATIVE_PRICE: "If discounts are kept as lines of their own",
    Rule.EMPTY_ORDER: "If orders without a line are nothing unusual",
    Rule.LINE_TOTAL_MISMATCH: "If fees, taxes or discounts belong to the total alone",
}


def fit_checks(fit: Fit) -> Iterator[Check]:
    """Tell how tables, columns and types fit the settings."""
    of_time = [fault for fault in fit.faults if fault.code.startswith(_OF_TIME)]
    of_tables = [fault for fault in fit.faults if fault not in of_time]
    for fault in of_tables:
        yield Check.fail("orders.tables", fault.message, fault.remedy)
    if not of_tables:
        yield Check.ok("orders.tables", "Both tables and all their columns are there, and fit.")
    for fault in of_time:
        yield Check.fail("orders.placed_at", fault.message, fault.remedy)
    if fit.placed_at is not None:
        yield Check.ok("orders.placed_at", fit.placed_at)


def unplanned_check(error: AegisError) -> Check:
    """Tell why the server could not even say how it would find the orders of a day."""
    name = "orders.window_index"
    if error.code != "statement_timeout":
        return Check.of(name, error)
    return Check.fail(
        name,
        "The server did not say in time how it would find the orders of a day, which takes it no"
        " time: probably something holds a lock on the tables.",
        "See in pg_stat_activity and pg_locks what it is, a migration perhaps, and run doctor"
        " again when it is over.",
    )


def access_checks(access: WindowAccess, day: date) -> Iterator[Check]:
    """Tell how the server would find the orders of a day, and the lines of an order."""
    estimate = f"about {access.orders.estimated_rows:,} orders on {day}, the server estimates"
    yield _access_check(
        "orders.window_index", access.orders, "the orders of a day", f"By an index: {estimate}."
    )
    yield _access_check("orders.items_index", access.items, "the lines of an order", "By an index.")


def _access_check(name: str, access: Access, what: str, fine: str) -> Check:
    if not access.scanned:
        return Check.ok(name, fine)
    size_bytes = sum(table.size_bytes for table in access.scanned)
    tables = ", ".join(table.name for table in access.scanned)
    if size_bytes < _LARGE_BYTES:
        return Check.ok(
            name,
            f"No index finds {what}, so {tables} is read from end to end. That is fine while it is"
            f" small ({size_bytes / _MIB:.1f} MiB).",
        )
    known = dict.fromkeys(table.index_sql for table in access.scanned if table.index_sql)
    if known:
        remedy = "As the owner of the table:\n" + "\n".join(known)
    else:
        remedy = (
            f"The view computes what is looked for, so no index on a column of {tables} serves:"
            " hand the column on as the table has it (for a time,"
            " AEGIS_ORDERS_PLACED_AT_KIND says what it means), or make an index on the same"
            " expression."
        )
    return Check.warn(
        name,
        f"No index finds {what}, so each close reads {tables} from end to end"
        f" ({size_bytes / _MIB:,.0f} MiB).",
        remedy,
    )


def data_checks(
    days: Sequence[date],
    totals: Totals,
    rules: Rules,
    currency_decimals: int,
    tenant: str | None = None,
) -> Iterator[Check]:
    """Tell which rules the orders of some closed days break, and which setting to choose.

    ``days`` are the days that were read, oldest first, and ``totals`` what they add up to;
    ``tenant`` is whose orders they are, ``None`` where there is but one.
    """
    name = "orders.data"
    whose = "" if tenant is None else f" of the tenant {printable(tenant)}"
    span = f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
    if totals.orders == 0:
        yield Check.warn(
            name,
            f"There is no order{whose} on any of the days {span}.",
            "If there should be some: see that AEGIS_ORDERS_TABLE, AEGIS_ORDERS_PLACED_AT,"
            " AEGIS_TIMEZONE and AEGIS_ORDERS_STATUSES are right.",
        )
        return
    revenue = exact.round_half_even(totals.revenue, currency_decimals)
    yield Check.ok(
        name,
        f"{totals.orders:,} orders{whose} on the days {span}, with {totals.lines:,} lines and a"
        f" revenue of {revenue:,f}: compare it with what you know.",
    )
    violations = rules.judge(totals.tallies)
    softened = {v.rule: _softer(v) for v in violations if not _is_fixed(v, totals)}
    for violation in violations:
        yield _violation_check(f"{name}.{violation.rule}", violation, rules, softened, whose)


def _is_fixed(violation: Violation, totals: Totals) -> bool:
    """Say whether no setting lets such orders be closed."""
    return violation.action is Action.REJECT and (
        not Rules.can_override(violation.rule)
        or (
            violation.rule is Rule.INVALID_QUANTITY
            and Finding.FRACTIONAL_QUANTITY in totals.tallies
        )
    )


def _softer(violation: Violation) -> Action:
    return Action.WARN if violation.action is Action.REJECT else Action.IGNORE


def _violation_check(
    name: str, violation: Violation, rules: Rules, softened: Mapping[Rule, Action], whose: str
) -> Check:
    rule = violation.rule
    ids = ", ".join(violation.orders)
    more = ", ..." if violation.count > len(violation.orders) else ""
    orders = f"order{whose} breaks" if violation.count == 1 else f"orders{whose} break"
    broken = f"{violation.count:,} {orders} the rule {rule} ({ids}{more})"
    if violation.action is Action.REJECT:
        message = f"{broken}, so their days can't be closed."
        if rule not in softened:
            return Check.fail(name, message, f"{_MEND} This rule can't be waived.")
        remedy = f"{_MEND} {_WHEN_RIGHT[rule]}: {_setting(rules, rule, softened)}."
        return Check.fail(name, message, remedy)
    remedy = f"{_WHEN_RIGHT[rule]}: {_setting(rules, rule, softened)}"
    if rule is Rule.LINE_TOTAL_MISMATCH:
        remedy += "; or set AEGIS_TOTAL_TOLERANCE to what may be between them"
    remedy += f". If they must not be closed: {rule}=reject in its place."
    return Check.warn(name, f"{broken}; their days are closed with a warning.", remedy)


def _setting(rules: Rules, rule: Rule, softened: Mapping[Rule, Action]) -> str:
    """Return what to set for one rule, or for all that are told of, since they share a setting."""
    chosen = {**rules.overrides, **softened}
    value = ",".join(f"{name}={chosen[name]}" for name in Rule if name in chosen)
    if len(softened) == 1:
        return f"set AEGIS_RULES={value}"
    return (
        f"put {rule}={softened[rule]} into AEGIS_RULES (with what the other lines choose it is"
        f" AEGIS_RULES={value})"
    )
