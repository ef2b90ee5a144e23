"""The daily close: what each answer of the Backend to a report leads to."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.errors import (
    AegisError,
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
)
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    ReportSought,
    ReportSubmitted,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem, Submission
from aegis_batch.domain.report import StoredReport
from tests.unit.application.shop import (
    DAY,
    EQUAL,
    OTHER,
    READ,
    REPORT,
    RUN,
    SUBMIT,
    WORDS,
    Shop,
)

_LOST = AnswerLost(*WORDS, 500, 3)
_PARTLY_EQUAL = StoredReport(DAY, total_orders=Decimal(2))
_PARTLY_OTHER = StoredReport(DAY, total_orders=Decimal(3))
_AWAY = BackendUnavailable(*WORDS)
_NO = BackendRefused(*WORDS)


@dataclass(frozen=True)
class Answer:
    """What a POST got, what a single question then got, and how the close ends by that."""

    to_post: Receipt | AegisError
    later: StoredReport | AegisError | None
    outcome: Outcome
    code: str | None
    submission: Submission
    asked_again: int


_CLOSED = (Outcome.ALREADY_CLOSED, None)
_CONFLICT = (Outcome.CONFLICT, "conflict")
_UNKNOWN = (Outcome.UNAVAILABLE, "some_code")
_TWO_HUNDRED = Submission(2, 200)
_NO_ANSWER = Submission(3, None)

_ANSWERS = {
    "lost, then found equal": Answer(_LOST, EQUAL, *_CLOSED, _NO_ANSWER, 1),
    "lost, then found in part": Answer(_LOST, _PARTLY_EQUAL, *_CLOSED, _NO_ANSWER, 1),
    "lost, then found different": Answer(_LOST, OTHER, *_CONFLICT, _NO_ANSWER, 1),
    "lost, then absent": Answer(_LOST, None, *_UNKNOWN, _NO_ANSWER, 1),
    "lost, then away": Answer(_LOST, _AWAY, *_UNKNOWN, _NO_ANSWER, 1),
    "lost, then refused": Answer(_LOST, _NO, *_UNKNOWN, _NO_ANSWER, 1),
    "200, equal": Answer(Receipt(200, 2, EQUAL), OTHER, *_CLOSED, _TWO_HUNDRED, 0),
    "200, different": Answer(Receipt(200, 2, OTHER), EQUAL, *_CONFLICT, _TWO_HUNDRED, 0),
    "200, then equal": Answer(Receipt(200, 2), EQUAL, *_CLOSED, _TWO_HUNDRED, 1),
    "200, then different": Answer(Receipt(200, 2), OTHER, *_CONFLICT, _TWO_HUNDRED, 1),
    "200, then absent": Answer(Receipt(200, 2), None, *_CLOSED, _TWO_HUNDRED, 1),
    "200, then away": Answer(Receipt(200, 2), _AWAY, *_CLOSED, _TWO_HUNDRED, 1),
    "200, then refused": Answer(Receipt(200, 2), _NO, *_CLOSED, _TWO_HUNDRED, 1),
    "200 in part, then equal": Answer(
        Receipt(200, 2, _PARTLY_EQUAL), EQUAL, *_CLOSED, _TWO_HUNDRED, 1
    ),
    "200 in part, then different": Answer(
        Receipt(200, 2, _PARTLY_EQUAL),
        replace(EQUAL, total_revenue=Decimal(1)),
        *_CONFLICT,
        _TWO_HUNDRED,
        1,
    ),
    "200 in part and different, then away": Answer(
        Receipt(200, 2, _PARTLY_OTHER), _AWAY, *_CONFLICT, _TWO_HUNDRED, 1
    ),
    "200 in part and equal, then absent": Answer(
        Receipt(200, 2, _PARTLY_EQUAL), None, *_CLOSED, _TWO_HUNDRED, 1
    ),
    "refused": Answer(
        BackendRefused(*WORDS, 409, 1),
        EQUAL,
        Outcome.REFUSED,
        "some_code",
        Submission(1, 409),
        0,
    ),
    "away": Answer(BackendUnavailable(*WORDS, 503, 3), EQUAL, *_UNKNOWN, Submission(3, 503), 0),
}


@pytest.mark.parametrize("answer", _ANSWERS.values(), ids=_ANSWERS.keys())
def test_every_answer_to_the_report_leads_to_its_decision(shop: Shop, answer: Answer) -> None:
    shop.backend.answer = answer.to_post
    shop.backend.later = answer.later

    result = shop.close()

    assert result.outcome is answer.outcome
    assert (result.problem and result.problem.code) == answer.code
    assert result.submission == answer.submission
    is_closed = answer.outcome in (Outcome.ALREADY_CLOSED, Outcome.CONFLICT)
    stays_unknown = answer.to_post is _LOST and not is_closed
    assert result.already_closed is (None if stays_unknown else is_closed)
    assert (result.report, result.seal is not None) == (REPORT, True)
    assert (shop.backend.posts, shop.backend.finds_once) == (1, answer.asked_again)
    told = shop.sink.events[-1]
    if answer.code is None:
        assert told == CloseCompleted(
            run=RUN,
            at=shop.clock.now(),
            dry_run=False,
            outcome=answer.outcome,
            orders=2,
            duration_ms=result.duration_ms,
        )
    else:
        assert told == CloseFailed(
            run=RUN,
            at=shop.clock.now(),
            dry_run=False,
            outcome=answer.outcome,
            code=answer.code,
            orders=2,
            duration_ms=result.duration_ms,
        )
    submitted = [event for event in shop.sink.events if isinstance(event, ReportSubmitted)]
    assert len(submitted) == isinstance(answer.to_post, Receipt)
    sent, *asked = [event.step for event in shop.sink.events if isinstance(event, StepStarted)][2:]
    assert (sent, asked) == (Step.SUBMIT, [Step.FIND] * answer.asked_again)


def test_a_report_whose_answer_was_lost_on_the_way_back_is_found_again(shop: Shop) -> None:
    shop.backend.submit_faults.append(_LOST)

    result = shop.close()

    assert result.outcome is Outcome.ALREADY_CLOSED
    assert shop.backend.bodies == [REPORT.body()]


def test_a_conflict_names_the_fields_that_differ(shop: Shop) -> None:
    shop.backend.answer = Receipt(200, 1, OTHER)

    problem = shop.close().problem

    assert problem is not None
    assert "totalOrders is 2 here and 3 at the Backend" in problem.message
    assert not problem.retryable


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(_AWAY, Outcome.UNAVAILABLE), (_NO, Outcome.REFUSED)],
)
def test_where_the_backend_can_not_be_asked_nothing_is_read_or_sent(
    shop: Shop, fault: AegisError, outcome: Outcome
) -> None:
    shop.backend.find_faults.append(fault)

    result = shop.close()

    assert (result.outcome, result.problem) == (outcome, Problem.of(fault))
    assert (result.submission, result.already_closed, result.report) == (None, None, None)
    assert (shop.reader.windows, shop.backend.posts) == ([], 0)
    assert shop.events == ["job.started", "step.started", "step.failed", "job.failed"]
    assert shop.sink.events[2] == StepFailed(
        run=RUN, at=shop.clock.now(), step=Step.FIND, code=fault.code, duration_ms=15.625
    )


def test_where_no_source_can_be_asked_the_report_is_sent_at_once(shop: Shop) -> None:
    shop.backend.can_find = False

    result = shop.close()

    assert (result.outcome, result.already_closed) == (Outcome.CREATED, False)
    assert shop.backend.finds == 0
    assert shop.events == ["job.started", *READ, *SUBMIT, "job.completed"]


def test_where_no_source_can_be_asked_a_lost_answer_stays_unknown(shop: Shop) -> None:
    shop.backend.can_find = False
    shop.backend.submit_faults.append(_LOST)

    result = shop.close()

    assert (result.outcome, result.submission) == (Outcome.UNAVAILABLE, Submission(3, None))
    assert result.already_closed is None


def test_a_close_that_is_stopped_while_it_sends_tells_all_that_is_known(shop: Shop) -> None:
    stop = KeyboardInterrupt()
    shop.backend.answer = stop
    known: list[CloseResult] = []

    with pytest.raises(KeyboardInterrupt) as caught:
        shop.close(if_stopped=known.append)

    assert caught.value is stop
    (told,) = known
    assert (told.outcome, told.problem) == (Outcome.UNAVAILABLE, Problem.of_stop())
    assert (told.run, told.report, told.seal is not None) == (RUN, REPORT, True)
    assert (told.submission, told.already_closed) == (Submission(1, None), None)
    assert shop.events[-3:] == ["step.started", "step.failed", "job.failed"]
    failed = [e for e in shop.sink.events if isinstance(e, StepFailed | CloseFailed)]
    assert [event.code for event in failed] == ["stopped", "stopped"]


def test_every_step_that_began_ends_once(shop: Shop) -> None:
    shop.backend.answer = _LOST
    shop.backend.later = _AWAY

    shop.close()

    kinds = (StepStarted, StepFailed, ReportSought, ReportSubmitted)
    steps = [event for event in shop.sink.events if isinstance(event, kinds)]
    assert [event.name for event in steps[-4:]] == ["step.started", "step.failed"] * 2
    assert [event.step for event in steps[-4:] if isinstance(event, StepFailed)] == [
        Step.SUBMIT,
        Step.FIND,
    ]
