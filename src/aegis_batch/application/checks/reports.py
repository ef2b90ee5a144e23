"""Checks of the reports' database, which stands in for a Backend."""

from collections.abc import Iterator

from aegis_batch.application.ports.reports_inspector import ReportsFacts
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.identifiers import quoted

__all__ = ["is_fit", "reports_checks", "revision_check"]

_AS_OWNER = "As the owner of the tables:"


def is_fit(facts: ReportsFacts) -> bool:
    """Say whether it makes sense to look any further."""
    return not (facts.is_of_orders or facts.pending or facts.lacking)


def reports_checks(facts: ReportsFacts) -> Iterator[Check]:
    """Tell how the reports' database stands."""
    yield Check.ok(
        "reports.connection", f"Connected as the role {facts.role}; PostgreSQL {facts.version}."
    )
    if facts.is_of_orders:
        yield Check.fail(
            "reports.place",
            "AEGIS_REPORTS_URL leads to the orders' database, in which this program never writes.",
            "Create a database for reports, and name it in AEGIS_REPORTS_URL.",
        )
        return
    yield Check.ok("reports.place", "It is another database than that of the orders.")
    if facts.is_exposed:
        yield Check.warn(
            "reports.encryption",
            "The connection goes over a network, and AEGIS_REPORTS_URL doesn't demand its"
            " encryption.",
            "Add sslmode=require to AEGIS_REPORTS_URL; verify-full, with sslrootcert, also makes"
            " sure who answers.",
        )
    yield _schema_check(facts)
    if not facts.pending:
        yield _rights_check(facts)


def revision_check(period: Period, revision: int | None) -> Check:
    """Tell whether it has the report of a period."""
    has = "doesn't have one" if revision is None else f"has revision {revision}"
    return Check.ok("reports.answer", f"Its reports can be read: of {period} it {has}.")


def _schema_check(facts: ReportsFacts) -> Check:
    name = "reports.schema"
    if not facts.pending:
        return Check.ok(name, f"Its tables have the schema {facts.schema}, which is the newest.")
    stands = "has no tables of reports yet" if facts.schema is None else "has an older schema"
    return Check.fail(name, f"It {stands}.", "Run: aegis-batch reports migrate")


def _rights_check(facts: ReportsFacts) -> Check:
    name = "reports.rights"
    if facts.lacking:
        return Check.fail(
            name,
            f"The role {facts.role} may not {', '.join(facts.lacking)}.",
            "\n".join(
                (_AS_OWNER, *(f"GRANT {right} TO {quoted(facts.role)};" for right in facts.lacking))
            ),
        )
    if facts.owns:
        return Check.warn(
            name,
            f"The role {facts.role} owns the tables, and may change and drop what was reported.",
            "Work with a role that may only add to them: docs/reports-database.md has its SQL.",
        )
    if facts.beyond:
        return Check.warn(
            name,
            f"The role {facts.role} may {', '.join(facts.beyond)}, which no close needs.",
            "\n".join(
                (
                    _AS_OWNER,
                    *(f"REVOKE {right} FROM {quoted(facts.role)};" for right in facts.beyond),
                )
            ),
        )
    return Check.ok(name, f"The role {facts.role} may add reports, and change none.")
