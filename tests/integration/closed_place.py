"""A place whose last three days are closed, with a Backend that shows their reports from then on.

Its shop has two orders of tea on each day: 10.00 and 12.50.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from tests.integration.serving_place import Place, place_of, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

__all__ = ["NOTIFY", "SUBMIT", "ClosedPlace"]

SUBMIT = "/internal/reports/daily"
NOTIFY = "/hook"
_YEARLY = "0 0 0 1 1 *"


class ClosedPlace:
    """Three closed days, oldest first, and what may become of their orders."""

    def __init__(self, folder: Path, shop: Database, wiremock: WireMockServer) -> None:
        self.days = [yesterday() - timedelta(days=behind) for behind in (2, 1, 0)]
        self.shop = shop
        self.wiremock = wiremock
        open_shop(shop)
        self.change("TRUNCATE orders, order_items")
        for place, day in enumerate(self.days):
            self.order(10 * place + 1, day, "10.00")
            self.order(10 * place + 2, day, "12.50")
        self.place: Place = place_of(
            folder,
            shop,
            wiremock.url,
            AEGIS_CLOSE_FROM=str(self.days[0]),
            AEGIS_NOTIFY_URL=wiremock.url + NOTIFY,
        )

    @property
    def range(self) -> tuple[str, str, str, str]:
        """The options that name the three days."""
        return ("--from", str(self.days[0]), "--to", str(self.days[2]))

    @property
    def sweeping(self) -> Mapping[str, str]:
        """Settings by which no night comes any more, and a sweep every two seconds."""
        return {
            "AEGIS_SCHEDULE_CRON": _YEARLY,
            "AEGIS_VERIFY_CRON": "*/2 * * * * *",
            "AEGIS_VERIFY_DAYS": "5",
        }

    def close(self) -> None:
        """Let a process that serves close the three days, and the Backend show what it got."""
        self.wiremock.reset()
        for day in self.days:
            self.wiremock.stub("GET", f"/reports/{day}", {"status": 404})
        self.wiremock.stub("POST", SUBMIT, {"status": 201})
        with self.place.serving() as serving:
            serving.wait_for("job.completed", count=3, outcome="created")
            assert serving.stop() == 143
        bodies = [r.body for r in self.wiremock.requests() if r.path == SUBMIT]
        self.wiremock.reset()
        self.wiremock.stub("POST", NOTIFY, {"status": 200})
        for body in bodies:
            self.show(body)

    def show(self, body: bytes) -> None:
        """Let the Backend answer for a day with a report."""
        day = json.loads(body)["reportDate"]
        found = {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": body.decode(),
        }
        self.wiremock.stub("GET", f"/reports/{day}", found)

    def order(self, order_id: int, day: date, total: str, name: str = "Tea") -> None:
        """Place an order of one item at noon of a day."""
        self.change("INSERT INTO orders VALUES (%s, %s, %s)", order_id, f"{day}T15:00:00Z", total)
        self.change("INSERT INTO order_items VALUES (%s, %s, 1, %s)", order_id, name, total)

    def change(self, statement: str, *values: object) -> None:
        """Change the shop's orders."""
        with self.shop.connect() as connection:
            connection.execute(statement.encode(), values)

    def spoil(self) -> None:
        """Date an order back into the first day, change one of the second, delete one of the third.

        All three days are closed by then.
        """
        self.order(99, self.days[0], "7.50", "Soup")
        self.change("UPDATE orders SET total = 9.99 WHERE id = 11")
        self.change("UPDATE order_items SET unit_price = 9.99 WHERE order_id = 11")
        self.change("DELETE FROM order_items WHERE order_id = 22")
        self.change("DELETE FROM orders WHERE id = 22")

    @property
    def reports_sent(self) -> int:
        """How many reports the Backend got since the days were closed."""
        return self.wiremock.count("POST", SUBMIT)

    @property
    def messages(self) -> list[str]:
        """What people were told."""
        return [
            json.loads(request.body)["text"]
            for request in self.wiremock.requests()
            if request.path == NOTIFY
        ]
