"""Events as spans and metrics, sent to an OpenTelemetry collector.

Nothing here is imported where the environment names no collector: only ``variables`` is, and it
needs no library.
"""
