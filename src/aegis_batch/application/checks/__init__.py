"""What a checkup makes of what it finds: pure functions from facts to checks, one topic a file."""
