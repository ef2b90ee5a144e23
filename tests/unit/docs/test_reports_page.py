"""docs/reports.md: everything that its example claims, computed again."""

import hashlib
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from aegis_batch.adapters.outbound.memory.order_reader import JsonOrderReader
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.consistency import Action, Finding, Rule, Rules
from aegis_batch.domain.report import Report
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals
from tests.unit.docs.pages import blocks, read_page

PAGE = read_page("docs/reports.md")
BODY, ORDERS = blocks(PAGE, "json")
DAY = date(2026, 11, 21)


def window() -> Window:
    """Return the window of the example."""
    return Calendar(load_zone("America/Sao_Paulo"), "America/Sao_Paulo").window(DAY)


def totals(folder: Path) -> Totals:
    """Return what the orders of the example add up to."""
    path = folder / "orders.json"
    path.write_text(ORDERS, encoding="utf-8")
    return Totals.sum(JsonOrderReader(path).read(SINGLE, window(), Decimal(0)).parts)


def test_the_body_is_what_the_orders_give(tmp_path: Path) -> None:
    report = Report.derive(DAY, totals(tmp_path), top_items_max=10, currency_decimals=2)
    assert report.body().decode() == BODY.rstrip("\n")


def test_the_revenue_lies_between_two_cents_before_it_is_rounded(tmp_path: Path) -> None:
    (said,) = re.findall(r"add up to ([\d.]+),", PAGE)
    assert totals(tmp_path).revenue == Decimal(said)
    half = Decimal("0.005")
    below, above = (f"{Decimal(said) + part:.2f}" for part in (-half, half))
    assert f"between {below} and {above}" in PAGE


def test_the_window_is_the_one_named() -> None:
    said = f"{window().start:%Y-%m-%d %H:%M} to {window().end:%Y-%m-%d %H:%M} UTC"
    assert said in PAGE


def test_the_digests_are_those_of_the_close_and_of_the_text_beside_them(tmp_path: Path) -> None:
    made = totals(tmp_path)
    report = Report.derive(DAY, made, top_items_max=10, currency_decimals=2)
    shown = [
        re.fullmatch(r"printf %s '(.*)' \| sha256sum\n([0-9a-f]{64})  -\n", block)
        for block in blocks(PAGE, "")
    ]
    texts = [match.groups() for match in shown if match]
    assert len(texts) == 2
    for text, digest in texts:
        assert hashlib.sha256(text.encode()).hexdigest() == digest
    assert [f"sha256:{digest}" for _, digest in texts] == [report.digest(), made.digest()]


def test_order_19_breaks_the_rule_that_the_page_names(tmp_path: Path) -> None:
    (violation,) = Rules().judge(totals(tmp_path).tallies)
    assert violation.rule is Rule.LINE_TOTAL_MISMATCH
    assert violation.action is Action.WARN
    assert violation.orders == ("19",)


def test_the_table_of_rules_has_every_rule_with_its_default() -> None:
    rows = {
        name: action
        for name, action in re.findall(r"^\| `(\w+)` \| .* \| ([\w ]+) \|$", PAGE, re.MULTILINE)
        if name in set(Rule)
    }
    assert list(rows) == list(Rule)
    for rule in Rule:
        action = Rules().action_for(next(f for f in Finding if f.rule is rule))
        assert rows[rule] == (action if Rules.can_override(rule) else f"always {action}")
