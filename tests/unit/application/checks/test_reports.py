"""What is made of the facts about the reports' database: the verdict, the words and the remedy."""

from dataclasses import replace
from datetime import date

import pytest

from aegis_batch.adapters.outbound.memory.reports_inspector import InMemoryReportsInspector
from aegis_batch.application.checks.reports import is_fit, reports_checks, revision_check
from aegis_batch.application.ports.reports_inspector import ReportsFacts
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.checkup import Check, Verdict

GOOD = InMemoryReportsInspector().stands
YESTERDAY = Period(PeriodKind.DAY, date(2026, 11, 21))


def bad(facts: ReportsFacts) -> list[Check]:
    return [check for check in reports_checks(facts) if check.verdict is not Verdict.OK]


def test_a_database_as_it_should_be_is_fine() -> None:
    assert bad(GOOD) == []
    assert is_fit(GOOD)


@pytest.mark.parametrize(
    ("facts", "name", "remedy"),
    [
        (replace(GOOD, is_of_orders=True), "reports.place", "Create a database"),
        (replace(GOOD, schema=None, pending=("0001",)), "reports.schema", "reports migrate"),
        (replace(GOOD, schema="0001", pending=("0002",)), "reports.schema", "reports migrate"),
        (
            replace(GOOD, role="Ann's", lacking=("INSERT ON reports", "SELECT ON report_items")),
            "reports.rights",
            'GRANT INSERT ON reports TO "Ann\'s";\nGRANT SELECT ON report_items TO "Ann\'s";',
        ),
    ],
)
def test_what_no_close_can_work_with_fails(facts: ReportsFacts, name: str, remedy: str) -> None:
    [check] = bad(facts)

    assert (check.name, check.verdict) == (name, Verdict.FAIL)
    assert check.remedy is not None
    assert remedy in check.remedy
    assert not is_fit(facts)


@pytest.mark.parametrize(
    ("facts", "name", "remedy"),
    [
        (replace(GOOD, is_exposed=True), "reports.encryption", "sslmode=require"),
        (replace(GOOD, owns=True), "reports.rights", "docs/reports-database.md"),
        (
            replace(GOOD, beyond=("DELETE ON reports",)),
            "reports.rights",
            "REVOKE DELETE ON reports FROM writer;",
        ),
    ],
)
def test_what_is_more_than_needed_or_less_than_safe_is_warned_of(
    facts: ReportsFacts, name: str, remedy: str
) -> None:
    [check] = bad(facts)

    assert (check.name, check.verdict) == (name, Verdict.WARN)
    assert check.remedy is not None
    assert remedy in check.remedy
    assert is_fit(facts)


def test_a_schema_that_was_never_made_and_one_that_is_old_are_told_apart() -> None:
    [new] = bad(replace(GOOD, schema=None, pending=("0001",)))
    [old] = bad(replace(GOOD, schema="0001", pending=("0002",)))

    assert "no tables of reports yet" in new.message
    assert "an older schema" in old.message


@pytest.mark.parametrize(("revision", "told"), [(None, "doesn't have one"), (3, "revision 3")])
def test_yesterdays_report_is_told(revision: int | None, told: str) -> None:
    assert told in revision_check(YESTERDAY, revision).message
