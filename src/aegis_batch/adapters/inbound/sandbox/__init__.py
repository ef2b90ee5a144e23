"""A stand-in for the Backend, for work without one."""
