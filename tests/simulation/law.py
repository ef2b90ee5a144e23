"""What is raised where a law is broken."""

__all__ = ["BrokenLawError"]


class BrokenLawError(AssertionError):
    """A law is broken: the program, or the simulation, has a defect."""
