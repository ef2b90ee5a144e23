"""Orders that hypothesis makes up: sound ones, and ones with everything wrong that can be."""

from decimal import Decimal

from hypothesis import strategies as st

from aegis_batch.domain.order import Order, OrderLine

__all__ = ["amounts", "any_orders", "names", "sound_orders"]

# Few names, in composed and decomposed forms of the same text, so that they meet often.
_NAMES = ("Caf\u00e9", "Cafe\u0301", "Soup", "soup", "\u00c5ngstr\u00f6m", "\u212bngstro\u0308m")


def names() -> st.SearchStrategy[str]:
    """Names that are not blank: a few that meet often, or any text that UTF-8 can hold."""
    anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    return st.sampled_from(_NAMES) | anything.map(lambda text: f"x{text}")


def amounts() -> st.SearchStrategy[Decimal]:
    """Amounts from zero: prices as they are, halves of a cent, and ones beyond 28 digits."""
    return st.one_of(
        st.decimals(min_value=0, max_value=10_000, places=2),
        st.integers(0, 10_000).map(lambda halves: Decimal(halves) / 200),
        st.integers(0, 9).map(lambda digit: Decimal(f"{10**30}.0{digit}")),
        st.sampled_from([Decimal("1e-20"), Decimal("0.00"), Decimal("1E+3")]),
    )


def _quantities() -> st.SearchStrategy[Decimal]:
    return st.integers(1, 20).map(Decimal) | st.sampled_from([Decimal("3.00"), Decimal(10**29 + 1)])


@st.composite
def sound_orders(draw: st.DrawFn, *, max_size: int = 8) -> list[Order]:
    """Orders that break no rule that rejects; their ids differ."""
    line = st.builds(OrderLine, names(), _quantities(), amounts())
    contents = st.tuples(amounts(), st.lists(line, max_size=4))
    return [
        Order(str(number), total, tuple(lines))
        for number, (total, lines) in enumerate(
            draw(st.lists(contents, max_size=max_size)), start=8
        )
    ]


def any_orders(*, max_size: int = 8) -> st.SearchStrategy[list[Order]]:
    """Orders of any kind: ids that repeat, and every number and name that a rule can find."""
    numbers = st.none() | st.sampled_from(
        [Decimal(text) for text in ("NaN", "Infinity", "-Infinity", "-1", "0", "0.5", "-0.001")]
    )
    line = st.builds(
        OrderLine,
        st.none() | st.sampled_from(["", " \t\n"]) | names(),
        numbers | _quantities(),
        numbers | amounts(),
    )
    order = st.builds(
        Order,
        st.integers(0, 15).map(str),
        numbers | amounts(),
        st.lists(line, max_size=3).map(tuple),
    )
    return st.lists(order, max_size=max_size)
