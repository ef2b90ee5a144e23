"""A place with two shops in two zones, one that is shut, and the sandbox as their Backend.

Each names its items by a word of its own. Of ``DAY`` in its own zone, the north has one order, of
12.50, and the south two, of 7.00 and 3.25; what the other zone's day holds is more, and not theirs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from sqlite3 import connect
from typing import Any

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import TOKEN
from tests.integration.orders_shop import run_sql
from tests.integration.program import Ended
from tests.integration.serving_place import Place
from tests.integration.shop import settings_for
from tests.servers.postgres import Database

__all__ = ["DAY", "MULTI", "TenantsPlace", "open_tenants_place"]

DAY = date(2026, 11, 21)
MULTI = {
    "AEGIS_TENANCY": "multi",
    "AEGIS_ORDERS_TENANT": "shop",
    "AEGIS_TENANTS_TABLE": "tenants",
    "AEGIS_TENANTS_ZONE": "zone",
}
_TABLES = """
CREATE TABLE tenants (id text PRIMARY KEY, active boolean, zone text);
INSERT INTO tenants VALUES
    ('north', true, NULL), ('south', true, 'Asia/Tokyo'), ('gone', false, 'Asia/Tokyo');
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    shop text NOT NULL,
    created_at timestamptz NOT NULL,
    total numeric(12, 2)
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders,
    name text,
    quantity integer,
    unit_price numeric(12, 2)
);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);
"""
_ORDERS = (
    (1, "north", "2026-11-21T15:00:00Z", "12.50"),
    # In Tokyo that day is over, and in São Paulo it has not begun.
    (2, "north", "2026-11-21T02:59:59Z", "100.00"),
    (3, "south", "2026-11-20T15:00:00Z", "7.00"),
    (4, "south", "2026-11-21T14:59:59Z", "3.25"),
    (5, "south", "2026-11-21T15:00:00Z", "100.00"),
)


class TenantsPlace(Place):
    """Where commands act on the days of two tenants."""

    def __init__(
        self, folder: Path, database: Database, backend_url: str, reports: Path, **more: str
    ) -> None:
        super().__init__(folder, {**settings_for(database, backend_url, TOKEN), **MULTI, **more})
        self.database = database
        self._reports = reports
        run_sql(database, _TABLES)
        for order_id, shop, placed_at, total in _ORDERS:
            self.order(order_id, shop, placed_at, total)

    def order(self, order_id: int, shop: str, placed_at: str, total: str) -> None:
        """Place an order of one item of the shop's own."""
        with self.database.connect() as connection:
            connection.execute(
                "INSERT INTO orders VALUES (%s, %s, %s, %s)", (order_id, shop, placed_at, total)
            )
            connection.execute(
                "INSERT INTO order_items VALUES (%s, %s, 1, %s)",
                (order_id, f"{shop}ern tea", total),
            )

    def on_day(self, *command: str, **settings: str) -> Ended:
        """Run a command on the day, with its answer as JSON."""
        return self.run(*command, "--date", str(DAY), "--output", "json", **settings)

    def reports(self) -> Mapping[tuple[str, str], str]:
        """Return what the Backend keeps, by tenant and day."""
        with connect(self._reports) as store:
            rows = store.execute("SELECT tenant, report_date, report FROM reports").fetchall()
        return {(tenant, day): report for tenant, day, report in rows}

    def told_of(self, *command: str) -> dict[str, Any]:
        """Return the one JSON object that a command which goes well answers with."""
        ended = self.run(*command, "--output", "json")
        assert ended.status == 0, ended.err
        return ended.told


@contextmanager
def open_tenants_place(folder: Path, database: Database, **more: str) -> Iterator[TenantsPlace]:
    """Provide the place, with its Backend in this process."""
    reports = folder / "reports.db"
    server = SandboxServer(reports, TOKEN)
    server.start()
    try:
        yield TenantsPlace(folder, database, server.url, reports, **more)
    finally:
        server.stop()
