"""The only place that knows everything: settings, wiring, telemetry."""
