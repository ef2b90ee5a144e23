"""How a close ends, and the words for what went wrong."""

import pytest

from aegis_batch.domain.consistency import Action, Rule, Violation
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    Final,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
    Passing,
    StateUnavailable,
)
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.report import Difference


def test_a_close_ends_in_one_of_ten_ways() -> None:
    assert [str(outcome) for outcome in Outcome] == [
        "created",
        "already_closed",
        "dry_run",
        "rejected",
        "refused",
        "conflict",
        "unavailable",
        "unreadable",
        "invalid",
        "defect",
    ]


def test_only_what_the_backend_confirmed_is_a_success() -> None:
    assert [outcome for outcome in Outcome if outcome.is_success] == [
        Outcome.CREATED,
        Outcome.ALREADY_CLOSED,
    ]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (BackendRefused, Outcome.REFUSED),
        (BackendUnavailable, Outcome.UNAVAILABLE),
        (AnswerLost, Outcome.UNAVAILABLE),
        (OrdersMisfit, Outcome.UNREADABLE),
        (OrdersUnreachable, Outcome.UNREADABLE),
        (InvalidRequest, Outcome.INVALID),
        (StateUnavailable, Outcome.UNAVAILABLE),
    ],
)
def test_every_foreseen_error_has_its_outcome(kind: type[AegisError], outcome: Outcome) -> None:
    assert Outcome.of(kind("a_code", "What is wrong.", "What to do.")) is outcome


@pytest.mark.parametrize("kind", [AegisError, Final, Passing])
def test_an_error_that_nobody_named_an_outcome_for_is_a_defect(kind: type[AegisError]) -> None:
    assert Outcome.of(kind("a_code", "What is wrong.", "What to do.")) is Outcome.DEFECT


@pytest.mark.parametrize(("kind", "retryable"), [(Final, False), (Passing, True)])
def test_a_problem_tells_what_the_error_told(
    kind: type[AegisError],
    retryable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    problem = Problem.of(kind("a_code", "What is wrong.", "What to do."))

    assert problem == Problem("a_code", "What is wrong.", "What to do.", retryable)


def test_a_conflict_tells_every_difference() -> None:
    problem = Problem.of_conflict(
        [Difference("totalOrders", "2", "3"), Difference("topItems", "[Tea x 1]", "[]")]
    )

    assert (problem.code, problem.retryable) == ("conflict", False)
    assert problem.message == (
        "The Backend holds a different report for this day: totalOrders is 2 here and 3 at the"
        " Backend; topItems is [Tea x 1] here and [] at the Backend."
    )
    assert problem.remedy


def test_a_rejection_tells_every_broken_rule_with_its_orders() -> None:
    problem = Problem.of_rejection(
        [
            Violation(Rule.NEGATIVE_TOTAL, Action.REJECT, 2, ("17", "93")),
            Violation(Rule.DUPLICATE_ORDER, Action.REJECT, 1, ("5",)),
        ]
    )

    assert (problem.code, problem.retryable) == ("orders_rejected", False)
    assert problem.message == (
        "The orders break consistency rules: negative_total by 2 (order 17, 93);"
        " duplicate_order by 1 (order 5). Nothing was sent."
    )
    assert "AEGIS_RULES" in problem.remedy
