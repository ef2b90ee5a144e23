"""What goes on around closes, as metrics."""

from aegis_batch.domain.schedule import Decision
from tests.exported import Exported
from tests.unit.adapters.outbound.otel.job_events import decided, of_jobs, taken


def test_everything_that_goes_on_around_closes_is_counted() -> None:
    exported = Exported()

    for event in of_jobs():
        exported.sink.emit(event)

    points = exported.points()
    assert points["batch_occurrences"] == [
        ({"schedule": "daily-close", "decision": "RAN"}, 1),
    ]
    assert points["batch_retries"] == [({"job": "close", "code": "malformed_answer"}, 1)]
    assert points["batch_dead_letters"] == [({"job": "close", "code": "orders_rejected"}, 1)]
    assert points["batch_cancelled"] == [({"job": "night"}, 1)]
    assert points["batch_taken_over"] == [({}, 7)]
    assert points["batch_breaker_state"] == [({"provider": "orders"}, 2)]
    assert points["batch_overdue_days"] == [({}, 1)]
    assert points["batch_notices"] == [
        ({"result": "delivered"}, 1),
        ({"result": "failed"}, 1),
        ({"result": "given_up"}, 1),
    ]
    [(about, queue_time)] = points["batch_queue_time_ms"]
    assert (about, queue_time.sum, queue_time.count) == ({"job": "night"}, 250, 1)
    [(about, lateness)] = points["batch_lateness_ms"]
    assert (about, lateness.sum, lateness.count) == ({"job": "night"}, 1_250, 1)
    assert exported.faults == []
    assert exported.spans == ()


def test_each_decision_about_a_nominal_time_has_a_count_of_its_own() -> None:
    exported = Exported()

    for decision in (*Decision, Decision.MISSED):
        exported.sink.emit(decided(decision))

    counts = {about["decision"]: count for about, count in exported.points()["batch_occurrences"]}
    assert counts == {"RAN": 1, "SKIPPED": 1, "MISSED": 2, "SUPERSEDED": 1}


def test_a_run_without_a_nominal_time_is_not_late() -> None:
    exported = Exported()

    exported.sink.emit(taken(10, None))

    points = exported.points()
    assert points["batch_queue_time_ms"][0][1].count == 1
    assert "batch_lateness_ms" not in points


def test_a_clock_that_was_set_back_makes_no_negative_wait() -> None:
    exported = Exported()

    exported.sink.emit(taken(-5_000, -5_000))

    points = exported.points()
    assert points["batch_queue_time_ms"][0][1].sum == 0
    assert points["batch_lateness_ms"][0][1].sum == 0
