"""What the page on telemetry tells to paste into an alarm."""

import re

from tests.unit.docs.pages import blocks, read_page


def test_the_alarm_about_time_also_fires_where_there_is_no_time_to_compare() -> None:
    page = read_page("docs/telemetry.md")
    (alarm,) = (block for block in blocks(page, "") if "max_over_time" in block)

    (seen,) = re.findall(r"\bmax_over_time\((\w+\[\w+\])\)", alarm)

    assert re.search(rf"\bor absent_over_time\({re.escape(seen)}\)$", alarm.rstrip())
    assert f"| `{seen.partition('[')[0]}` | gauge |" in page


def test_a_step_that_failed_is_said_to_carry_its_code() -> None:
    spans = read_page("docs/telemetry.md").partition("\n## Spans\n")[2].partition("\n## ")[0]

    assert "A step that failed has that code as `aegis.code`" in spans
