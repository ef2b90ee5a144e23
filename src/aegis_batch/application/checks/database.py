"""Checks of the orders' database as a server: version, clock, pooler, encryption, sleep."""

from collections.abc import Iterator

from aegis_batch.application.checks.clocks import clock_check
from aegis_batch.application.ports.orders_inspector import ServerFacts, SnapshotHold
from aegis_batch.domain.checkup import Check

__all__ = ["is_usable", "server_checks"]

_VERSION_MIN = 140_000
# What the slowest of the serverless databases took to wake up.
_WAKE_SECONDS = 10


def is_usable(server: ServerFacts) -> bool:
    """Say whether it makes sense to look any further."""
    return server.version_number >= _VERSION_MIN and server.snapshot is SnapshotHold.ONE


def server_checks(server: ServerFacts, connect_seconds: float) -> Iterator[Check]:
    """Tell how the server stands; ``connect_seconds`` is for how long a close tries to connect."""
    yield Check.ok("database.connection", f"Connected as the role {server.role}.")
    if server.version_number >= _VERSION_MIN:
        yield Check.ok("database.version", f"PostgreSQL {server.version}.")
    else:
        yield Check.fail(
            "database.version",
            f"PostgreSQL {server.version} is older than 14, with which this program is not tried.",
            "Upgrade the server to 14 or newer, or point DATABASE_URL at a newer replica.",
        )
    yield clock_check("database.clock", "the database's", server.clock)
    yield _snapshot_check(server.snapshot)
    if server.is_exposed:
        yield Check.warn(
            "database.encryption",
            "The connection goes over a network, and DATABASE_URL doesn't demand its encryption.",
            "Add sslmode=require to DATABASE_URL; verify-full, with sslrootcert, also makes sure"
            " who answers.",
        )
    if server.sleeps_at is not None:
        yield _sleep_check(server.sleeps_at, connect_seconds)


def _snapshot_check(hold: SnapshotHold) -> Check:
    name = "database.snapshot"
    if hold is SnapshotHold.ONE:
        return Check.ok(name, "A transaction sees one snapshot from its begin to its end.")
    if hold is SnapshotHold.TORN:
        return Check.fail(
            name,
            "Two statements of one transaction saw two snapshots: whatever is between here and the"
            " database doesn't keep a transaction on one connection.",
            "Let the pooler keep a connection for a whole transaction (PgBouncer: pool_mode ="
            " transaction), or name the database's own address in DATABASE_URL.",
        )
    return Check.fail(
        name,
        "Single statements work, but a transaction is refused: a pooler in statement mode is"
        " between here and the database, and a report needs one snapshot.",
        "Set pool_mode = transaction in PgBouncer (for this database or for this user), or name"
        " the database's own address in DATABASE_URL.",
    )


def _sleep_check(provider: str, connect_seconds: float) -> Check:
    name = "database.sleep"
    what = (
        f"{provider} lets the database sleep while nobody uses it, and bills the time in which it"
        " is awake."
    )
    if connect_seconds < _WAKE_SECONDS:
        return Check.warn(
            name,
            f"{what} Waking up takes up to {_WAKE_SECONDS} s, and a close gives up after"
            f" {connect_seconds:g} s.",
            "Set AEGIS_DB_CONNECT_SECONDS=30.",
        )
    return Check.ok(
        name,
        f"{what} A close wakes it, reads, and lets go at once; whatever asks it more often than"
        " every five minutes (a doctor or a health check in a loop) would keep it awake.",
    )
