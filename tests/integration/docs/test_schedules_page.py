"""The page about schedules: its example is a file that the program takes."""

import re
from datetime import timedelta
from pathlib import Path

from aegis_batch.bootstrap.schedules_file import read_schedules

_PAGE = Path(__file__).parents[3] / "docs" / "schedules.md"


def test_the_example_is_a_file_of_schedules(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "schedules.toml"
    path.write_text(example, encoding="utf-8")

    found = read_schedules(path, "America/Sao_Paulo", timedelta(days=7), ("daily-close",))

    assert [schedule.name for schedule in found] == ["noon", "watch", "after-the-move"]
