"""Defined jobs that are due all at once: dependencies, conditions, a pause, a limit, events."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.ledger_place import LedgerPlace

AT_ONCE = 2
# So many of the jobs below start at once; one more is one too many.
WAITING_MAX = 8
GROUP = "resting"
# Each starts at its own moment, so that they are decided about in this order.
TIMED: Mapping[str, str] = {
    "first": 'endpoint = "/first"',
    "second": 'endpoint = "/second"\ndepends_on = ["first"]',
    "third": 'endpoint = "/third"\ndepends_on = ["second"]',
    "fits": 'endpoint = "/fits"\nconditions = [{ kind = "until_day", values = ["2999-01-01"] }]',
    "unfit": 'endpoint = "/unfit"\nconditions = [{ kind = "from_day", values = ["2999-01-01"] }]',
    "broken": 'endpoint = "/broken"\nattempts = 1',
    "needs-broken": 'endpoint = "/needs-broken"\ndepends_on = ["broken"]',
    "shaky": 'endpoint = "/shaky"\nattempts = 2\nimmediate_retry = true',
    "close": 'task = "daily_close"',
    "asleep": f'endpoint = "/asleep"\ngroup = "{GROUP}"',
    "one-too-many": 'endpoint = "/one-too-many"',
}
OF_EVENTS: Mapping[str, str] = {
    "awake-on-event": 'endpoint = "/awake-on-event"\nevents = ["Baked"]',
    "asleep-on-event": f'endpoint = "/asleep-on-event"\nevents = ["Baked"]\ngroup = "{GROUP}"',
}


def write_services(folder: Path, port: int) -> None:
    """Register the service of a case."""
    (folder / "services.toml").write_text(
        f'[[service]]\nname = "bakery"\nbase_url = "http://127.0.0.1:{port}"\n', encoding="utf-8"
    )


def make_jobs(folder: Path) -> Path:
    """Make a state whose jobs are defined and due, and one group of which is paused."""
    folder.mkdir()
    place = LedgerPlace(folder)
    place.prepare()
    write_services(folder, 1)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    lines = []
    for number, (name, more) in enumerate({**TIMED, **OF_EVENTS}.items()):
        lines += ["[[job]]", f'name = "{name}"', more]
        if "task" not in more:
            lines.append('service = "bakery"')
        if name in TIMED:
            at = (began + timedelta(seconds=number)).isoformat()
            lines += ['kind = "ONE_TIME"', f'at = "{at}"']
    (folder / "jobs.toml").write_text("\n".join(lines), encoding="utf-8")
    services = {"AEGIS_SERVICES_FILE": str(folder / "services.toml")}
    for words in (
        ("jobs", "apply", str(folder / "jobs.toml")),
        ("jobs", "pause", "--group", GROUP, "--note", "a test"),
    ):
        ended = place.tell(*words, **services)
        assert ended.status == 0, ended.err
    with closing(sqlite3.connect(place.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return place.file
