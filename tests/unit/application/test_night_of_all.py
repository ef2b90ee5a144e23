"""The night of many tenants: what is dispatched, in which shards, and how it comes out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.at_once import InMemoryAtOnce
from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.application.day_standing import Standing, standings_of
from aegis_batch.application.ports.at_once import R, T
from aegis_batch.application.ports.work_queue import Work
from aegis_batch.application.shards import Dispatcher, Sharding, ShardLimits
from aegis_batch.application.taking import lease_of
from aegis_batch.application.tenants_days import TenantDay, TenantsDays
from aegis_batch.domain.errors import (
    BackendRefused,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.job_events import DayOverdue, JobSentToDlq, PeriodVerified
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import EVERYONE, Tenant
from aegis_batch.domain.tenant_events import TenantsCounted
from tests.living import a_heartbeat
from tests.unit.application.office import (
    AWAY,
    DAY,
    DEADLINE,
    FAR_ZONE,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    SWEEP,
    Office,
    Orders,
)

NIGHT = NOON + 14 * HOUR
SEVEN = [Tenant(name) for name in "abcdefg"]


def mall(tenants: list[Tenant] | None = None, **changes: object) -> Office:
    """Return an office for many tenants, with nothing closed so far."""
    return Office(
        [NIGHTLY],
        tenant=EVERYONE,
        tenants=SEVEN if tenants is None else tenants,
        **{"close_from": None, **changes},  # type: ignore[arg-type]
    )


def closes(office: Office) -> list[RunRecord]:
    return office.runs(JobKind.CLOSE)


def works_of(office: Office) -> list[set[str]]:
    """Return the tenants of each piece of work that closes were dispatched in."""
    found: dict[str, set[str]] = {}
    for run in closes(office):
        found.setdefault(run.work_id, set()).add(run.key.tenant)
    return list(found.values())


def order(tenant: str, order_id: str = "1", total: int = 4) -> PlacedOrder:
    lines = (OrderLine("Tea", Decimal(1), Decimal(total)),)
    return PlacedOrder(NOON, Order(order_id, Decimal(total), lines), tenant=tenant)


def fire(office: Office) -> list[Work]:
    """Let the night dispatch what it finds, and return the work that is due then."""
    office.sleep_until(NIGHT)
    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)
    return list(office.queue.due(NIGHT))


def test_each_tenant_has_a_run_of_its_own_and_a_shard_is_one_piece_of_work() -> None:
    office = mall()

    work = fire(office)

    assert len(work) == 3
    assert works_of(office) == [{"a", "b", "c"}, {"d", "e", "f"}, {"g"}]
    assert {run.key.period.first_day for run in closes(office)} == {DAY}
    [night] = office.runs(JobKind.NIGHT)
    assert night.key.tenant == EVERYONE
    assert {run.parent for run in closes(office)} == {night.id}
    assert len({run.id for run in closes(office)} | {run.trace_id for run in closes(office)}) == 14
    alone = next(run for run in closes(office) if run.key.tenant == "g")
    assert alone.work_id == f"{alone.id}#1"


def test_tenants_with_a_queue_of_their_own_are_sharded_by_it_and_go_through_it() -> None:
    tenants = [Tenant(name, queue="big" if name in "bdf" else None) for name in "abcdef"]
    office = mall(tenants)

    work = fire(office)

    assert sorted(each.lane.name for each in work) == ["closes", "closes@big"]
    assert works_of(office) == [{"b", "d", "f"}, {"a", "c", "e"}] or works_of(office) == [
        {"a", "c", "e"},
        {"b", "d", "f"},
    ]
    assert {run.key.tenant for run in closes(office) if run.queue == "big"} == {"b", "d", "f"}


def test_a_night_closes_the_day_of_every_tenant_by_its_own_orders() -> None:
    office = mall()
    office.orders.orders += [order("a"), order("a", "2", 6), order("b", "1", 5)]
    office.live_until(NIGHT + HOUR)

    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED}
    assert {run.outcome for run in closes(office)} == {Outcome.CREATED}
    assert {run.key.tenant: run.orders for run in closes(office)} == {
        **dict.fromkeys("cdefg", 0),
        "a": 2,
        "b": 1,
    }
    with office.state.look() as turn:
        for tenant in "abcdefg":
            [link] = turn.seals.after(tenant, 0, 9)
            assert link.number == 1
    [complete] = [n for n in office.notifier.delivered if n.kind is NoticeKind.NIGHT_COMPLETE]
    assert "7 days are closed" in complete.text


def test_a_tenant_is_closed_from_the_day_on_which_it_is_seen_first() -> None:
    office = mall([Tenant("a"), Tenant("old", closes_from=DAY - 2 * ONE_DAY)])
    office.live_until(NIGHT + HOUR)

    assert office.directory is not None
    office.directory = type(office.directory)([*SEVEN[:2], Tenant("old")], "America/Sao_Paulo")
    office.restart()
    office.live_until(NIGHT + ONE_DAY + HOUR)

    days = {run.key.tenant: set[date]() for run in closes(office)}
    for run in closes(office):
        days[run.key.tenant].add(run.key.period.first_day)
    next_day = DAY + ONE_DAY
    assert days == {
        "a": {DAY, next_day},
        "b": {next_day},
        "old": {DAY - 2 * ONE_DAY, DAY - ONE_DAY, DAY, next_day},
    }


def test_what_is_in_flight_dead_or_closed_is_not_dispatched_again() -> None:
    office = mall()
    office.backend.away = AWAY
    fire(office)
    [first] = office.runs(JobKind.NIGHT)
    before = [run.id for run in closes(office)]

    office.clock.advance(MINUTE)
    office.control.trigger("daily-close", "ana")
    for work in office.queue.take_due(office.clock.now()):
        office.queue.perform(work)

    assert len(office.runs(JobKind.NIGHT)) == 2
    assert [run.id for run in closes(office)] == before
    assert {run.parent for run in closes(office)} == {first.id}


def test_one_tenant_s_trouble_is_that_tenant_s_alone() -> None:
    office = mall()
    broken = replace(
        order("b").order, lines=(OrderLine("Tea", Decimal(1), Decimal(-1)),), total=Decimal(-1)
    )
    office.orders.orders += [order("a"), PlacedOrder(NOON, broken, tenant="b")]
    office.backend.refused_for = {"c": BackendRefused("forbidden", "No.", "Ask.", 422)}
    office.backend.away_for = {"d"}
    office.live_until(NIGHT + 30 * MINUTE)

    found = {run.key.tenant: (run.state, run.outcome) for run in closes(office)}
    assert found == {
        **dict.fromkeys("aefg", (RunState.SUCCEEDED, Outcome.CREATED)),
        "b": (RunState.FAILED, Outcome.REJECTED),
        "c": (RunState.FAILED, Outcome.REFUSED),
        "d": (RunState.WAITING, Outcome.UNAVAILABLE),
    }
    told = [event for event in office.events(JobSentToDlq) if isinstance(event, JobSentToDlq)]
    assert {event.run.key.tenant for event in told} == {"b", "c"}
    [counted] = office.events(TenantsCounted)
    assert isinstance(counted, TenantsCounted)
    assert (counted.expected, counted.closed, counted.missing) == (7, 4, 3)
    [missing] = [n for n in office.notifier.delivered if n.key.endswith(":missing")]
    assert missing.text.endswith(f" {DAY} failed for good: b, c; {DAY} in flight: d.")
    letters = {n.text.partition(" (")[0] for n in office.notifier.delivered if n.tenant}
    assert letters == {
        f"The close of {DAY} for the tenant {tenant} failed for good" for tenant in "bc"
    }
    assert {n.tenant for n in office.notifier.delivered} == {"b", "c", None}


def test_those_that_fail_for_a_passing_cause_are_tried_again_together() -> None:
    office = mall()
    office.backend.away_for = {"a", "c"}
    fire(office)
    office.work()

    waiting = [run for run in closes(office) if run.state is RunState.WAITING]
    assert {run.key.tenant for run in waiting} == {"a", "c"}
    [work_id] = {run.work_id for run in waiting}
    assert work_id.endswith("#2")
    assert {run.due_at - NIGHT for run in waiting} == {MINUTE}

    office.backend.away_for = set()
    office.live_until(NIGHT + HOUR)
    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED}
    assert [n.kind for n in office.notifier.delivered if n.event.startswith("night")] == [
        NoticeKind.NIGHT_FAILED,
        NoticeKind.MESSAGE,
        NoticeKind.NIGHT_COMPLETE,
    ]


def test_a_night_without_the_backend_ends_with_all_closed_when_it_is_back() -> None:
    office = mall()
    office.backend.away = AWAY
    office.live_until(NIGHT + 5 * HOUR)
    assert {run.state for run in closes(office)} == {RunState.WAITING}

    office.backend.away = None
    office.live_until(NIGHT + 6 * HOUR)

    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED}
    assert len(office.backend.bodies) == 7


def test_shards_that_meet_a_breaker_are_put_back_whole_and_lose_no_try() -> None:
    office = mall()
    office.breaker_failures = 2
    office.restart()
    office.backend.away = AWAY
    fire(office)
    office.work()

    # Two were asked for; all others wait for the next probe, each shard as one piece of work.
    assert len(office.backend.asked) == 2
    assert [run.attempt for run in closes(office)] == [1, 1, 1, 0, 0, 0, 0]
    assert {run.due_at for run in closes(office)} == {NIGHT + MINUTE}
    assert sorted(map(len, works_of(office))) == [1, 1, 2, 3]

    office.live_until(NIGHT + 5 * HOUR)
    assert {run.state for run in closes(office)} <= {RunState.QUEUED, RunState.WAITING}
    office.backend.away = None
    office.live_until(NIGHT + 6 * HOUR)

    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED}
    assert len(office.backend.bodies) == 7
    assert office.letters() == []


def test_a_shard_that_breaks_off_goes_on_with_what_is_not_confirmed() -> None:
    class KilledError(BaseException):
        """The process was killed just here."""

    office = mall([Tenant(f"{number:03}") for number in range(300)], shard=ShardLimits(300))
    [work] = fire(office)
    confirmed = 270

    def kill(count: int) -> None:
        if count == confirmed:
            raise KilledError

    office.backend.on_submit = kill
    [taken] = office.queue.take_due(NIGHT)
    with pytest.raises(KilledError):
        office.queue.perform(taken)
    kept = [run for run in closes(office) if run.state is RunState.SUCCEEDED]
    assert len(kept) == 250
    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED, RunState.RUNNING}

    office.backend.on_submit = None
    office.restart()
    before = len(office.backend.asked)
    office.work()

    assert work.id == taken.id
    assert len(office.backend.asked) - before == 50
    assert {run.state for run in closes(office)} == {RunState.SUCCEEDED}
    outcomes = [run.outcome for run in closes(office)]
    assert outcomes.count(Outcome.ALREADY_CLOSED) == confirmed - 250
    assert len(office.backend.bodies) == 300


@pytest.mark.parametrize("passes", [True, False])
def test_a_scan_that_fails_for_good_is_repeated_for_each_tenant(*, passes: bool) -> None:
    office = mall()
    error = OrdersMisfit("number_too_large", "No.", "Mend it.")
    if passes:
        error = OrdersUnreachable("away", "No.", "Wait.")  # type: ignore[assignment]
    assert isinstance(office.orders, Orders)
    office.orders.fault_of = {"b": error}
    office.live_until(NIGHT + 30 * timedelta(seconds=1))

    states = {run.key.tenant: run.state for run in closes(office)}
    if passes:
        assert states == {
            **dict.fromkeys("abc", RunState.WAITING),
            **dict.fromkeys("defg", RunState.SUCCEEDED),
        }
    else:
        assert states == {**dict.fromkeys("acdefg", RunState.SUCCEEDED), "b": RunState.FAILED}


def test_tenants_of_another_zone_have_a_night_of_their_own() -> None:
    far = replace(
        NIGHTLY, name=f"daily-close@{FAR_ZONE}", timing=replace(NIGHTLY.timing, zone=FAR_ZONE)
    )
    office = mall([Tenant("here"), Tenant("there", FAR_ZONE)])
    office.restart([NIGHTLY, far])
    office.live_until(NIGHT + 3 * HOUR)

    found = {run.key.tenant: run for run in closes(office)}
    assert found["here"].zone_name is None
    assert found["there"].zone_name == FAR_ZONE
    assert found["here"].seal is not None
    assert found["there"].seal is not None
    lengths = found["here"].seal.window.start - found["there"].seal.window.start
    assert lengths == 12 * HOUR
    # Two in the morning there.
    assert found["there"].enqueued_at == NOON + 2 * HOUR


def test_a_shard_starts_after_a_wait_that_is_its_own() -> None:
    limits = ShardLimits(tenants=2, jitter_max_seconds=3_600)
    office, again = (mall(shard=limits) for _ in range(2))
    for each in (office, again):
        fire(each)

    dues = {run.key.tenant: run.due_at - NIGHT for run in closes(office)}
    assert dues == {run.key.tenant: run.due_at - NIGHT for run in closes(again)}
    assert dues["a"] == dues["b"]
    assert len(set(dues.values())) == 4
    assert all(timedelta(0) <= wait <= HOUR for wait in dues.values())


def test_at_the_deadline_each_missing_tenant_is_told_by_name_up_to_a_hundred() -> None:
    tenants = [Tenant(f"{number:03}") for number in range(130)]
    office = mall(tenants, shard=ShardLimits(100))
    office.restart([NIGHTLY, DEADLINE])
    office.backend.away_for = {tenant.id for tenant in tenants[5:]}
    office.live_until(NIGHT + 5 * HOUR)

    overdue = [event for event in office.events(DayOverdue) if isinstance(event, DayOverdue)]
    assert len(overdue) == 100
    assert overdue[0].why.startswith("005: its run ")
    [told] = [n for n in office.notifier.delivered if n.event == DayOverdue.name]
    assert told.text.startswith(
        f"By the deadline of {DAY} 125 of 130 days are not closed, of 125 tenants."
    )
    named = ", ".join(tenant.id for tenant in tenants[5:105])
    assert told.text.endswith(f" {DAY} in flight: {named}; and 25 more.")


def test_tenants_whose_zone_is_none_are_told_after_the_night_and_at_the_deadline() -> None:
    office = mall(
        [
            Tenant("here"),
            Tenant("lost", "Mars/Olympus"),
            Tenant("later", "Mars/Olympus", closes_from=DAY + ONE_DAY),
        ]
    )
    office.restart([NIGHTLY, DEADLINE])
    office.live_until(NIGHT + 5 * HOUR)

    assert {run.key.tenant for run in closes(office)} == {"here"}
    assert {n.kind for n in office.notifier.delivered} == {
        NoticeKind.NIGHT_FAILED,
        NoticeKind.MESSAGE,
    }
    for event in ("night.failed", DayOverdue.name):
        told = [n for n in office.notifier.delivered if n.event == event]
        assert told
        for notice in told:
            assert "1 of 2 days are not closed, of 1 tenant." in notice.text
            assert notice.text.endswith(
                f"{DAY} can't be closed, there is no time zone Mars/Olympus: lost."
            )
    [overdue] = [event for event in office.events(DayOverdue) if isinstance(event, DayOverdue)]
    assert (overdue.day, overdue.why) == (DAY, "lost: its time zone is none (Mars/Olympus)")


def test_a_hundred_missing_tenants_are_named_in_full_however_long_their_names_are() -> None:
    tenants = [Tenant(f"{number:03}".rjust(200, "t")) for number in range(120)]
    office = mall(tenants, shard=ShardLimits(100))
    office.backend.away_for = {tenant.id for tenant in tenants}
    office.live_until(NIGHT + HOUR)

    told = [n for n in office.notifier.delivered if n.event == "night.failed"]
    assert told
    for notice in told:
        assert all(tenant.id in notice.text for tenant in tenants[:100])
        assert notice.text.endswith("; and 20 more.")


class Backwards(InMemoryAtOnce):
    """Does the last thing first, and remembers how many there were."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def each(self, work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
        """Yield what comes of each thing; see the port."""
        self.counts.append(len(things))
        return map(work, reversed(things))


def test_a_sweep_verifies_tenants_at_once_and_tells_of_them_in_their_order() -> None:
    office = mall()
    at_once = office.at_once = Backwards()
    office.restart([NIGHTLY, SWEEP])

    office.live_until(NIGHT + 2 * HOUR)

    verified = [e for e in office.events(PeriodVerified) if isinstance(e, PeriodVerified)]
    assert at_once.counts == [7]
    assert [each.run.key.tenant for each in verified] == list("abcdefg")


def test_a_sweep_verifies_the_days_of_every_tenant_and_tells_of_one_that_is_off() -> None:
    office = mall()
    office.restart([NIGHTLY, SWEEP])
    office.live_until(NIGHT + HOUR)
    office.orders.orders.append(order("e"))
    office.live_until(NIGHT + 2 * HOUR)

    [sweep] = office.runs(JobKind.SWEEP)
    assert sweep.state is RunState.SUCCEEDED
    told = [n.text for n in office.notifier.delivered if n.event == "period.verified"]
    assert len(told) == 1
    assert f"e {DAY}" in told[0]
    assert f"See: aegis-batch verify --tenant e --from {DAY} --to {DAY}. e {DAY} is" in told[0]
    assert "item Tea" in told[0]
    assert "a 2026" not in told[0]


def test_a_message_of_a_sweep_about_several_tenants_says_nothing_of_their_orders() -> None:
    office = mall()
    office.restart([NIGHTLY, SWEEP])
    office.live_until(NIGHT + HOUR)
    office.orders.orders += [order("e"), order("f")]
    office.live_until(NIGHT + 2 * HOUR)

    [told] = [n.text for n in office.notifier.delivered if n.event == "period.verified"]
    assert told == (
        f"Closed days that are off: e {DAY}, f {DAY}."
        f" See: aegis-batch verify --all --from {DAY} --to {DAY}."
        f" e {DAY} is changed. f {DAY} is changed."
    )


def test_a_day_that_nights_no_longer_look_at_is_closed_by_hand_for_all() -> None:
    office = mall()
    long_ago = NIGHT - 40 * ONE_DAY

    with pytest.raises(InvalidRequest) as refused:
        office.control.trigger(NIGHTLY.name, "ana", long_ago)

    assert f"aegis-batch close --all --date {DAY - 40 * ONE_DAY}" in refused.value.remedy


def test_a_tenant_with_a_queue_of_its_own_is_in_no_shard_with_others() -> None:
    office = mall([*SEVEN[:2], Tenant("vip", queue="gold"), Tenant("vip2", queue="gold")])

    work = fire(office)

    assert works_of(office) == [{"a", "b"}, {"vip", "vip2"}]
    assert {each.lane.name for each in work} == {"closes", "closes@gold"}


def days_of(office: Office, *tenants: Tenant) -> list[TenantDay]:
    assert office.directory is not None
    directory = type(office.directory)(tenants, "America/Sao_Paulo")
    looked_at = TenantsDays(office.ledger, directory, office.expectations, "memory")
    return [day for page in looked_at.given(None, [DAY]) for day in page]


def sharding_of(office: Office, size: int) -> Sharding:
    dispatcher = Dispatcher("night", "ana", Trigger.NIGHT, NOON, None, NOON)
    return Sharding(office.ledger, office.identifiers, ShardLimits(size), "memory", dispatcher)


def test_what_others_have_begun_with_meanwhile_is_dispatched_by_them_alone() -> None:
    office = mall()
    [day] = days_of(office, Tenant("a"))
    first, second = sharding_of(office, 1), sharding_of(office, 1)

    first.add(day)
    second.add(day)

    assert (first.dispatched, second.dispatched, len(closes(office))) == (1, 0, 1)


def test_where_too_much_is_gathered_the_fullest_goes_as_it_is() -> None:
    office = mall()
    queues = [Tenant(f"{number:02}", queue=f"q{number}") for number in range(21)]
    sharding = sharding_of(office, 2)

    for day in days_of(office, *queues):
        sharding.add(day)

    assert sharding.dispatched > 0
    sharding.flush()
    assert sharding.dispatched == 21


def test_no_days_are_looked_at_where_none_are_expected() -> None:
    office = mall(close_from=DAY + 9 * ONE_DAY)
    office.restart([NIGHTLY, SWEEP, DEADLINE])
    office.live_until(NIGHT + 5 * HOUR)

    assert closes(office) == []
    assert {run.state for run in office.runs()} == {RunState.SUCCEEDED}


def test_a_zone_without_tenants_has_no_days() -> None:
    office = mall()

    assert days_of(office) == []
    with office.state.look() as turn:
        assert standings_of(turn, [], [DAY], "memory") == {}


def test_at_a_deadline_by_which_all_are_closed_nobody_is_told() -> None:
    office = mall()
    office.restart([NIGHTLY, DEADLINE])
    office.live_until(NIGHT + 5 * HOUR)

    assert [n for n in office.notifier.delivered if n.event == DayOverdue.name] == []


def test_a_day_that_was_closed_elsewhere_is_not_known_to_be_closed() -> None:
    office = mall()
    office.live_until(NIGHT + HOUR)
    [key] = {run.key for run in closes(office) if run.key.tenant == "a"}

    with office.state.look() as turn:
        here = standings_of(turn, ["a"], [DAY], "memory")
        elsewhere = standings_of(turn, ["a"], [DAY], "another")

    assert here[key].standing is Standing.CLOSED
    assert elsewhere[key].standing is Standing.UNKNOWN


def test_a_night_that_can_not_find_out_which_days_are_open_is_told_as_failed() -> None:
    office = mall()
    assert office.directory is not None

    class Away(type(office.directory)):  # type: ignore[misc]
        def page(self, *_: object) -> list[Tenant]:
            raise OrdersMisfit("missing_table", "No.", "Mend it.")

    office.directory = Away(SEVEN, "America/Sao_Paulo")
    office.restart()
    office.live_until(NIGHT + HOUR)

    [night] = office.runs(JobKind.NIGHT)
    assert night.state is RunState.FAILED
    kinds = [n.kind for n in office.notifier.delivered]
    assert kinds.count(NoticeKind.NIGHT_FAILED) == 1


def test_whose_night_is_forgotten_brings_nothing_about() -> None:
    office = mall()
    fire(office)
    office.work()
    [first] = [run for run in closes(office) if run.key.tenant == "a"]
    office.backend.away_for = {"a"}

    orphan = replace(first, id="orphan", parent="gone", work_id="orphan#1", state=RunState.QUEUED)
    by_hand = replace(orphan, id="hand", work_id="hand#1", trigger=Trigger.REPLAY, parent=None)
    with office.ledger.turn() as turn:
        turn.dispatch(orphan)
        turn.dispatch(by_hand)
    office.work()

    assert len(office.runs(JobKind.COMPLETENESS)) == 1


def test_a_close_whose_period_another_process_is_at_is_put_back_and_counts_no_attempt() -> None:
    office = mall([Tenant("a")])
    [work] = fire(office)
    [close] = closes(office)
    other = a_heartbeat(office.pulse, office.clock, "m/other", lease_seconds=3_600.0)
    assert other.beat()
    with office.state.turn() as turn:
        [token] = turn.leases.take({lease_of(close): 0}, "m/other").values()

    office.work()
    [waiting] = closes(office)
    assert (waiting.state, waiting.attempt) == (RunState.QUEUED, 0)
    assert waiting.work_id == f"{work.id}@1"

    with office.state.turn() as turn:
        turn.leases.give_back({lease_of(close): token}, "m/other")
    office.live_until(NIGHT + MINUTE)
    [done] = closes(office)
    assert (done.state, done.attempt) == (RunState.SUCCEEDED, 1)


def test_where_no_days_are_swept_nothing_is_asked() -> None:
    office = mall(sweep_days=0)
    office.restart([SWEEP])
    office.live_until(NIGHT + 2 * HOUR)

    [sweep] = office.runs(JobKind.SWEEP)
    assert sweep.state is RunState.SUCCEEDED
    assert office.backend.asked == []
