"""Shards: whatever their size and order, each tenant's report is the same."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.application.shards import ShardLimits
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.tenant import EVERYONE, Tenant
from tests.unit.application.office import HOUR, NIGHTLY, NOON, Office

NIGHT = NOON + 14 * HOUR
NAMES = ["a", "B", "b ", "shop-1", "shop-10", "~"]
TENANTS = [name for name in NAMES if name.strip() == name]

orders = st.lists(
    st.tuples(
        st.sampled_from(TENANTS),
        st.integers(0, 99),
        st.integers(1, 9),
        st.decimals(0, 1_000, places=2),
        st.sampled_from(["Tea", "Chá", "Cha\u0301", "Rice"]),
    ),
    max_size=30,
)


def placed(found: list[tuple[str, int, int, Decimal, str]]) -> list[PlacedOrder]:
    return [
        PlacedOrder(
            NOON,
            Order(
                f"{tenant}/{order_id}",
                price * quantity,
                (OrderLine(name, Decimal(quantity), price),),
            ),
            tenant=tenant,
        )
        for tenant, order_id, quantity, price, name in found
    ]


def closed(
    found: list[PlacedOrder], tenants: list[str], size: int, gathered_max: int | None = None
) -> tuple[Mapping[str, StoredReport], Mapping[str, str | None]]:
    """Return the reports by tenant, and how each ended, of a night with shards of a size."""
    office = Office(
        [NIGHTLY],
        close_from=None,
        tenant=EVERYONE,
        tenants=[Tenant(name) for name in tenants],
        shard=ShardLimits(size),
        gathered_max=gathered_max,
    )
    office.orders.orders += found
    office.live_until(NIGHT + timedelta(seconds=1))
    stored = {key.tenant: report for key, report in office.backend.stored.items()}
    outcomes = {run.key.tenant: run.outcome for run in office.runs(JobKind.CLOSE)}
    assert RunState.QUEUED not in {run.state for run in office.runs(JobKind.CLOSE)}
    return stored, outcomes


@settings(max_examples=30)
@given(orders, st.permutations(TENANTS), st.integers(2, 7), st.integers(1, 7))
def test_sharding_in_any_size_and_order_gives_the_same_reports_as_tenant_by_tenant(
    found: list[tuple[str, int, int, Decimal, str]],
    tenants: list[str],
    size: int,
    gathered_max: int,
) -> None:
    in_shards = closed(placed(found)[::-1], tenants, size, gathered_max)

    assert in_shards == closed(placed(found), TENANTS, 1)
    assert set(in_shards[1]) == set(TENANTS)
