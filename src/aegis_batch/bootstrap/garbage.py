"""Python's collector of garbage, kept from looking where there is none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["garbage_left_alone"]


@contextmanager
def garbage_left_alone() -> Iterator[None]:
    """Leave garbage alone while modules are imported, and never look at what is there by then.

    Modules stay as long as the process does, but there are so many objects in them that looking
    through them again and again takes a tenth of a small day's close. What is there is set aside
    the first time only: later the modules are in already, and real garbage would stay for good.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
        if was_enabled:
            gc.enable()
