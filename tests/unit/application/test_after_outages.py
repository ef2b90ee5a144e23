"""What outages leave behind is made good: firings behind a run that waited, and changed rules."""

from datetime import UTC, date, datetime, timedelta

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import BackendUnavailable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.job_events import DayOverdue
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Decision, Occurrence, Schedule, ScheduleKind, Timing
from aegis_batch.domain.seal import Versions
from tests.simulation.program import Ports, Program

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NIGHTLY = Schedule(
    "nightly",
    JobKind.NIGHT,
    Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone="UTC"),
    newest_only=True,
)
OFTEN = Schedule("often", JobKind.DEADLINE, Timing(ScheduleKind.FIXED_RATE, every=MINUTE))


class Place:
    """A program that can be stopped and started, with all that outlives it."""

    def __init__(self) -> None:
        self.clock = InMemoryClock(BEGIN)
        self.queue = InMemoryWorkQueue()
        self.state = InMemoryState(self.queue)
        self.backend = InMemoryReportGateway()
        self.sink = InMemoryMetricsSink()
        calendar = Calendar(load_zone("UTC"), "UTC")
        self.program = Program(
            Ports(
                clock=self.clock,
                state=self.state,
                queue=self.queue,
                orders=InMemoryOrderReader([]),
                reports=self.backend,
                notifier=InMemoryNotifier(),
                metrics=self.sink,
                identifiers=InMemoryIdentifiers(),
                pulse=InMemoryPulse(self.state),
                meter=InMemoryResourceMeter(),
            ),
            ReportPolicy(InMemoryCalendars(calendar), Rules(), Versions("0", "0", "0")),
            Expectation(calendar, 7 * DAY, close_from=BEGIN.date()),
        )

    def work(self) -> None:
        while taken := self.queue.take_due(self.clock.now()):
            for each in taken:
                self.queue.perform(each)

    def closed(self) -> list[date]:
        return sorted(key.period.first_day for key in self.backend.stored)

    def occurrences(self, schedule: str) -> list[Occurrence]:
        with self.state.turn() as turn:
            return list(turn.occurrences.newest(schedule, 100_000))


def test_a_night_that_waited_for_days_closes_the_days_of_the_firings_skipped_behind_it() -> None:
    place = Place()
    place.program.start([NIGHTLY])
    place.clock.set(NIGHT)
    place.program.heart.beat()
    # The process is killed before the night begins, and comes back after three more nights.
    place.clock.set(NIGHT + 3 * DAY + HOUR)
    place.program.heart.beat()

    place.work()

    newest = place.occurrences("nightly")[0]
    assert (newest.nominal, newest.decision) == (NIGHT + 3 * DAY, Decision.SKIPPED)
    assert place.closed() == [BEGIN.date() + number * DAY for number in range(4)]


def test_a_night_that_waited_leaves_the_days_alone_whose_firings_were_paused() -> None:
    place = Place()
    place.program.start([NIGHTLY])
    place.clock.set(NIGHT)
    place.program.heart.beat()
    place.program.control.pause("nightly", "ana", "stock-taking")
    place.clock.set(NIGHT + DAY + HOUR)
    place.program.heart.beat()

    place.work()

    assert place.closed() == [BEGIN.date()]


def test_a_deadline_that_waited_for_days_names_the_days_of_the_firings_skipped_behind_it() -> None:
    place = Place()
    place.program.start([Schedule("late", JobKind.DEADLINE, NIGHTLY.timing, newest_only=True)])
    place.clock.set(NIGHT)
    place.program.heart.beat()
    place.clock.set(NIGHT + DAY + HOUR)
    place.program.heart.beat()

    place.work()

    overdue = [event.day for event in place.sink.events if isinstance(event, DayOverdue)]
    assert overdue == [BEGIN.date(), BEGIN.date() + DAY]


def test_a_trigger_at_the_very_instant_of_a_firing_decides_it() -> None:
    place = Place()
    place.program.start([NIGHTLY])
    place.clock.set(NIGHT)
    triggered = place.program.control.trigger("nightly", "ana")

    place.program.heart.beat()

    assert [each.run_id for each in place.occurrences("nightly")] == [triggered.id]
    view = place.program.control.view("nightly")
    assert view.state.next_at == NIGHT + DAY


def test_all_that_came_by_a_rule_is_decided_by_it_before_the_rule_is_changed() -> None:
    place = Place()
    place.program.start([OFTEN])
    place.clock.set(BEGIN + DAY)
    hourly = Schedule("often", OFTEN.job, Timing(ScheduleKind.FIXED_RATE, every=HOUR))

    place.program.control.sync([hourly])

    decided = [each.nominal for each in place.occurrences("often")][::-1]
    assert decided == [BEGIN + number * MINUTE for number in range(1, 24 * 60 + 1)]
    assert place.program.control.view("often").state.next_at == BEGIN + DAY + HOUR


def test_all_that_came_before_a_pause_is_no_matter_of_the_pause() -> None:
    place = Place()
    place.program.start([OFTEN])
    place.clock.set(BEGIN + DAY)

    place.program.control.pause("often", "ana", "stock-taking")

    reasons = {each.reason for each in place.occurrences("often")}
    assert len(place.occurrences("often")) == 24 * 60
    assert reasons == {"it was due", "the run before it had not ended"}


def test_work_that_was_lost_counts_for_its_own_attempt_alone() -> None:
    place = Place()
    place.program.start([NIGHTLY])
    place.clock.set(NIGHT)
    place.program.heart.beat()
    [night] = place.queue.take_due(NIGHT)
    place.queue.perform(night)
    [lost] = place.queue.due(NIGHT)
    with place.state.turn() as turn:
        turn.work.withdraw(lost.id)
    place.clock.advance(MINUTE)
    place.program.heart.beat()
    [again] = place.queue.due(place.clock.now())
    place.backend.find_faults.append(BackendUnavailable("away", "It is away.", "Wait."))

    place.work()

    record = place.program.history.run(lost.run_id).record
    assert (lost.id, again.id) == (f"{record.id}#1", f"{record.id}#1.1")
    assert (record.state, record.work_id) == (RunState.WAITING, f"{record.id}#2")
    assert record.requeues == 0
