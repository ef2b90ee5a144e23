"""The alerts, as Prometheus itself checks and tests them."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from tests.unit.deploy.files import DEPLOY

_FOLDER = DEPLOY / "prometheus"


def promtool(*arguments: str, folder: Path = _FOLDER) -> subprocess.CompletedProcess[str]:
    """Run promtool in the folder of the alerts, or of a copy of them."""
    # Whoever runs these without `make test-system` is told by an error, too.
    program = which("promtool")
    assert program is not None, "promtool is missing: apt-get install prometheus"
    return subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_rule_can_be_read() -> None:
    ended = promtool("check", "rules", "alerts.yml")
    assert ended.returncode == 0, ended.stderr
    assert "SUCCESS: 16 rules found" in ended.stdout


def test_prometheus_takes_its_settings_with_the_alerts() -> None:
    ended = promtool("check", "config", "prometheus.yml")
    assert ended.returncode == 0, ended.stderr
    assert "SUCCESS: 1 rule files found" in ended.stdout


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    ended = promtool("test", "rules", "alerts_test.yml")
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr


@pytest.mark.parametrize(
    ("alert", "threshold"),
    [
        ("JobFailureRateHigh", (r"> 0\.1$", "> 0.05")),
        ("SchedulerDown", (r"> 120$", "> 30")),
        ("JobQueueTooLong", (r"> 1000$", "> 999")),
        ("CloseMissed", (r"> 26 \* 3600$", "> 20 * 3600")),
    ],
)
def test_a_threshold_that_is_moved_is_noticed(
    tmp_path: Path, alert: str, threshold: tuple[str, str]
) -> None:
    rules = (_FOLDER / "alerts.yml").read_text(encoding="utf-8")
    moved = re.sub(*threshold, rules, flags=re.MULTILINE)
    assert moved != rules
    (tmp_path / "alerts.yml").write_text(moved)
    (tmp_path / "alerts_test.yml").write_bytes((_FOLDER / "alerts_test.yml").read_bytes())

    ended = promtool("test", "rules", "alerts_test.yml", folder=tmp_path)

    assert ended.returncode != 0
    assert f"alertname: {alert}" in ended.stdout + ended.stderr
