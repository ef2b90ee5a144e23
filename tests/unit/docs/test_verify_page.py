"""The page on verifying explains every verdict, in the order of their weight."""

import re

from aegis_batch.domain.verification import Verdict
from tests.unit.docs.pages import read_page


def _verdicts(page: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)


def test_every_verdict_is_explained() -> None:
    assert _verdicts(read_page("docs/verify.md")) == [verdict.value for verdict in Verdict]


def test_every_verdict_but_equal_says_what_to_do() -> None:
    _, _, section = read_page("docs/operations.md").partition("\n## A closed day is off\n")
    section = section.partition("\n## ")[0]

    assert _verdicts(section) == [verdict.value for verdict in Verdict if verdict != "equal"]
