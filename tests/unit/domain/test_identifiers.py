"""Names as SQL writes them."""

import pytest

from aegis_batch.domain.identifiers import quoted, quoted_path


@pytest.mark.parametrize("name", ["orders", "order_items", "_x9"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert quoted(name) == name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Order", '"Order"'),
        ("order", '"order"'),
        ("user", '"user"'),
        ("order items", '"order items"'),
        ("9lives", '"9lives"'),
        ('a"b', '"a""b"'),
        ("açaí", '"açaí"'),
        ("a; DROP TABLE x", '"a; DROP TABLE x"'),
    ],
)
def test_any_other_name_is_quoted(name: str, written: str) -> None:
    assert quoted(name) == written


def test_a_path_leaves_out_what_is_not_known() -> None:
    assert quoted_path("Sales", "orders") == '"Sales".orders'
    assert quoted_path(None, "orders") == "orders"
