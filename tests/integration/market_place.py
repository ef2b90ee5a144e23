"""A market of many tenants, some of them in trouble, with WireMock as their Backend."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import psycopg

from tests.integration.closing import TOKEN
from tests.integration.serving_place import yesterday
from tests.integration.shop import settings_for
from tests.servers.postgres import Database

__all__ = ["Answers", "Market", "settings_of", "word_of"]

TABLES = """
CREATE TABLE tenants (id text PRIMARY KEY, active boolean NOT NULL, zone text);
CREATE TABLE orders (
    id bigint PRIMARY KEY, shop text NOT NULL, created_at timestamptz NOT NULL, total numeric(12, 2)
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders, name text, quantity integer,
    unit_price numeric(12, 2)
);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);
"""


def word_of(tenant: str) -> str:
    """Return the secret word that is in the names of a tenant's items, and nowhere else."""
    return f"canary{tenant}word"


def settings_of(database: Database, backend_url: str, **more: str) -> Mapping[str, str]:
    """Return the settings of a deployment for the market."""
    return {
        **settings_for(database, backend_url, TOKEN),
        "AEGIS_TENANCY": "multi",
        "AEGIS_ORDERS_TENANT": "shop",
        "AEGIS_TENANTS_TABLE": "tenants",
        "AEGIS_TENANTS_ZONE": "zone",
        # It is started by hand.
        "AEGIS_SCHEDULE_CRON": "0 0 2 29 2 *",
        "AEGIS_CLOSE_FROM": "",
        **more,
    }


class Market:
    """Tenants whose orders were placed yesterday, three each."""

    def __init__(self, database: Database, tenants: Iterable[str]) -> None:
        self.tenants = list(tenants)
        noon = datetime.combine(yesterday(), time(15), UTC)
        with database.connect() as connection:
            connection.execute(TABLES)
            for place, tenant in enumerate(self.tenants):
                connection.execute("INSERT INTO tenants VALUES (%s, true, NULL)", (tenant,))
                for number in range(3):
                    self._order(connection, place * 10 + number, tenant, noon, number + 1)

    def _order(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        order_id: int,
        tenant: str,
        placed_at: datetime,
        quantity: int,
    ) -> None:
        connection.execute(
            "INSERT INTO orders VALUES (%s, %s, %s, %s)",
            (order_id, tenant, placed_at + timedelta(minutes=quantity), quantity * 2),
        )
        connection.execute(
            "INSERT INTO order_items VALUES (%s, %s, %s, 2)",
            (order_id, f"{word_of(tenant)} tea", quantity),
        )

    def break_orders_of(self, database: Database, tenants: Iterable[str]) -> None:
        """Let an order of each have a price below zero."""
        with database.connect() as connection:
            for tenant in tenants:
                connection.execute(
                    "UPDATE order_items SET unit_price = -1 WHERE order_id ="
                    " (SELECT min(id) FROM orders WHERE shop = %s)",
                    (tenant,),
                )


class Answers:
    """What the Backend answers to each tenant: 404 and 201, unless something else is said."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.let_all("GET", {"status": 404})
        self.let_all("POST", {"status": 201})

    def let_all(self, method: str, answer: Mapping[str, object]) -> None:
        """Answer so to everybody whom nothing else is said of."""
        self._map({"method": method, "urlPathPattern": ".*"}, answer, priority=9)

    def let(self, tenant: str, method: str, answer: Mapping[str, object]) -> None:
        """Answer so to one tenant."""
        headers = {"X-TENANT-ID": {"equalTo": tenant}}
        request = {"method": method, "urlPathPattern": ".*", "headers": headers}
        self._map(request, answer, priority=1)

    def submissions(self) -> Mapping[str, list[tuple[int, str]]]:
        """Return for each tenant the status and body of what was handed over."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for entry in self._served("POST"):
            tenant = entry["request"]["headers"]["X-TENANT-ID"]
            found[tenant].append((entry["response"]["status"], entry["request"]["body"]))
        return found

    def counts(self, method: str) -> Counter[str]:
        """Return how many requests there were for each tenant."""
        return Counter(entry["request"]["headers"]["X-TENANT-ID"] for entry in self._served(method))

    def _served(self, method: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self._url}/__admin/requests", trust_env=False, timeout=60)
        served: list[dict[str, Any]] = answer.json()["requests"]
        return [entry for entry in served if entry["request"]["method"] == method]

    def _map(
        self, request: Mapping[str, object], answer: Mapping[str, object], priority: int
    ) -> None:
        mapping = {"priority": priority, "request": request, "response": answer}
        answered = httpx.post(
            f"{self._url}/__admin/mappings", content=json.dumps(mapping), trust_env=False
        )
        assert answered.status_code == httpx.codes.CREATED, answered.text
