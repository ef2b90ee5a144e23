"""The user that a process runs as."""

from dataclasses import dataclass

__all__ = ["Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """The user and the group that a process runs as; ``None`` is the present one."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """The groups beside it: none for another user."""
        return None if self.user is None else []
