"""What is raised where a law is broken."""

__all__ = ["BrokenLawError"]


class BrokenLawError(BaseException):
    """A law is broken: the program, or the simulation, has a defect.

    The program must not catch it as a defect of the attempt that goes on.
    """
