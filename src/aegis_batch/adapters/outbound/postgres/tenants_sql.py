"""The statement that adds up and checks the orders of many tenants, each order by its own lines.

The orders of some tenants lie scattered among those of all others. So each order is taken to its
lines by the index on them: once to be checked, which adds up a few rows at a time and keeps none,
and once more for quantities by name. It needs ids that are unique, and that index; the plain form
needs neither.
"""

from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import ZERO
from aegis_batch.adapters.outbound.postgres.line_sql import (
    amount_to_hold,
    line_bits,
    quantities_by_name,
)
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.order_rows import (
    PART_BROKEN,
    PART_DAY,
    id_as_text,
    items_part,
    part_of_rows,
    rank_of_id,
)
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_sql import is_fine, order_bits, orders_meant
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.domain.consistency import ORDER_IDS_MAX

__all__ = ["settings_for_tenants", "tenants_statement"]

_SETTINGS: Final = {
    # The planner believes that each line costs a look at the disk, and would rather read them all.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A name of each tenant is a group. In the default memory their hashes don't fit.
    "work_mem": "32MB",
    # To compile the statement would take as long as to run it.
    "jit": "off",
}


def settings_for_tenants() -> sa.Select[Any]:
    """Return the statement that prepares the planner, for this transaction alone."""
    return sa.select(
        *(
            sa.func.set_config(name, value, sa.true()).label(name)
            for name, value in _SETTINGS.items()
        )
    )


def tenants_statement(
    source: OrdersSource, scope: Scope, tolerance: Decimal
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, tenant by tenant.

    The columns are those of ``part_of_rows``. Of each tenant that has orders, one row ``day`` has
    all sums. Rows of ``broken``: one for each combination of bits and each of its smallest ids,
    with the count of all of them in ``orders``. Rows of items are those of ``items_part``.
    """
    keys = scope.keys
    sold = orders_meant(source, scope).subquery("sold")
    checked = _checked(source, scope)
    own = None if source.total_kind is None else Number(checked.c.total, source.total_kind)
    return sa.union_all(
        _day_part(checked, own),
        _broken_part(checked, own, tolerance),
        items_part(quantities_by_name(source, sold, keys), keys),
    )


def _checked(source: OrdersSource, scope: Scope) -> sa.CTE:
    """Return a row for each order with what its lines come to."""
    day = orders_meant(source, scope).subquery("day")
    are_its_lines = source.items_column("AEGIS_ITEMS_ORDER_ID") == day.c.id
    if source.item_tenant is not None:
        are_its_lines = sa.and_(are_its_lines, source.item_tenant.key == day.c.tenant)
    lines = (
        sa.select(
            sa.func.count().label("lines"),
            sa.func.sum(amount_to_hold(source)).label("amount"),
            sa.func.bit_or(line_bits(source)).label("bits"),
        )
        .where(are_its_lines)
        .lateral("of_order")
    )
    # Kept aside, since it is needed twice.
    return (
        sa.select(*day.c, *lines.c)
        .select_from(day.join(lines, sa.true()))
        .cte("checked")
        .prefix_with("MATERIALIZED")
    )


def _day_part(checked: sa.CTE, own: Number | None) -> sa.Select[Any]:
    amount = checked.c.amount if own is None else own.finite_or_zero
    columns = {
        "tenant": checked.c.tenant,
        "orders": sa.func.count(),
        "lines": sa.func.sum(checked.c.lines),
        "amount": sa.func.coalesce(sa.func.sum(amount), ZERO),
    }
    return part_of_rows(PART_DAY, columns).group_by(checked.c.tenant)


def _broken_part(checked: sa.CTE, own: Number | None, tolerance: Decimal) -> sa.Select[Any]:
    of_lines = sa.func.coalesce(checked.c.amount, ZERO)
    of_all_lines = sa.func.coalesce(checked.c.bits, ZERO)
    bits = order_bits(own, of_lines, of_all_lines, checked.c.lines == ZERO, tolerance)
    broken = (
        sa.select(checked.c.tenant, bits.label("bits"), id_as_text(checked.c.id).label("id"))
        .where(sa.not_(is_fine(checked, own, tolerance)))
        .subquery("broken")
    )
    alike = [broken.c.tenant, broken.c.bits]
    ranked = sa.select(
        *alike,
        broken.c.id,
        sa.func.count().over(partition_by=alike).label("orders"),
        rank_of_id(broken.c.id, alike).label("rank"),
    ).subquery("ranked")
    columns = {
        "tenant": ranked.c.tenant,
        "key": ranked.c.id,
        "bits": ranked.c.bits,
        "orders": ranked.c.orders,
    }
    return part_of_rows(PART_BROKEN, columns).where(ranked.c.rank <= ORDER_IDS_MAX)
