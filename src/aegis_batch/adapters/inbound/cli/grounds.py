"""What stands in for the servers of others, on the command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DemoGround", "ServiceToken"]


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """The token that the stand-in Backend asks for, and the file that holds it, if one does.

    ``is_new`` where that file was made for it just now.
    """

    value: str = field(repr=False)
    file: Path | None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class DemoGround:
    """Two servers that are ready to close days of sample orders.

    ``environ`` has all settings of the demo; ``exports`` those that a person needs, and
    ``in_the_way`` the variables of the person's environment that would spoil them. No secret is in
    any of them. ``orders`` counts the sample orders. ``keep`` leaves the servers running.
    """

    folder: Path
    environ: Mapping[str, str]
    exports: Mapping[str, str]
    in_the_way: tuple[str, ...]
    database: str
    orders: int
    keep: Callable[[], None]
