"""A seal that is checked on another Python gives the same bytes there."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.other_python import ask_other_python
from tests.integration.pizza_place import orders_of
from tests.integration.seals_anywhere import answer

_KEPT = Path(__file__).parents[1] / "data" / "kept_seals.json"
_BUSIEST = date(2015, 11, 26)
_SHORTEST, _LONGEST = date(2015, 3, 8), date(2015, 11, 1)
_WEEK = [_LONGEST - timedelta(days=behind) for behind in reversed(range(7))]
# A mark that came with Unicode 16: before, nobody knew that it stands after one from below.
_NEW_MARK = "\u0897"
_MARKED_IN = (16, 0, 0)
_NEWLY_ORDERED = f"na{_NEW_MARK}\u0316n"


def _day(  # noqa: PLR0913 - what a day of some shop is made of
    tenant: str,
    zone: str,
    first_day: date,
    orders: list[dict[str, Any]],
    *,
    day_start: str = "00:00",
    kind: str = "day",
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "zone": zone,
        "dayStart": day_start,
        "kind": kind,
        "firstDay": first_day.isoformat(),
        "orders": orders,
    }


def _sold(*lines: tuple[str, str, str], total: str | None = None) -> dict[str, Any]:
    return {"id": lines[0][0], "lines": lines} | ({} if total is None else {"total": total})


def _pizzas(days: list[date]) -> list[dict[str, Any]]:
    return [{"id": number, "lines": lines} for number, lines in orders_of(days).items()]


def _days() -> list[dict[str, Any]]:
    pizzas = ("pizza place", "America/New_York")
    names = [
        # Each of these pairs is one name.
        ("Pa\u0303o de queijo", "P\u00e3o de queijo"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("a\u0307\u0323", "\u1ea1\u0307"),
        ("\u212bl", "\u00c5l"),
        ("\u0958", "\u0915\u093c"),
        # These are two, and UTF-16 would have them in the other order.
        ("\U0001f355", "\uff5e"),
        ('"\\\u2028\x7f', "\u200f\u05e2\u05d5\u05d2\u05d4"),
    ]
    named = [_sold(*((name, "1", "0.10") for name in pair)) for pair in names]
    huge = [
        _sold(("Tea", "12345678901234567890.5", "1"), total="98765432109876543210987654321.015"),
        _sold(("Coffee", "1E+40", "0.1"), total="1E+30"),
        _sold(("Sugar", "3.00", "0.0050"), total="-0.01"),
    ]
    halves = [_sold(("Rice", "1", "0.125")), _sold(("Rice", "1", "2.000"))]
    return [
        _day(*pizzas, _SHORTEST, _pizzas([_SHORTEST])),
        _day(*pizzas, _LONGEST, _pizzas([_LONGEST])),
        _day(*pizzas, _WEEK[0], _pizzas(_WEEK), kind="week"),
        _day(*pizzas, _BUSIEST, _pizzas([_BUSIEST]), day_start="02:30"),
        # No midnight; a midnight twice; a day that never was; half an hour more.
        _day("padaria", "America/Sao_Paulo", date(2018, 11, 4), named),
        _day("padaria", "America/Sao_Paulo", date(2018, 2, 18), huge),
        _day("fale koko", "Pacific/Apia", date(2011, 12, 30), []),
        _day("island", "Australia/Lord_Howe", date(2019, 4, 7), halves, day_start="01:45"),
    ]


def _odd_day() -> dict[str, Any]:
    return _day("new marks", "Asia/Tokyo", date(2026, 1, 1), [_sold((_NEWLY_ORDERED, "2", "1"))])


def _ask(
    days: list[dict[str, Any]],
    kept: list[dict[str, Any]],
    chain: list[dict[str, Any]],
) -> str:
    return json.dumps({"days": days, "kept": kept, "chain": chain})


def _answer_of(told: str) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(told)
    return answered


def _rows(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "body"} for row in links]


def _kept() -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = json.loads(_KEPT.read_text(encoding="utf-8"))
    return kept


def _tampered() -> list[dict[str, Any]]:
    """Return the kept chains, with one order more in the second link of one of them."""
    chain = _kept()
    link = next(row for row in chain if (row["tenant"], row["number"]) == ("padaria", 2))
    link["content"] = link["content"].replace('"orders":3', '"orders":4')
    return chain


def test_another_python_seals_the_same_bytes_and_finds_true_and_broken_links_as_this_one_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # One test, since the other Python takes seconds to begin.
    days = [_odd_day(), *_days()]
    here = _answer_of(answer(_ask(days, [], _tampered())))
    sealed_here = _rows(here["links"][:1])
    there = _answer_of(ask_other_python(_ask(days, [*sealed_here, *_kept()], _tampered())))
    back = _answer_of(answer(_ask(days[:1], _rows(there["links"][:1]), [])))

    pythons = [f"{each['machine']}, Python {each['version']}" for each in (here, there)]
    with capsys.disabled():
        print(f"\n{' and '.join(pythons)}")  # noqa: T201 - which two it were is the point
    assert here["version"] == list(sys.version_info[:3])
    assert there["version"] != here["version"], "run the tests on another Python than pyodide's"
    _are_the_same_bytes(here, there)
    assert there["broken"] == here["broken"] == [["padaria", 2, "digest"]]
    _is_no_change_to_the_newer_unicode(here, there, back)


def _are_the_same_bytes(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert there["links"][1:] == here["links"][1:]
    assert _rows(there["links"][1:]) == _kept()
    assert there["changed"][1:] == [[] for _ in _kept()]


def _is_no_change_to_the_newer_unicode(
    here: dict[str, Any], there: dict[str, Any], back: dict[str, Any]
) -> None:
    """See what comes of a name that the Unicode of one may order and the other's can't.

    ``back`` is what this Python finds beside what the other one has sealed.
    """
    versions = [_version(each["unicode"]) for each in (here, there)]
    knows_the_mark = [version >= _MARKED_IN for version in versions]
    newer = there if versions[1] >= versions[0] else back

    assert newer["changed"][0] == []
    is_same = there["links"][0]["body"] == here["links"][0]["body"]
    assert is_same == (knows_the_mark[0] == knows_the_mark[1])


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
