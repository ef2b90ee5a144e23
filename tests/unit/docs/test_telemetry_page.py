"""docs/telemetry.md: the events that serve logs, and what it gives to paste into an alarm."""

import re
from pathlib import Path

import aegis_batch
from aegis_batch.domain import breaker_events, events, executor_events, job_events, tenant_events
from aegis_batch.domain.events import Event
from tests.unit.docs.pages import blocks, read_page

PAGE = read_page("docs/telemetry.md")
SERVING = PAGE.partition("## What serve logs")[2].partition("\n## ")[0]
NAMED = {
    name
    for row in re.findall(r"^\| (`.+?) \|", SERVING, re.MULTILINE)
    for name in re.findall(r"`([\w.]+)`", row)
}
LOGGED = {
    name
    for path in Path(str(aegis_batch.__path__[0])).rglob("*.py")
    for name in re.findall(r'event="(\w+\.\w+)"', path.read_text(encoding="utf-8"))
}
TOLD = {
    kind.name
    for module in (breaker_events, events, executor_events, job_events, tenant_events)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and "name" in vars(kind)
}


def test_every_event_on_the_page_is_one_that_the_program_logs() -> None:
    assert NAMED
    assert NAMED <= LOGGED | TOLD


def test_everything_that_serve_logs_beside_what_happens_in_runs_is_on_the_page() -> None:
    assert {name for name in LOGGED if name != "setting.unknown"} <= {
        *NAMED,
        *re.findall(r"`(telemetry\.\w+)`", PAGE),
    }


def test_the_alarm_about_time_also_fires_where_there_is_no_time_to_compare() -> None:
    (alarm,) = (block for block in blocks(PAGE, "") if "max_over_time" in block)

    (seen,) = re.findall(r"\bmax_over_time\((\w+\[\w+\])\)", alarm)

    assert re.search(rf"\bor absent_over_time\({re.escape(seen)}\)$", alarm.rstrip())
    assert f"| `{seen.partition('[')[0]}` | gauge |" in PAGE


def test_a_step_that_failed_is_said_to_carry_its_code() -> None:
    spans = PAGE.partition("\n## Spans\n")[2].partition("\n## ")[0]

    assert "A step that failed has that code as `aegis.code`" in spans
