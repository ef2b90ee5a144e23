"""Errors: what they tell, and whether trying again may help."""

import pytest

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
)


@pytest.mark.parametrize("kind", [Final, InvalidRequest, OrdersMisfit, BackendRefused])
def test_trying_again_does_not_help_with_what_is_final(kind: type[AegisError]) -> None:
    assert not kind("a_code", "What is wrong.", "What to do.").retryable


@pytest.mark.parametrize("kind", [Passing, OrdersUnreachable, BackendUnavailable, AnswerLost])
def test_trying_again_may_help_with_what_passes(kind: type[AegisError]) -> None:
    assert kind("a_code", "What is wrong.", "What to do.").retryable


def test_the_base_of_all_errors_does_not_promise_that_trying_again_helps() -> None:
    assert not AegisError("a_code", "What is wrong.", "What to do.").retryable


def test_an_error_reads_as_what_is_wrong_and_what_to_do() -> None:
    error = OrdersMisfit("missing_table", "There is no table orders.", "Name another one.")

    assert str(error) == "There is no table orders. Name another one."
    assert (error.code, error.message, error.remedy) == (
        "missing_table", "There is no table orders.", "Name another one.",
    )  # fmt: skip


@pytest.mark.parametrize("kind", [BackendRefused, BackendUnavailable, AnswerLost])
def test_an_error_of_the_backend_tells_its_status_and_the_posts_that_were_made(
    kind: type[BackendRefused | BackendUnavailable],
) -> None:
    error = kind("a_code", "What is wrong.", "What to do.", 503, 3)
    bare = kind("a_code", "What is wrong.", "What to do.")

    assert (error.status, error.attempts) == (503, 3)
    assert (bare.status, bare.attempts) == (None, 0)
    assert str(error) == "What is wrong. What to do."


def test_a_lost_answer_is_a_backend_that_is_away() -> None:
    with pytest.raises(BackendUnavailable):
        raise AnswerLost("answer_lost", "What is wrong.", "What to do.")
