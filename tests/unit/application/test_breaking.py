"""Providers that fail in a row: left alone, probed, and asked again, over all processes."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.application.breaking import Breaking
from aegis_batch.application.ledger import Ledger, attempt_of
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.breaker import Breaker, BreakerState, Provider
from aegis_batch.domain.breaker_events import (
    BreakerChanged,
    BreakerClosed,
    BreakerHalfOpened,
    BreakerOpened,
    BreakerSeen,
)
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendResting,
    BackendUnavailable,
    LeaseLost,
    NoticeUndelivered,
    OrdersUnreachable,
    StateUnavailable,
)
from aegis_batch.domain.job_events import JobRetried, JobTaken
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState
from tests.unit.application.fleet import Fleet
from tests.unit.application.office import AWAY, DAY, HOUR, MINUTE, NOON, ONE_DAY, Office
from tests.unit.application.shop import REPORT, RUN

NIGHT = NOON + 14 * HOUR
SECOND = timedelta(seconds=1)
OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED
REFUSED = BackendRefused("forbidden", "It refuses.", "Mend it.", 403)
LOCKED = StateUnavailable("state_locked", "Somebody writes.", "Wait.")


class Process:
    """A process with its own breaker before the Backend, on a state that several share."""

    def __init__(self, fleet: Fleet, *, looks_only: bool = False) -> None:
        self.sink = InMemoryMetricsSink()
        ledger = (
            None if looks_only else Ledger(fleet.state, fleet.clock, self.sink, InMemoryNotifier())
        )
        self.breaking = Breaking(fleet.state.look, ledger, fleet.clock, self.sink, MINUTE)
        self.breaker = ProviderBreaker(
            Provider.BACKEND,
            self.breaking,
            fleet.clock,
            3,
            lambda error: isinstance(error, BackendUnavailable) and error.not_before is None,
        )
        self.asked = 0

    def ask(self, answer: AegisError | None = None) -> str:
        """Ask the Backend, and return what came of it."""

        def question() -> str:
            self.asked += 1
            if answer is not None:
                raise answer
            return "answered"

        try:
            return self.breaker.ask(question, _resting)
        except AegisError as error:
            return error.code

    def fail(self, times: int) -> None:
        """Ask a Backend that does not answer."""
        assert [self.ask(AWAY) for _ in range(times)] == [AWAY.code] * times

    def told(self) -> list[type[object]]:
        """Return what was told of breakers."""
        return [type(each) for each in self.sink.events if isinstance(each, BreakerChanged)]


def _resting(until: datetime) -> BackendResting:
    return BackendResting("breaker_open", "It rests.", "Wait.", until)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def stand(fleet: Fleet) -> Breaker:
    with fleet.state.look() as turn:
        (breaker,) = turn.breakers.all()
    return breaker


def test_failures_in_a_row_open_it_for_all_processes(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(SECOND)

    assert first.ask() == second.ask() == "breaker_open"
    assert second.asked == 0
    assert first.told() == [BreakerOpened]
    assert stand(fleet) == Breaker(Provider.BACKEND, OPEN, 3, fleet.clock.now() - SECOND)


def test_an_answer_in_between_begins_the_count_anew(fleet: Fleet) -> None:
    process = Process(fleet)
    for answer in (None, REFUSED):
        process.fail(2)
        process.ask(answer)
    process.fail(2)

    assert process.ask() == "answered"
    assert process.told() == []


def test_what_says_nothing_of_the_provider_is_not_counted(fleet: Fleet) -> None:
    process = Process(fleet)
    process.fail(2)
    process.ask(LeaseLost("lease_lost", "Others may.", "Nothing."))
    process.ask(_resting(fleet.clock.now()))
    assert process.ask(AWAY) == AWAY.code

    assert process.told() == [BreakerOpened]


def test_a_success_costs_no_transaction_and_one_look_a_second(fleet: Fleet) -> None:
    process = Process(fleet)
    process.ask()
    fleet.state.begin_faults.append(LOCKED)

    for _ in range(100):
        assert process.ask() == "answered"

    assert list(fleet.state.begin_faults) == [LOCKED]
    fleet.clock.advance(SECOND)
    assert process.ask() == "answered"
    assert not fleet.state.begin_faults


def test_one_probe_at_a_time_goes_out_over_all_processes(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(MINUTE)

    def probe() -> str:
        assert second.ask() == "breaker_open"
        # Its own process leaves it alone, too.
        assert first.ask() == "breaker_open"
        return "back"

    assert first.breaker.ask(probe, _resting) == "back"
    assert second.asked == 0
    fleet.clock.advance(SECOND)
    assert second.ask() == "answered"
    assert first.told() == [BreakerOpened, BreakerHalfOpened, BreakerClosed]
    assert stand(fleet).state is CLOSED


def test_of_two_that_are_just_about_to_probe_one_does(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(MINUTE)
    for each in (first, second):
        assert each.breaking.rests_until(Provider.BACKEND) is None

    def probe() -> str:
        # It looked less than a second ago, and saw the rest end.
        assert second.ask() == "breaker_open"
        return "back"

    assert first.breaker.ask(probe, _resting) == "back"
    assert second.asked == 0


def test_a_probe_that_fails_begins_another_rest(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(MINUTE)
    second.fail(1)

    assert second.ask() == "breaker_open"
    assert stand(fleet) == Breaker(Provider.BACKEND, OPEN, 4, fleet.clock.now())
    fleet.clock.advance(MINUTE)
    assert second.ask() == "answered"
    assert stand(fleet).failures == 0


def test_a_probe_that_is_never_heard_of_again_is_followed_by_another(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(MINUTE)
    first.ask(LeaseLost("lease_lost", "Others may.", "Nothing."))
    assert stand(fleet).state is HALF_OPEN
    assert second.ask() == "breaker_open"

    fleet.clock.advance(MINUTE)

    assert second.ask() == "answered"
    assert stand(fleet).state is CLOSED


def test_an_answer_that_others_outran_is_not_counted(fleet: Fleet) -> None:
    slow, quick = Process(fleet), Process(fleet)

    def late() -> str:
        quick.fail(3)
        fleet.clock.advance(SECOND)
        return "late"

    assert slow.breaker.ask(late, _resting) == "late"

    assert stand(fleet).state is OPEN


def test_who_only_looks_leaves_it_alone_and_changes_nothing(fleet: Fleet) -> None:
    looker, other = Process(fleet, looks_only=True), Process(fleet)
    looker.fail(5)
    other.fail(3)
    fleet.clock.advance(SECOND)
    before = stand(fleet)

    assert looker.ask() == "breaker_open"
    fleet.clock.advance(MINUTE)
    assert looker.ask() == "answered"
    assert stand(fleet) == before


def test_a_state_that_is_away_holds_nobody_up(fleet: Fleet) -> None:
    process = Process(fleet)
    fleet.state.begin_faults.append(LOCKED)
    assert process.ask() == "answered"
    process.fail(2)
    fleet.state.begin_faults.append(LOCKED)
    process.fail(1)
    assert process.told() == []

    # What nobody could be told of is counted anew.
    process.fail(3)
    assert process.told() == [BreakerOpened]


def test_every_process_tells_where_it_sees_a_breaker_stand(fleet: Fleet) -> None:
    first, second = Process(fleet), Process(fleet)
    first.fail(3)
    fleet.clock.advance(SECOND)
    second.ask()
    fleet.clock.advance(MINUTE)
    first.ask()
    fleet.clock.advance(SECOND)
    second.ask()

    def seen(process: Process) -> list[BreakerState]:
        return [each.state for each in process.sink.events if isinstance(each, BreakerSeen)]

    assert seen(first) == [OPEN, HALF_OPEN, CLOSED]
    assert seen(second) == [OPEN, CLOSED]


def test_one_thread_looks_and_no_other_waits_for_it(fleet: Fleet) -> None:
    process = Process(fleet)
    in_between: list[Breaker] = []

    def look() -> object:
        in_between.append(breaking.standing(Provider.BACKEND))
        return fleet.state.look()

    breaking = Breaking(look, None, fleet.clock, process.sink, MINUTE)  # type: ignore[arg-type]
    assert breaking.standing(Provider.BACKEND) == Breaker(Provider.BACKEND)
    fleet.clock.advance(SECOND)

    # A lock that was taken for another look is not waited for.
    with breaking._looking:  # noqa: SLF001 - as another thread does
        assert breaking.standing(Provider.BACKEND) == Breaker(Provider.BACKEND)
    assert len(in_between) == 1


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (NOON, NOON + MINUTE),
        (NOON - MINUTE, None),
        # By a clock that is a little ahead, and by one that was far ahead.
        (NOON + SECOND, NOON + MINUTE),
        (NOON + HOUR, None),
    ],
)
def test_a_rest_lasts_so_long_and_no_wrong_clock_makes_it_longer(
    at: datetime, until: datetime | None
) -> None:
    breaker = Breaker(Provider.ORDERS, OPEN, 3, at)

    assert breaker.rests_until(NOON, MINUTE) == until
    assert replace(breaker, state=HALF_OPEN).rests_until(NOON, MINUTE) == until
    assert replace(breaker, state=CLOSED).rests_until(NOON, MINUTE) is None


# What becomes of runs


def an_office(days: int = 7) -> Office:
    office = Office(close_from=DAY - (days - 1) * ONE_DAY)
    office.breaker_failures = 3
    office.restart()
    return office


def test_a_night_without_the_backend_loses_nothing_and_needs_nobody() -> None:
    office = an_office()
    office.backend.away = AWAY
    office.live_until(NIGHT + 8 * HOUR)
    asked = len(office.backend.asked)

    assert office.closed_days() == []
    assert office.letters() == []
    # A probe goes out once a minute at most, and what a probe failed waits as ever: 15 minutes.
    assert 7 * 8 * 4 <= asked <= 8 * 60
    assert {state for _, state in office.closes()} <= {RunState.QUEUED, RunState.WAITING}

    office.backend.away = None
    office.live_until(NIGHT + 9 * HOUR)

    assert sorted(office.closed_days()) == [DAY - place * ONE_DAY for place in range(6, -1, -1)]
    assert {state for _, state in office.closes()} == {RunState.SUCCEEDED}
    assert office.letters() == []
    assert [type(each) for each in office.events(BreakerChanged)][:2] == [
        BreakerOpened,
        BreakerHalfOpened,
    ]
    assert office.events(BreakerChanged)[-1].name == "breaker.closed"


def test_what_meets_an_open_breaker_makes_the_same_attempt_again() -> None:
    office = an_office(days=1)
    office.backend.away = AWAY
    run_id = office.enqueue_close(DAY - ONE_DAY)
    others = [office.enqueue_close(DAY - place * ONE_DAY) for place in (2, 3)]
    begun = office.queue.take_due(office.clock.now())
    for work in begun:
        office.queue.perform(work)
    assert [office.run(each).attempt for each in (run_id, *others)] == [1, 1, 1]

    # It was about to be asked when others opened it.
    late = office.enqueue_close(DAY - 4 * ONE_DAY)
    with office.state.turn() as turn:
        turn.breakers.save(Breaker(Provider.BACKEND, CLOSED, 0, office.clock.now()))
    office.clock.advance(SECOND)

    def open_it() -> None:
        with office.state.turn() as turn:
            turn.breakers.save(Breaker(Provider.BACKEND, OPEN, 9, office.clock.now()))
        office.clock.advance(SECOND)

    office.meter.meanwhile = open_it
    for work in office.queue.take_due(office.clock.now()):
        office.queue.perform(work)

    record = office.run(late)
    assert record.state is RunState.QUEUED
    assert (record.attempt, record.problem and record.problem.code) == (1, "breaker_open")
    assert attempt_of(record.work_id) == 1
    assert record.due_at == office.clock.now() - SECOND + MINUTE
    assert record.outcome is Outcome.UNAVAILABLE
    office.backend.away = None
    office.live_until(office.clock.now() + 5 * MINUTE)
    assert office.run(late).state is RunState.SUCCEEDED
    assert office.run(late).attempt == 1


def test_work_waits_unbegun_while_the_orders_rest_and_says_so_once() -> None:
    office = an_office(days=1)
    with office.state.turn() as turn:
        turn.breakers.save(Breaker(Provider.ORDERS, OPEN, 3, office.clock.now()))
    run_id = office.enqueue_close(DAY - ONE_DAY)
    office.clock.advance(SECOND)
    office.work()
    with office.state.turn() as turn:
        turn.breakers.save(Breaker(Provider.ORDERS, HALF_OPEN, 3, office.clock.now() + MINUTE))
    office.clock.advance(MINUTE)
    office.work()

    record = office.run(run_id)
    assert record.state is RunState.QUEUED
    assert record.attempt == 0
    assert record.due_at == office.clock.now() + MINUTE
    assert [each.code for each in office.events(JobRetried) if isinstance(each, JobRetried)] == [
        "breaker_open"
    ]
    assert office.events(JobTaken) == []
    assert office.backend.asked == []


def test_other_jobs_go_on_while_a_provider_rests() -> None:
    office = an_office(days=2)
    with office.state.turn() as turn:
        turn.breakers.save(Breaker(Provider.BACKEND, OPEN, 3, NIGHT - SECOND))
    office.sleep_until(NIGHT)
    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)

    (night,) = office.runs(JobKind.NIGHT)
    assert night.state is RunState.SUCCEEDED
    assert office.backend.asked == []
    assert len(office.closes()) == 2


def test_who_can_not_be_asked_is_not_left_alone_for_it() -> None:
    office = an_office(days=1)
    office.backend.can_find = False
    with office.state.turn() as turn:
        turn.breakers.save(Breaker(Provider.BACKEND, OPEN, 3, office.clock.now()))
    office.clock.advance(SECOND)
    breaking = Breaking(office.state.look, office.ledger, office.clock, office.sink, MINUTE)
    reports, _ = office._broken(breaking)  # noqa: SLF001 - what the office itself asks

    assert reports.find(RUN) is None
    for hand_over in (reports.submit, reports.replace):
        with pytest.raises(BackendResting):
            hand_over(RUN, REPORT)


def test_a_run_that_is_to_be_cancelled_is_not_put_back() -> None:
    office = an_office(days=1)
    run_id = office.enqueue_close(DAY - ONE_DAY)

    def cancel() -> None:
        with office.state.turn() as turn:
            record = turn.runs.get(run_id)
            assert record is not None
            turn.runs.save(replace(record, cancel_requested=True))
            turn.breakers.save(Breaker(Provider.BACKEND, OPEN, 9, office.clock.now()))
        office.clock.advance(SECOND)

    office.meter.meanwhile = cancel
    for work in office.queue.take_due(office.clock.now()):
        office.queue.perform(work)

    assert office.run(run_id).state is RunState.CANCELLED


def test_messages_wait_while_their_receiver_rests_and_heartbeats_go_out() -> None:
    office = an_office(days=1)
    away = NoticeUndelivered("receiver_unreachable", "It is away.", "Wait.")
    office.notifier.faults.extend([away] * 3)
    with office.ledger.turn() as turn:
        for place in range(5):
            turn.announce(NoticeKind.MESSAGE, key=f"m{place}", event="m", text="A message.")
        turn.announce(NoticeKind.NIGHT_COMPLETE, key="z", event="z", text="A heartbeat.")
    office.deliver.deliver()

    assert [notice.key for notice in office.notifier.delivered] == ["z"]
    with office.state.look() as turn:
        waiting = {each.key: each.attempts for each in turn.notices.due(NOON + HOUR, 10)}
    assert waiting == {"m0": 1, "m1": 1, "m2": 1, "m3": 0, "m4": 0}
    office.clock.advance(MINUTE)
    office.notices()
    assert len(office.notifier.delivered) == 6


class OrdersAway(InMemoryOrderReader):
    """Orders whose database is away for the first reads."""

    def __init__(self, reads: int) -> None:
        super().__init__([])
        self.reads = reads

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up a tenant's orders."""
        self.reads -= 1
        if self.reads >= 0:
            raise OrdersUnreachable("unreachable", "It is away.", "Wait.")
        return super().read(tenant, window, tolerance)


def test_orders_that_can_not_be_reached_open_their_breaker_alone() -> None:
    office = an_office(days=1)
    office.orders = OrdersAway(3)
    office.restart()
    for place in range(1, 5):
        office.enqueue_close(DAY - place * ONE_DAY)
    for work in office.queue.take_due(office.clock.now()):
        office.queue.perform(work)

    with office.state.look() as turn:
        assert [each.provider for each in turn.breakers.all()] == [Provider.ORDERS]
    office.live_until(office.clock.now() + 5 * MINUTE)
    assert len(office.closed_days()) == 4
