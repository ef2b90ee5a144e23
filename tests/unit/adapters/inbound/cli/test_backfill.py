"""The ``backfill`` commands over an office in memory: what they print, and their exit statuses."""

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, PlanningDesk, ServingDesk
from aegis_batch.adapters.inbound.serving.server import Served
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.backfill_control import BackfillProgress
from aegis_batch.application.backfill_rehearsal import RehearseUseCase
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.health import HealthUseCase, Holder
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.stats import StatsUseCase
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.errors import BackendRefused, OrdersUnreachable, StateUnavailable
from aegis_batch.domain.order import Order, OrderLine
from tests.unit.adapters.inbound.cli.ledger_services import ZONE, Told
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices
from tests.unit.application import test_days_in_doubt as in_doubt
from tests.unit.application.office import AWAY, DAY, NOON, ONE_DAY, REFUSED, Office

IN_USE = StateUnavailable("state_in_use", "Another process serves it.", "Stop it.")
RANGE = ("--from", "2026-11-09", "--to", "2026-11-13")


@dataclass
class BackfillServices(UnbuiltServices):
    """Services over an office, which nothing serves unless ``is_served``.

    ``at_each_look`` is what happens while the command follows who serves.
    """

    captured: pytest.CaptureFixture[str]
    office: Office = field(default_factory=lambda: Office([]))
    served: Served = field(default_factory=lambda: Served(None, None, leaves_threads=False))
    is_served: bool = False
    at_each_look: Callable[[], object] = lambda: None
    left: list[int] = field(default_factory=list)
    begun_anew: list[list[str]] = field(default_factory=list)
    hands_over: bool = False

    @property
    def clock(self) -> InMemoryClock:
        return self.office.clock

    @contextmanager
    def ledger_desk(self) -> Iterator[LedgerDesk]:
        yield LedgerDesk(
            history=self.office.history,
            schedules=self.office.control,
            dead_letters=self.office.dead_letters,
            stats=StatsUseCase(
                self.office.state, self.clock, Calendar(load_zone(ZONE), ZONE), None
            ),
            chains=ChainCheckUseCase(self.office.state),
            backfills=self.office.backfills,
            jobs=self.office.jobs,
            job_pauses=self.office.job_pauses,
            job_starts=self.office.starts,
            job_views=self.office.views,
            operator="maria",
            calendar=Clockface(load_zone(ZONE), ZONE),
            clockface_of=lambda name: Clockface(load_zone(name), name),
        )

    @contextmanager
    def backfill_planning(self) -> Iterator[PlanningDesk]:
        yield PlanningDesk(self.office.planning, "maria", 3)

    @contextmanager
    def backfill_carrying(
        self, backfill_id: str, tell: Callable[[BackfillProgress], None]
    ) -> Iterator[ServingDesk]:
        if self.is_served:
            raise IN_USE

        def serve(stop: StopSignals) -> Served:
            tell(self.office.backfills.progress(backfill_id))
            if self.served.exit_status is not None:
                os.kill(os.getpid(), signal.SIGTERM)
                stop.wait(5)
            elif self.hands_over:
                self.is_served, self.at_each_look = True, self.office.work
            elif self.served.error is None:
                self.office.work()
            tell(self.office.backfills.progress(backfill_id))
            return self.served

        def leave(status: int) -> NoReturn:
            self.left.append(status)
            raise SystemExit(status)

        def begin_anew(arguments: Sequence[str]) -> NoReturn:
            self.begun_anew.append(list(arguments))
            raise SystemExit(0)

        yield ServingDesk(serve, leave, begin_anew)

    @contextmanager
    def backfill_rehearsal(self) -> Iterator[RehearseUseCase]:
        office = self.office
        yield RehearseUseCase(office.close, office.clock, office.identifiers, office.calendars)

    @contextmanager
    def health(self) -> Iterator[HealthUseCase]:
        def find_holder() -> Holder | None:
            self.at_each_look()
            return Holder() if self.is_served else None

        yield HealthUseCase(self.office.pulse, self.clock, find_holder, 30)

    def tell(self, *arguments: str) -> Told:
        """Carry out a command line."""
        self.captured.readouterr()
        status = run(("backfill", *arguments), self)
        captured = self.captured.readouterr()
        return Told(status, captured.out, captured.err)

    def planned(self, *options: str) -> dict[str, Any]:
        """Plan five days."""
        return self.tell(*RANGE, *options, "--output", "json").json

    def plan_id(self, *options: str) -> str:
        """Plan five days, and return the plan's id."""
        return str(self.planned(*options)["backfill"]["id"])

    def orders_of(self, *placed: PlacedOrder) -> None:
        """Let these be the orders."""
        self.office.orders = InMemoryOrderReader(placed)
        self.office.restart()


@pytest.fixture
def services(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> BackfillServices:
    monkeypatch.setenv("COLUMNS", "160")
    return BackfillServices(capsys)


def an_order(day: str, total: str, name: str = "Tea, green") -> PlacedOrder:
    noon = datetime.combine(date.fromisoformat(day), time(12), load_zone(ZONE))
    line = OrderLine(name, Decimal(1), Decimal(total))
    return PlacedOrder(noon, Order(day.replace("-", ""), Decimal(total), (line,)))


def test_a_plan_says_what_would_be_done_and_starts_nothing(services: BackfillServices) -> None:
    services.office.close_by_hand(date(2026, 11, 11))
    told = services.tell(*RANGE)

    assert told.status == 0
    assert told.err == ""
    assert told.out.startswith("The backfill from 2026-11-09 to 2026-11-13: 5 days\n")
    assert (
        "open           4      is closed      2026-11-09 to 2026-11-10, 2026-11-12 to" in told.out
    )
    assert "closed         1      is left alone  2026-11-11" in told.out
    assert "To have 4 days done, 3 at a time, the oldest first:\n  aegis-batch backfill --yes" in (
        told.out
    )
    assert len(services.office.runs()) == 1


def test_a_plan_says_what_a_doubt_is_where_there_is_one(services: BackfillServices) -> None:
    services.office = in_doubt.an_office()
    days = ("--from", str(in_doubt.CLOSED), "--to", str(in_doubt.DOUBTED))

    told = services.tell(*days)

    assert "\nClosed, in doubt: the report is there, but the orders no longer give it" in told.out
    assert "in doubt" not in services.tell(*days[:3], str(in_doubt.CLOSED)).out


def test_a_plan_with_nothing_to_do_and_one_that_is_not_sure_say_so(
    services: BackfillServices,
) -> None:
    for day in range(9, 14):
        services.office.close_by_hand(date(2026, 11, day))
    assert services.tell(*RANGE).out.endswith("There is nothing to do.\n")
    services.office.backend.away = AWAY

    told = services.tell("--from", "2026-11-02", "--to", "2026-11-02", "--newest-first")

    assert "open, as far as is known" in told.out
    assert "Nobody could be asked about all of them: timeout: The Backend does" in told.out
    assert "the newest first" in told.out


def test_a_plan_of_many_stretches_names_some_of_them(services: BackfillServices) -> None:
    for place in range(0, 20, 2):
        services.office.close_by_hand(DAY - (place + 1) * ONE_DAY)

    told = services.tell("--from", "2026-11-01", "--to", "2026-11-20")

    assert "and 4 more stretches" in told.out


def test_a_plan_for_programs_names_every_period(services: BackfillServices) -> None:
    told = services.planned("--max-active", "7", "--reprocess", "all")

    assert told["whyUnasked"] is None
    assert [period["date"][-2:] for period in told["periods"]] == ["09", "10", "11", "12", "13"]
    assert told["periods"][0] == {"date": "2026-11-09", "standing": "open", "deed": "close"}
    backfill = told["backfill"]
    assert (backfill["state"], backfill["toDo"], backfill["maxActive"]) == ("planned", 5, 7)
    assert (backfill["plannedBy"], backfill["reprocess"]) == ("maria", "all")


def test_carried_out_it_tells_how_far_it_is_and_how_it_ended(services: BackfillServices) -> None:
    told = services.tell("--yes", services.plan_id())

    assert told.status == 0
    assert told.out == ("The backfill from 2026-11-09 to 2026-11-13 has ended: 5 of 5 days done.\n")
    assert told.err == "backfill: 0 of 5\nbackfill: 5 of 5\n"


class Terminal(io.StringIO):
    """A standard error that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_shows_how_far_it_is(
    services: BackfillServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.orders_of(an_order("2026-11-10", "-1"))
    plan_id = services.plan_id()
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert services.tell("--yes", plan_id).status == 8
    assert services.tell("--dry-run", *RANGE).status == 3

    drawn = terminal.getvalue()
    assert "5/5" in drawn
    assert "1 failed" in drawn
    assert "rehearsal" in drawn
    assert "backfill: 5 of 5" not in drawn


def test_started_twice_it_says_so_and_does_nothing_more(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.tell("--yes", plan_id)

    told = services.tell("--yes", plan_id)

    assert told.status == 0
    assert told.err == "aegis-batch: it was started before, and has ended.\n"
    assert len(services.office.runs()) == 5


def test_what_failed_is_named_and_the_status_is_that_of_a_part(services: BackfillServices) -> None:
    services.orders_of(an_order("2026-11-10", "-1"))
    plan_id = services.plan_id()

    told = services.tell("--yes", plan_id)

    assert told.status == 8
    assert "4 of 5 days done, 1 failed." in told.out
    assert "2026-11-10  failed  orders_rejected" in told.out
    assert told.out.endswith("--from 2026-11-09 --to 2026-11-13 --reprocess failed\n")
    assert "backfill: 5 of 5, 1 failed" in told.err
    shown = services.tell("status", plan_id)
    assert "failed     1" in shown.out
    as_json = services.tell("status", plan_id, "--output", "json").json
    [not_done] = as_json["notDone"]
    assert (not_done["date"], not_done["fate"]) == ("2026-11-10", "failed")
    assert not_done["error"]["code"] == "orders_rejected"


@pytest.mark.parametrize(("error", "status"), [(REFUSED, 4)])
def test_where_all_failed_in_the_same_way_the_status_is_that_of_a_close(
    services: BackfillServices, error: BackendRefused, status: int
) -> None:
    plan_id = services.plan_id()
    services.office.backend.away = error

    assert services.tell("--yes", plan_id).status == status


def test_more_than_twenty_failures_are_not_all_listed(services: BackfillServices) -> None:
    plan = services.tell("--from", "2026-10-01", "--to", "2026-10-25", "--output", "json").json
    services.office.backend.away = REFUSED

    told = services.tell("--yes", plan["backfill"]["id"])

    assert "and 5 more: see --output json" in told.out


def test_stopped_by_a_signal_it_says_how_to_go_on(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.served = Served(143, None, leaves_threads=False)

    told = services.tell("--yes", plan_id)

    assert told.status == 143
    assert told.out == ""
    assert told.err.endswith(f"it goes on with:\n  aegis-batch backfill resume {plan_id}\n")
    services.served = Served(None, None, leaves_threads=False)
    assert services.tell("resume", plan_id).status == 0


def test_where_threads_are_left_the_process_is_ended(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.served = Served(143, None, leaves_threads=True)

    with pytest.raises(SystemExit):
        services.tell("--yes", plan_id)

    assert services.left == [143]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StateUnavailable("a", "Locked.", "Wait."), 7, "aegis-batch: Locked.\n  -> Wait.\n"),
        (KeyError("secret"), 70, "This is a defect of aegis-batch: KeyError"),
    ],
)
def test_what_broke_it_off_is_told_and_is_the_exit_status(
    services: BackfillServices, error: Exception, status: int, said: str
) -> None:
    plan_id = services.plan_id()
    services.served = Served(None, error, leaves_threads=False)

    told = services.tell("--yes", plan_id)

    assert told.status == status
    assert said in told.err
    assert "secret" not in told.err


def test_a_state_that_can_not_be_held_for_another_reason_is_told(
    services: BackfillServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = services.plan_id()
    locked = StateUnavailable("state_lock_failed", "No space.", "Make some.")
    monkeypatch.setattr("tests.unit.adapters.inbound.cli.test_backfill.IN_USE", locked)
    services.is_served = True

    assert services.tell("--yes", plan_id).status == 7


def test_where_a_process_serves_it_follows_that_one_to_the_end(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.is_served = True
    services.at_each_look = services.office.work

    told = services.tell("--yes", plan_id, "--output", "json")

    assert told.status == 0
    assert json.loads(told.out)["backfill"]["done"] == 5
    assert told.err.startswith("aegis-batch: the process that serves this state carries it out")
    assert told.err.endswith("backfill: 0 of 5\nbackfill: 5 of 5\n")


def test_what_is_handed_over_is_followed_to_its_end(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.hands_over = True

    told = services.tell("--yes", plan_id, "--output", "json")

    assert told.status == 0
    assert json.loads(told.out)["backfill"]["done"] == 5
    assert "a process begins to serve this state, and goes on with it" in told.err
    assert services.begun_anew == []


def test_what_is_handed_over_with_threads_left_begins_anew_and_follows(
    services: BackfillServices,
) -> None:
    plan_id = services.plan_id()
    services.hands_over = True
    services.served = replace(services.served, leaves_threads=True)

    with pytest.raises(SystemExit):
        services.tell("--yes", plan_id, "--output", "json")

    assert services.begun_anew == [["backfill", "--yes", plan_id, "--output", "json"]]
    assert services.left == []


def test_the_status_says_where_no_process_carries_out_what_is_to_go_on(
    services: BackfillServices,
) -> None:
    plan_id = services.plan_id()
    services.office.planning.start(plan_id, "ana")

    for arguments in (("status",), ("status", plan_id)):
        services.is_served = False
        assert services.tell(*arguments).out.endswith(
            "no process carries it out. To go on, start aegis-batch serve, or:"
            f"\n  aegis-batch backfill resume {plan_id}\n"
        )
        services.is_served = True
        assert "no process" not in services.tell(*arguments).out


def test_where_nobody_serves_any_more_it_says_how_to_go_on(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.is_served = True

    def end() -> None:
        services.is_served = False
        services.clock.advance(timedelta(seconds=61))

    services.at_each_look = end

    told = services.tell("--yes", plan_id)

    assert told.status == 8
    assert f"aegis-batch backfill resume {plan_id}" in told.err


def test_a_signal_ends_the_following_and_not_what_is_followed(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.is_served = True
    services.at_each_look = lambda: os.kill(os.getpid(), signal.SIGINT)

    told = services.tell("--yes", plan_id)

    assert told.status == 130
    assert f"aegis-batch backfill status {plan_id}" in told.err
    assert services.office.backfills.progress(plan_id).backfill.state == "running"


def test_cancelled_it_is_told_and_resumed_it_is_done(services: BackfillServices) -> None:
    plan_id = services.plan_id()
    services.office.planning.start(plan_id, "ana")

    cancelled = services.tell("cancel", plan_id, "--reason", "not now")
    again = services.tell("cancel", plan_id, "--reason", "not now", "--output", "json").json

    assert cancelled.status == 0
    assert "was cancelled: 0 of 5 days done." in cancelled.out
    assert f"To go on: aegis-batch backfill resume {plan_id}" in cancelled.out
    assert again["backfill"]["state"] == "cancelled"
    resumed = services.tell("resume", plan_id)
    assert resumed.status == 0
    assert "5 of 5 days done" in resumed.out


def test_backfills_are_listed_the_last_planned_first(services: BackfillServices) -> None:
    assert services.tell("status").out == "None was planned yet.\n"
    first = services.plan_id()
    services.clock.advance(timedelta(minutes=1))
    last = services.plan_id()

    lines = services.tell("status").out.splitlines()
    told = services.tell("status", "--limit", "1", "--output", "json").json

    assert [line.rpartition(" ")[2] for line in lines[1:]] == [last, first]
    assert [backfill["id"] for backfill in told["backfills"]] == [last]
    assert told["limit"] == 1


def test_one_backfill_is_shown_with_how_to_start_it_and_what_waits(
    services: BackfillServices,
) -> None:
    plan_id = services.plan_id()
    planned = services.tell("status", plan_id)
    assert f"To start it: aegis-batch backfill --yes {plan_id}" in planned.out
    assert "started" not in planned.out
    services.office.planning.start(plan_id, "ana")
    services.office.backend.away = AWAY
    services.office.work()

    shown = services.tell("status", plan_id)

    assert "waiting    5 to be tried again" in shown.out
    assert "started    2026-11-21 15:00:00 UTC" in shown.out
    assert services.tell("status", "nothing").status == 2


def test_a_rehearsal_is_a_table_or_csv_or_json(services: BackfillServices) -> None:
    services.orders_of(an_order("2026-11-09", "12.5"))
    wanted = ("--dry-run", "--from", "2026-11-09", "--to", "2026-11-10")

    table = services.tell(*wanted)
    as_csv = services.tell(*wanted, "--output", "csv")
    as_json = json.loads(services.tell(*wanted, "--output", "json").out)

    assert table.status == 0
    shown = table.out.splitlines()[1].split()
    assert " ".join(shown) == "2026-11-09 1 12.50 1 Tea, green - not there dry_run"
    assert table.err == "rehearsal: 1 of 2\nrehearsal: 2 of 2\n"
    assert as_csv.out == (
        "date,orders,revenue,items,top_item,warnings,backend,outcome\n"
        '2026-11-09,1,12.50,1,"Tea, green",,not there,dry_run\n'
        "2026-11-10,0,0.00,0,,,not there,dry_run\n"
    )
    assert [day["report"]["totalRevenue"] for day in as_json["days"]] == [12.5, 0.0]
    assert services.office.backend.stored == {}


def test_csv_of_a_rehearsal_holds_no_formula(services: BackfillServices) -> None:
    services.orders_of(an_order("2026-11-09", "12.5", "=1+2"))

    told = services.tell(
        "--dry-run", "--from", "2026-11-09", "--to", "2026-11-09", "--output", "csv"
    )

    assert told.out.endswith("\n2026-11-09,1,12.50,1,'=1+2,,not there,dry_run\n")


@pytest.mark.parametrize(("kind", "first"), [("week", "2026-11-09"), ("month", "2026-10-01")])
def test_a_rehearsal_of_weeks_or_months_names_them_in_its_heading(
    services: BackfillServices, kind: str, first: str
) -> None:
    wanted = ("--dry-run", "--period", kind, "--from", first, "--to", first)

    table = services.tell(*wanted).out.splitlines()
    as_csv = services.tell(*wanted, "--output", "csv").out.splitlines()
    as_json = json.loads(services.tell(*wanted, "--output", "json").out)

    assert (table[0].split()[0], table[1].split()[0]) == (kind, first)
    assert as_csv == [
        f"{kind},orders,revenue,items,top_item,warnings,backend,outcome",
        f"{first},0,0.00,0,,,not there,dry_run",
    ]
    assert (as_json["period"], as_json[f"{kind}s"][0]["date"]) == (kind, first)


def test_a_rehearsal_names_the_database_that_takes_the_reports(
    services: BackfillServices,
) -> None:
    services.office.close_by_hand(date(2026, 11, 9))
    services.office.backend.can_replace = True
    services.orders_of(an_order("2026-11-09", "5"))

    wanted = ("--dry-run", "--from", "2026-11-09", "--to", "2026-11-09")
    told = services.tell(*wanted)
    [day] = json.loads(services.tell(*wanted, "--output", "json").out)["days"]

    assert "  reports' database  " in told.out.splitlines()[0]
    assert "differs" in told.out.splitlines()[1]
    assert "The reports' database holds a different report" in day["error"]["message"]
    assert "Backend" not in told.out + told.err


def test_a_rehearsal_with_rejected_days_or_a_conflict_says_so(services: BackfillServices) -> None:
    services.office.close_by_hand(date(2026, 11, 9))
    services.orders_of(an_order("2026-11-09", "5"), an_order("2026-11-10", "-1"))

    told = services.tell("--dry-run", *RANGE)

    assert told.status == 3
    assert "differs" in told.out.splitlines()[1]
    assert "negative_total by 1" in told.out.splitlines()[2]
    assert "The orders break consistency rules" in told.err


class Unreadable(InMemoryOrderReader):
    """Orders that nobody can read."""

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        told = f"Nobody reads {window.day} of {tenant} within {tolerance}."
        raise OrdersUnreachable("unreachable", told, "Try again later.")


@pytest.mark.parametrize(
    ("orders", "outcome", "status"),
    [
        (InMemoryOrderReader([an_order("2026-11-09", "-1")]), "rejected", 3),
        (Unreadable([]), "unreadable", 6),
    ],
)
def test_a_report_that_nothing_was_compared_with_is_not_said_to_be_equal(
    services: BackfillServices, orders: InMemoryOrderReader, outcome: str, status: int
) -> None:
    services.office.close_by_hand(date(2026, 11, 9))
    services.office.orders = orders
    services.office.restart()
    wanted = ("--dry-run", "--from", "2026-11-09", "--to", "2026-11-09", "--output")

    [day] = json.loads(services.tell(*wanted, "json").out)["days"]
    as_csv = services.tell(*wanted, "csv")

    assert as_csv.status == status
    assert (day["outcome"], day["report"]) == (outcome, None)
    assert day["backend"] == "there, not compared"
    assert as_csv.out.endswith(f',"there, not compared",{outcome}\n')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2026-11-09"], "give the range"),
        (["--to", "2026-11-09"], "give the range"),
        (["--yes", "x", "--from", "2026-11-09"], "--yes goes with --output alone"),
        (["--from", "2026-11-09", "status"], "options go behind the command"),
        ([*RANGE, "--output", "csv"], "csv goes with --dry-run"),
        ([*RANGE, "--max-active", "0"], "0 is not in the range"),
        (["--yes", "nothing"], "There is no backfill nothing"),
        (["--yes", ""], "There is no backfill without an id."),
        ([*RANGE, "--dry-run", "--reprocess", "none"], "mean nothing with --dry-run"),
        ([*RANGE, "--dry-run", "--max-active", "1"], "mean nothing with --dry-run"),
        (["cancel", "nothing", "--reason", "x"], "There is no backfill nothing"),
        (["--from", "2026-11-20", "--to", "2026-11-21"], "2026-11-21 has not ended"),
    ],
)
def test_what_makes_no_sense_is_refused(
    services: BackfillServices, arguments: list[str], words: str
) -> None:
    told = services.tell(*arguments)

    assert told.status == 2
    assert words in told.err
    assert services.office.clock.now() == NOON
