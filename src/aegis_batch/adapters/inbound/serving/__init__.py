"""What drives a process that serves: its loop, its threads, and how it stops."""
