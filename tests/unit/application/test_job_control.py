"""Jobs in people's hands: what is kept, what is refused, and what is noted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aegis_batch.application.actor import Actor
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.repeating import Once
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition, TaskKind
from aegis_batch.domain.schedule import ScheduleKind, Timing
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.job_drafts import ANA, a_draft, define
from tests.unit.application.office import HOUR, NOON, Office

NORTH = Actor("rui", "10.0.0.8", "north")


@pytest.fixture
def office() -> Office:
    return Office(schedules=())


@pytest.fixture
def market() -> Office:
    return Office(schedules=(), tenants=(Tenant("north"), Tenant("south")), tenant="*")


def code_of(deed: Any, *given: Any, **named: Any) -> str:  # noqa: ANN401 - any deed
    with pytest.raises(InvalidRequest) as caught:
        deed(*given, **named)
    assert caught.value.remedy
    return caught.value.code


def kept(office: Office, job: JobDefinition) -> JobDefinition:
    return office.views.job(job.id, ANA).definition


def test_a_change_keeps_who_made_it_and_counts_versions(office: Office) -> None:
    job = define(office, "a")
    office.clock.advance(timedelta(minutes=5))
    rui = Actor("rui")

    changed = office.jobs.update(job.id, a_draft("a", description="x"), rui, version=1)

    assert (changed.version, changed.created_by, changed.created_at) == (2, "ana", NOON)
    assert changed.updated_at == NOON + timedelta(minutes=5)
    assert office.next_at(job.schedule_name) == NOON + HOUR
    assert code_of(office.jobs.update, job.id, a_draft("a"), rui, version=1) == "version_differs"
    assert [entry.action for entry in office.history.audit(9)] == ["job.update", "job.create"]


def test_what_had_come_by_the_old_times_is_decided_before_they_change(office: Office) -> None:
    every_second = Timing(ScheduleKind.FIXED_RATE, every=timedelta(seconds=1))
    job = define(office, "a", timing=every_second)
    office.clock.advance(timedelta(seconds=450))

    office.jobs.update(job.id, a_draft("a"), ANA)

    assert len(office.occurrences(job.schedule_name)) == 450
    assert office.next_at(job.schedule_name) == NOON + timedelta(seconds=450) + HOUR


def test_one_that_is_not_active_does_not_fire_until_it_is(office: Office) -> None:
    job = define(office, "a", is_active=False)
    office.live_until(NOON + 3 * HOUR)
    office.jobs.update(job.id, a_draft("a"), ANA)
    office.live_until(NOON + 4 * HOUR)
    office.jobs.update(job.id, a_draft("a", is_active=False), ANA)
    office.live_until(NOON + 9 * HOUR)

    assert len(office.services.calls) == 1
    assert code_of(office.starts.execute, job.id, ANA) == "job_inactive"


def test_one_that_is_removed_is_gone_but_for_its_runs(office: Office) -> None:
    job = define(office, "a")
    run = office.starts.execute(job.id, ANA)
    office.clock.advance(400 * timedelta(days=1))

    office.jobs.remove(job.id, ANA, version=1)

    assert code_of(office.views.job, job.id, ANA) == "unknown_job"
    assert code_of(office.jobs.remove, job.id, ANA) == "unknown_job"
    assert office.views.jobs(JobFilter(), 9, ANA) == []
    office.work()
    assert office.run(run.id).problem is not None
    assert define(office, "a").id != job.id


def test_a_name_is_free_again_where_its_one_time_has_been(office: Office) -> None:
    once = Timing(ScheduleKind.ONE_TIME, at=NOON)
    first = define(office, "a", timing=once)
    assert code_of(define, office, "a", timing=once) == "name_taken"
    office.live_until(NOON + timedelta(minutes=1))

    second = define(office, "a", timing=once)

    assert [view.definition.id for view in office.views.jobs(JobFilter(), 9, ANA)] == [second.id]
    assert code_of(office.views.job, first.id, ANA) == "unknown_job"


def test_a_name_is_of_one_job(office: Office) -> None:
    define(office, "a")
    other = define(office, "b")
    assert code_of(define, office, "a") == "name_taken"
    assert code_of(office.jobs.update, other.id, a_draft("a"), ANA) == "name_taken"


def test_circles_and_strangers_among_dependencies_are_refused(office: Office) -> None:
    a = define(office, "a")
    b = define(office, "b", depends_on=(a.id,))

    with pytest.raises(InvalidRequest, match="a -> b -> a") as caught:
        office.jobs.update(a.id, a_draft("a", depends_on=("b",)), ANA)
    assert caught.value.code == "dependency_circle"
    assert code_of(define, office, "c", depends_on=("nobody",)) == "unknown_dependency"
    assert code_of(office.jobs.remove, a.id, ANA) == "job_needed"
    assert kept(office, b).depends_on == (a.id,)
    office.jobs.remove(b.id, ANA)
    office.jobs.remove(a.id, ANA)


def test_what_hangs_together_in_a_long_chain_is_refused(office: Office) -> None:
    with office.state.turn() as turn:
        template = define_plain(office)
        for place in range(1_100):
            link = replace(template, id=f"{place}", name=f"n{place}", depends_on=(f"{place + 1}",))
            turn.job_definitions.save(link)
    assert code_of(define, office, "x", depends_on=("0",)) == "invalid_job"


def define_plain(office: Office) -> JobDefinition:
    rules = office.jobs._rules  # noqa: SLF001 - a definition that nobody has kept
    return rules.definition(a_draft("t"), "t", (), "ana", NOON, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a b"},
        {"description": "x\x1b"},
        {"group": "a b"},
        {"attempts_max": 0},
        {"attempts_max": 21},
        {"timeout_seconds": 0},
        {"events": ("no type",)},
        {"events": tuple(f"E{place}" for place in range(51))},
        {"timing": Timing(ScheduleKind.FIXED_RATE, every=timedelta(milliseconds=5))},
        {"timing": Timing(ScheduleKind.CRON, cron="x", zone="UTC")},
        {"timing": Timing(ScheduleKind.CRON, cron="0 2 * * *", zone="Nowhere/There")},
        {"service": None},
        {"service": "unknown"},
        {"endpoint": None},
        {"endpoint": "run"},
        {"endpoint": "/a/../b"},
        {"endpoint": "/a/%2e%2E/b"},
        {"endpoint": "/a/.%2e/b"},
        {"endpoint": "/a?limit=1&api%5Fkey=x"},
        {"endpoint": "/a?limit=1;token=x"},
        {"method": "TRACE"},
        {"payload": ["x"]},
        {"payload": {"token": "x"}},
        {"tenant": "north"},
        {"task": TaskKind.REBUILD, "payload": {"daysBack": 0}},
        {"task": TaskKind.VERIFY, "payload": {"date": "soon"}},
    ],
)
def test_a_job_that_is_unfit_is_refused(office: Office, changes: dict[str, Any]) -> None:
    name = changes.pop("name", "a")
    assert code_of(define, office, name, **changes) in {
        "invalid_job",
        "unknown_service",
        "invalid_cron",
        "unknown_zone",
    }
    assert office.history.audit(9) == []


def test_one_without_a_service_calls_none(office: Office) -> None:
    draft = replace(a_draft("a"), task=TaskKind.RETENTION)
    assert code_of(office.jobs.create, draft, ANA) == "invalid_job"


def test_a_request_that_is_sent_again_makes_one_job(office: Office) -> None:
    request = Once("ana|k", "digest")
    first, is_new = office.jobs.create(a_draft("a"), ANA, request)
    again, is_new_again = office.jobs.create(a_draft("a"), ANA, request)

    assert (is_new, is_new_again, first.id) == (True, False, again.id)
    other = Once("ana|k", "another")
    assert code_of(office.jobs.create, a_draft("b"), ANA, other) == "key_reused"


def test_a_file_is_applied_and_told(office: Office) -> None:
    drafts = [a_draft("b", depends_on=("a",)), a_draft("a")]

    rehearsed = office.jobs.apply(drafts, ANA, dry_run=True)
    first = office.jobs.apply(drafts, ANA)
    again = office.jobs.apply(drafts, ANA)
    changed = office.jobs.apply([a_draft("a", description="x", group="g")], ANA)

    assert [(each.name, each.deed) for each in rehearsed] == [("a", "created"), ("b", "created")]
    assert rehearsed == first
    assert {each.deed for each in again} == {"unchanged"}
    assert [(each.deed, set(each.fields)) for each in changed] == [
        ("changed", {"description", "group"})
    ]
    assert code_of(office.jobs.apply, [a_draft("c"), a_draft("c")], ANA) == "invalid_job"
    circle = [a_draft("c", depends_on=("d",)), a_draft("d", depends_on=("c",))]
    assert code_of(office.jobs.apply, circle, ANA) == "dependency_circle"
    strangers = [a_draft("c", depends_on=("nobody",))]
    assert code_of(office.jobs.apply, strangers, ANA) == "unknown_dependency"


def test_a_change_that_is_sent_again_is_made_once(office: Office) -> None:
    job = define(office, "a")
    changing, removing = Once("change", "1"), Once("remove", "2")

    first = office.jobs.update(job.id, a_draft("a", description="x"), ANA, 1, changing)
    again = office.jobs.update(job.id, a_draft("a", description="x"), ANA, 1, changing)
    office.jobs.remove(job.id, ANA, 2, removing)
    office.jobs.remove(job.id, ANA, 2, removing)

    assert first == again
    actions = [entry.action for entry in office.history.audit(9)]
    assert actions == ["job.remove", "job.update", "job.create"]
    other = Once("change", "3")
    assert code_of(office.jobs.update, job.id, a_draft("a"), ANA, 2, other) == "key_reused"
    assert code_of(office.jobs.remove, job.id, ANA) == "unknown_job"


def test_every_change_says_who_and_from_where(office: Office) -> None:
    define(office, "a")
    [entry] = office.history.audit(9)
    assert (entry.operator, entry.action, entry.reason, entry.origin) == (
        "ana",
        "job.create",
        "a",
        "10.0.0.7",
    )


def test_whoever_sees_one_tenant_has_its_jobs_alone(market: Office) -> None:
    everyones = define(market, "all")
    souths = define(market, "a", tenant="south")
    own, _ = market.jobs.create(a_draft("a", tenant="north"), NORTH)

    assert [view.definition.id for view in market.views.jobs(JobFilter(), 9, NORTH)] == [own.id]
    for job in (everyones, souths):
        assert code_of(market.views.job, job.id, NORTH) == "unknown_job"
        assert code_of(market.jobs.update, job.id, a_draft("x"), NORTH) == "unknown_job"
        assert code_of(market.jobs.remove, job.id, NORTH) == "unknown_job"
        assert code_of(market.starts.execute, job.id, NORTH) == "unknown_job"
    assert code_of(market.jobs.create, a_draft("b"), NORTH) == "tenant_forbidden"
    named_other = a_draft("b", tenant="north", depends_on=(souths.id,))
    assert code_of(market.jobs.create, named_other, NORTH) == "unknown_dependency"
    to_all = a_draft("a")
    assert code_of(market.jobs.update, own.id, to_all, NORTH) == "tenant_forbidden"
    assert market.views.named("a", NORTH).definition.id == own.id
    assert market.views.named(own.id, NORTH).definition.id == own.id


def test_a_dependency_is_of_the_same_tenant_or_of_all(market: Office) -> None:
    everyones = define(market, "a")
    norths = define(market, "a", tenant="north")
    souths = define(market, "a", tenant="south")
    define(market, "only-souths", tenant="south")

    def needed_by(name: str, tenant: str, needed: str) -> tuple[str, ...]:
        return define(market, name, tenant=tenant, depends_on=(needed,)).depends_on

    assert needed_by("b", "north", "a") == (norths.id,)
    assert needed_by("b", "south", "a") == (souths.id,)
    assert needed_by("c", "north", everyones.id) == (everyones.id,)
    assert needed_by("b", "*", "a") == (everyones.id,)
    for tenant, needed in (("north", "only-souths"), ("north", souths.id), ("*", norths.id)):
        assert code_of(needed_by, "d", tenant, needed) == "unknown_dependency"
    market.jobs.remove(market.views.named("c", NORTH).definition.id, ANA)
    market.jobs.remove(market.views.named("b", NORTH).definition.id, ANA)
    market.jobs.remove(norths.id, ANA)
    assert needed_by("b", "north", "a") == (everyones.id,)
    foreign = a_draft("e", tenant="north", depends_on=("a",))
    assert code_of(market.jobs.create, foreign, NORTH) == "unknown_dependency"


def test_a_job_that_others_depend_on_stays_with_their_tenant(market: Office) -> None:
    job = define(market, "a", tenant="north")
    dependent = define(market, "b", tenant="north", depends_on=("a",))

    moved = a_draft("a", tenant="south")
    assert code_of(market.jobs.update, job.id, moved, ANA) == "job_needed"
    assert market.jobs.update(job.id, a_draft("a", tenant="*"), ANA).tenant == "*"
    assert market.jobs.update(job.id, a_draft("a", tenant="north"), ANA).tenant == "north"
    market.jobs.remove(dependent.id, ANA)
    assert market.jobs.update(job.id, moved, ANA).tenant == "south"


def test_a_file_names_jobs_by_their_tenants(market: Office) -> None:
    drafts = [
        a_draft("second", tenant="north", depends_on=("first", "of-all")),
        a_draft("first", tenant="north"),
        a_draft("first", tenant="south"),
        a_draft("first"),
        a_draft("second", depends_on=("first",)),
        a_draft("of-all"),
    ]

    rehearsed = market.jobs.apply(drafts, ANA, dry_run=True)
    made = market.jobs.apply(drafts, ANA)
    again = market.jobs.apply(drafts, ANA)

    assert rehearsed == made
    assert {(each.tenant, each.name) for each in made} == {
        (each.tenant or "*", each.name) for each in drafts
    }
    assert {each.deed for each in again} == {"unchanged"}
    ids = {
        (job.tenant, job.name): job.id
        for job in (view.definition for view in market.views.jobs(JobFilter(), 9, ANA))
    }
    second = market.views.job(ids["north", "second"], ANA).definition
    assert second.depends_on == (ids["north", "first"], ids["*", "of-all"])
    twice = [a_draft("x", tenant="north")] * 2
    assert code_of(market.jobs.apply, twice, ANA) == "invalid_job"
    strange = [a_draft("x", tenant="north", depends_on=("y",)), a_draft("y", tenant="south")]
    assert code_of(market.jobs.apply, strange, ANA) == "unknown_dependency"


def test_a_name_that_several_have_is_told_with_their_tenants(market: Office) -> None:
    souths = define(market, "a", tenant="south")
    define(market, "a", tenant="north")

    with pytest.raises(InvalidRequest, match=r"Several jobs have the name a: .* of north, .* of"):
        market.views.named("a", ANA)
    assert market.views.named("a", ANA, "south").definition.id == souths.id
    assert market.views.named(souths.id, ANA).definition.id == souths.id
    assert code_of(market.views.named, souths.id, ANA, "north") == "unknown_job"


def test_of_many_that_have_a_name_some_are_told(market: Office) -> None:
    job = define(market, "a", tenant="south")
    with market.state.turn() as turn:
        for place in range(10):
            turn.job_definitions.save(replace(job, id=f"{place}", tenant=f"t{place}"))
    with pytest.raises(InvalidRequest, match="and more"):
        market.views.named("a", ANA)


def test_closes_are_of_one_tenant_unless_an_event_says_whose(market: Office) -> None:
    assert code_of(define, market, "x", task=TaskKind.DAILY_CLOSE) == "invalid_job"
    define(market, "y", task=TaskKind.DAILY_CLOSE, events=("TenantCreated",))
    define(market, "z", task=TaskKind.RETENTION)
    assert code_of(define, market, "w", tenant=" ") == "invalid_tenant"
    assert code_of(define, market, "w", tenant="nobody") == "unknown_tenant"
