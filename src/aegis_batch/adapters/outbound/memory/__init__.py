"""In-memory twins of every port, for tests and for work without any server."""
