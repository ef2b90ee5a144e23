"""What a process that only works does beside its work."""

from datetime import timedelta

from aegis_batch.application.takeover import TakeOverUseCase
from aegis_batch.application.worker_heart import WorkerHeart
from tests.living import a_heartbeat
from tests.unit.application.office import NIGHTLY, NOON, Office

SECOND = timedelta(seconds=1)


def a_worker(office: Office) -> WorkerHeart:
    office.heartbeat = a_heartbeat(office.pulse, office.clock, "m/1", lease_seconds=30.0)
    heartbeat = office.heartbeat
    take_over = TakeOverUseCase(
        office.ledger, office.pulse, office.clock, heartbeat.lease, heartbeat.executor
    )
    return WorkerHeart(office.heartbeat, take_over, office.reconcile, office.clock, 2.5)


def test_it_fires_nothing_and_looks_for_lost_work_each_minute() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NOON + timedelta(hours=14))
    office.heart.beat()
    office.lose_work()
    decided = office.decisions("daily-close")
    heart = a_worker(office)
    assert heart.beat() == 2.5
    office.lose_work()
    office.clock.advance(timedelta(days=1))

    assert heart.beat() == 2.5

    assert len(office.queue.due(office.clock.now())) == 1
    assert office.decisions("daily-close") == decided


def test_it_takes_over_what_the_dead_left_and_leaves_word_when_it_goes() -> None:
    office = Office([])
    dead = a_heartbeat(office.pulse, office.clock, "m/2", lease_seconds=30.0)
    assert dead.beat()
    heart = a_worker(office)
    for _ in range(40):
        assert office.heartbeat.beat()
        heart.beat()
        office.clock.advance(SECOND)

    heart.stop()

    found = {each.name: each for each in office.pulse.signs(9).executors}
    assert found["m/2"].buried
    assert found["m/1"].stopped
