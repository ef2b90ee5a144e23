"""The body of a report as the contract has it, and nothing beside it.

Source: the schema ``Report`` of ``contract/backend.yaml``.
"""

import json
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

__all__ = ["InvalidReport", "NotJson", "ReportPayload", "parse_date", "parse_payload"]

# Of a number, before and after its point; more can be written in a few bytes, but not stored.
_DIGITS_MAX = 4_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class NotJson(Exception):  # noqa: N818 - it is an answer rather than an error
    """The body is no JSON."""


class InvalidReport(Exception):  # noqa: N818 - it is an answer rather than an error
    """The body is JSON but no report; ``faults`` names each field and what it must be."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        """Take pairs of a field and a sentence; neither repeats what was sent."""
        super().__init__(faults)
        self.faults = faults


def parse_date(text: str) -> date:
    """Return the date that ``YYYY-MM-DD`` names; ``ValueError`` for all else."""
    if not _DATE.fullmatch(text):
        raise ValueError("Must be a date, YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("Must be a day that the calendar has") from None


def _as_date(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("Must be a date, YYYY-MM-DD")  # noqa: TRY004 - pydantic's way
    return parse_date(value)


def _within_bounds(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    if number.adjusted() > _DIGITS_MAX or (isinstance(exponent, int) and exponent < -_DIGITS_MAX):
        raise ValueError(f"Must have {_DIGITS_MAX} digits at most on either side of the point")
    return number


def _as_whole(number: Decimal) -> int:
    # JSON Schema counts 128.0 among the integers.
    if number != number.to_integral_value():
        raise ValueError("Must be a whole number")
    return int(number)


_Number = Annotated[Decimal, AfterValidator(_within_bounds)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, validate_by_name=False
    )


class _Item(_Strict):
    name: Annotated[str, StringConstraints(min_length=1)]
    qty: Annotated[_Number, Field(ge=1), AfterValidator(_as_whole)]


class ReportPayload(_Strict):
    """A report as it was sent: the revenue keeps its digits, ``24560.50``."""

    report_date: Annotated[date, BeforeValidator(_as_date)]
    total_orders: Annotated[_Number, Field(ge=0), AfterValidator(_as_whole)]
    total_revenue: _Number
    top_items: Annotated[list[_Item], Field(max_length=100)]

    def as_json(self) -> str:
        """Return the report as JSON, every number with the digits that it came with."""
        items = ",".join(
            f'{{"name":{json.dumps(item.name, ensure_ascii=False)},"qty":{item.qty}}}'
            for item in self.top_items
        )
        return (
            f'{{"reportDate":"{self.report_date.isoformat()}","totalOrders":{self.total_orders},'
            f'"totalRevenue":{self.total_revenue},"topItems":[{items}]}}'
        )


def parse_payload(body: bytes) -> ReportPayload:
    """Return the report that a body holds; raises ``NotJson`` and ``InvalidReport``."""
    try:
        content = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError, InvalidOperation):
        raise NotJson from None
    try:
        return ReportPayload.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        faults = tuple((_field(fault["loc"]), fault["msg"]) for fault in details)
        raise InvalidReport(faults) from None


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and the infinities are no JSON.


def _field(location: Iterable[int | str]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".") or "(the whole body)"
