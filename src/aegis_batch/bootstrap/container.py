"""The wiring: the only module that imports dependency-injector."""

from dependency_injector import containers


class Container(containers.DeclarativeContainer):
    """Knows how each part is built, and builds none until asked."""
