"""What the ports need: databases, HTTP, clocks, logs, and their in-memory twins."""
