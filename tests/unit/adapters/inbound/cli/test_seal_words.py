"""What a seal says, in words."""

from dataclasses import replace
from decimal import Decimal

from aegis_batch.adapters.inbound.cli.seal_words import origin, what_was_read
from tests.unit.adapters.inbound.cli.test_prove import LINK

SEAL = LINK.sealed.seal
DIGEST = "sha256:" + "0f" * 32


def test_all_counts_have_their_thousands_set_apart() -> None:
    seal = replace(
        SEAL, orders_read=1_491, lines_read=1_159, items_sold=Decimal(1186), distinct_items=32
    )

    assert what_was_read(seal) == "1,491 orders, 1,159 lines, 1,186 items of 32 kinds"


def test_one_of_each_is_one() -> None:
    seal = replace(SEAL, orders_read=1, lines_read=1, items_sold=Decimal("1.0"), distinct_items=1)

    assert what_was_read(seal) == "1 order, 1 line, 1 item of 1 kind"


def test_what_was_merged_came_from_seals_and_not_from_a_snapshot() -> None:
    merged = replace(SEAL, snapshot=f"merged from 7 seals {DIGEST}")

    assert origin(merged) == f"the seals of its 7 days, {DIGEST}"
    assert origin(replace(SEAL, snapshot="1:2:")) == "snapshot 1:2:"
