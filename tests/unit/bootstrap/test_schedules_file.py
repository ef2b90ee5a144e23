"""The file of further schedules: what can stand in it, and how its faults are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.schedules import wanted_schedules
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing

NAMED = '[[schedule]]\nname = "noon"\n'
SOUND = NAMED + 'job = "night"\nkind = "CRON"\ncron = "0 12 * * *"\n'


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


OWN = ["daily-close", "close-deadline", "retention", "verify-sweep"]


def schedules_of(text: str, **settings: str) -> dict[str, Schedule]:
    path = Path("schedules.toml")
    path.write_text(text, encoding="utf-8")
    environ = {f"AEGIS_{name}": value for name, value in settings.items()}
    wanted = wanted_schedules(load_settings({"AEGIS_SCHEDULES_FILE": str(path), **environ}))
    return {schedule.name: schedule for schedule in wanted}


def faults_of(text: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        schedules_of(text)
    assert "AEGIS_SCHEDULES_FILE: schedules.toml: " in caught.value.message
    return caught.value.message


def test_every_shop_has_a_night_a_deadline_and_a_sweep_in_its_zone() -> None:
    wanted = wanted_schedules(
        load_settings(
            {
                "AEGIS_SCHEDULE_CRON": "30 3 * * *",
                "AEGIS_SCHEDULE_OVERLAP": "BUFFER_ONE",
                "AEGIS_SCHEDULE_JITTER_SECONDS": "90",
                "AEGIS_TIMEZONE": "Europe/Lisbon",
                "AEGIS_CLOSE_DEADLINE": "07:15",
                "AEGIS_CATCH_UP_DAYS": "3",
                "AEGIS_VERIFY_CRON": "45 4 * * *",
            }
        )
    )

    night, deadline, retention, sweep = wanted
    assert night == Schedule(
        name="daily-close",
        job=JobKind.NIGHT,
        timing=Timing(ScheduleKind.CRON, cron="30 3 * * *", zone="Europe/Lisbon"),
        overlap=Overlap.BUFFER_ONE,
        catch_up=timedelta(days=3),
        jitter_max_seconds=90,
        newest_only=True,
    )
    assert (deadline.name, deadline.job) == ("close-deadline", JobKind.DEADLINE)
    assert deadline.timing == Timing(ScheduleKind.CRON, cron="0 15 7 * * *", zone="Europe/Lisbon")
    assert (retention.name, retention.job) == ("retention", JobKind.RETENTION)
    assert sweep == Schedule(
        name="verify-sweep",
        job=JobKind.SWEEP,
        timing=Timing(ScheduleKind.CRON, cron="45 4 * * *", zone="Europe/Lisbon"),
        catch_up=timedelta(days=3),
        newest_only=True,
    )


def test_a_sweep_over_no_days_is_none() -> None:
    wanted = wanted_schedules(load_settings({"AEGIS_VERIFY_DAYS": "0"}))

    assert [schedule.name for schedule in wanted] == OWN[:-1]


def test_a_file_has_schedules_of_all_four_kinds() -> None:
    found = schedules_of(
        SOUND
        + """zone = "Asia/Tokyo"
overlap = "ALLOW_ALL"
catch_up_days = 2
jitter_seconds = 30
newest_only = false

[[schedule]]
name = "often"
job = "deadline"
kind = "FIXED_RATE"
every_seconds = 900

[[schedule]]
name = "after-each"
job = "deadline"
kind = "FIXED_DELAY"
every_seconds = 0.5e2

[[schedule]]
name = "once"
job = "night"
kind = "ONE_TIME"
at = 2026-11-30T12:00:00-03:00
""",
        CATCH_UP_DAYS="5",
    )

    assert list(found) == [*OWN, "noon", "often", "after-each", "once"]
    assert found["noon"] == Schedule(
        name="noon",
        job=JobKind.NIGHT,
        timing=Timing(ScheduleKind.CRON, cron="0 12 * * *", zone="Asia/Tokyo"),
        overlap=Overlap.ALLOW_ALL,
        catch_up=timedelta(days=2),
        jitter_max_seconds=30,
        newest_only=False,
    )
    often = found["often"]
    assert often.timing == Timing(ScheduleKind.FIXED_RATE, every=timedelta(minutes=15))
    assert (often.overlap, often.catch_up) == (Overlap.SKIP, timedelta(days=5))
    assert (often.jitter_max_seconds, often.newest_only) == (0, True)
    assert found["after-each"].timing == Timing(
        ScheduleKind.FIXED_DELAY, every=timedelta(seconds=50)
    )
    assert found["once"].timing == Timing(
        ScheduleKind.ONE_TIME, at=datetime(2026, 11, 30, 15, tzinfo=UTC)
    )


def test_a_cron_schedule_is_in_the_zone_of_the_settings_unless_it_says_otherwise() -> None:
    timing = schedules_of(SOUND, TIMEZONE="Europe/Lisbon")["noon"].timing

    assert timing.zone == "Europe/Lisbon"


def test_an_empty_file_adds_nothing() -> None:
    assert list(schedules_of("")) == OWN


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[[schedule]\n", "it is no TOML: "),
        ("schedule = [" + "[" * 5000, "it is no TOML: too deep"),
        ("[schedule]\nname = 'x'\n", "write [[schedule]], in double brackets"),
        ("schedule = [1]\n", "schedule number 1: is no table"),
        ("[[schedules]]\n", "it has schedules at its top"),
        ("[[schedule]]\n", "schedule number 1: name is missing"),
        ("[[schedule]]\nname = 7\n", "schedule number 1: name is no text"),
        ('[[schedule]]\nname = "No on"\n', "schedule No on: name must be up to 63 small letters"),
        ('[[schedule]]\nname = "daily-close"\n', "name is taken by another schedule"),
        (SOUND + SOUND, "schedule noon: name is taken by another schedule"),
        (NAMED, "schedule noon: job is missing: night or deadline"),
        (NAMED + 'job = "close"', "schedule noon: job must be one of night, deadline"),
        (NAMED + 'kind = "cron"', "kind must be one of CRON, FIXED_RATE, FIXED_DELAY, ONE_TIME"),
        (NAMED + 'kind = "CRON"', "schedule noon: cron is missing"),
        (NAMED + 'cron = "noon"', "cron is no cron expression: it must have five fields"),
        (SOUND + 'zone = "Mars/Base"', "schedule noon: zone is no IANA time zone"),
        (SOUND + "zone = 3", "schedule noon: zone is no text"),
        (SOUND + "every_seconds = 3", "every_seconds does not go with the kind CRON"),
        (NAMED + 'kind = "FIXED_RATE"', "every_seconds is missing"),
        (NAMED + 'kind = "FIXED_RATE"\nevery_seconds = 0', "must be a number from 1 to 3.16"),
        (NAMED + 'kind = "FIXED_DELAY"\nevery_seconds = true', "every_seconds must be a number"),
        (NAMED + 'kind = "FIXED_DELAY"\nevery_seconds = nan', "every_seconds must be a number"),
        (NAMED + 'kind = "ONE_TIME"', "at is missing; write one without quotes"),
        (NAMED + 'kind = "ONE_TIME"\nat = 2026-11-30T12:00:00', "no date and time with an offset"),
        (NAMED + 'kind = "ONE_TIME"\nat = 2026-11-30', "at is no date and time with an offset"),
        (SOUND + 'overlap = "QUEUE"', "overlap must be one of SKIP, BUFFER_ONE"),
        (SOUND + "catch_up_days = 0", "catch_up_days must be a number from 1 to 366"),
        (
            SOUND + "catch_up_days = 7.5",
            "schedule noon: catch_up_days is above AEGIS_CATCH_UP_DAYS, which is 7: lower it, or",
        ),
        (SOUND + "jitter_seconds = 1.5", "jitter_seconds must be whole"),
        (SOUND + 'newest_only = "yes"', "newest_only must be true or false"),
        (SOUND + "overlapp = 1", "overlapp is no field of a schedule; is it overlap?"),
        (SOUND + '"a\\u001bb" = 1', "a\\x1bb is no field of a schedule"),
    ],
)
def test_a_fault_names_file_schedule_and_field(text: str, what: str) -> None:
    assert what in faults_of(text)


@pytest.mark.parametrize("days", ["7", "20"])
def test_as_many_days_may_be_caught_up_as_the_settings_say(days: str) -> None:
    found = schedules_of(f"{SOUND}catch_up_days = {days}", CATCH_UP_DAYS=days)

    assert found["noon"].catch_up == timedelta(days=int(days))


def test_what_is_wrong_at_the_top_hides_no_fault_further_down() -> None:
    told = faults_of(f"retries = 3\n{NAMED}")

    assert "it has retries at its top" in told
    assert "schedule noon: job is missing" in told
    assert "schedule noon: cron is missing" in told
    told = faults_of('retries = 3\n[schedule]\nname = "noon"')
    assert "it has retries at its top" in told
    assert "schedule is no list of tables" in told


def test_all_faults_are_told_at_once_and_too_many_are_counted() -> None:
    told = faults_of("[[schedule]]\n" * 30)

    assert "schedule number 1: job is missing" in told
    assert "schedule number 7: " in told
    assert "and 70 more faults" in told


def test_a_file_that_cannot_be_read_is_a_fault() -> None:
    with pytest.raises(InvalidRequest, match="it can't be read: no such file or directory"):
        wanted_schedules(load_settings({"AEGIS_SCHEDULES_FILE": "nowhere.toml"}))
    Path("latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(InvalidRequest, match="it is not UTF-8"):
        wanted_schedules(load_settings({"AEGIS_SCHEDULES_FILE": "latin.toml"}))


def test_a_file_without_an_end_is_not_read_to_it() -> None:
    with Path("vast.toml").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)

    with pytest.raises(InvalidRequest, match="it is over 64 MiB"):
        wanted_schedules(load_settings({"AEGIS_SCHEDULES_FILE": "vast.toml"}))
