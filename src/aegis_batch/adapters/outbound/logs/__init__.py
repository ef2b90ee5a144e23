"""Events and diagnostics as log lines."""
