"""What every other way does for one tenant: two ``SELECT`` statements, one POST, and no check."""

import os
import threading
import time

import httpx
import psycopg

__all__ = ["REPORTS", "SUMS", "TOP_ITEMS", "close", "tell_start", "tenants"]

REPORTS = "/internal/reports/daily"
_OF_THE_DAY = "shop = %s AND created_at >= %s AND created_at < %s"
SUMS = f"SELECT count(*), coalesce(sum(total), 0) FROM orders WHERE {_OF_THE_DAY}"  # noqa: S608 - constants
TOP_ITEMS = (
    "SELECT name, sum(quantity) FROM orders JOIN order_items ON order_id = orders.id"  # noqa: S608 - the same
    f' WHERE {_OF_THE_DAY} GROUP BY name ORDER BY 2 DESC, name COLLATE "C" LIMIT 10'
)


class _Kept(threading.local):
    """The connections of a thread, which it keeps from task to task."""

    def __init__(self) -> None:
        self.orders = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        headers = {"X-SERVICE-TOKEN": os.environ["X_SERVICE_TOKEN"]}
        base_url = os.environ["BACKEND_BASE_URL"]
        self.backend = httpx.Client(base_url=base_url, headers=headers, trust_env=False)
        self.window = (os.environ["BENCH_START"], os.environ["BENCH_END"])


class _Lazily:
    """Opens nothing before the first task: a process may be forked until then."""

    kept: _Kept | None = None
    lock = threading.Lock()

    @classmethod
    def of_this_thread(cls) -> _Kept:
        with cls.lock:
            if cls.kept is None:
                cls.kept = _Kept()
        return cls.kept


def close(tenant: str) -> None:
    """Read the day of a tenant, and hand its report over."""
    kept = _Lazily.of_this_thread()
    asked = (tenant, *kept.window)
    orders, revenue = kept.orders.execute(SUMS.encode(), asked).fetchall()[0]
    top_items = kept.orders.execute(TOP_ITEMS.encode(), asked).fetchall()
    report = {
        "reportDate": os.environ["BENCH_DAY"],
        "totalOrders": orders,
        "totalRevenue": float(revenue),
        "topItems": [{"name": name, "qty": quantity} for name, quantity in top_items],
    }
    kept.backend.post(REPORTS, json=report, headers={"X-TENANT-ID": tenant}).raise_for_status()


def tenants() -> list[str]:
    """Return all that are to be closed."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM tenants WHERE active")]


def tell_start() -> None:
    """Tell the bench that dispatching begins now, after all that is imported."""
    os.write(1, f"{time.time()}\n".encode())
