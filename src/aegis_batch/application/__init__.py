"""Use cases: what the program does, told in the domain's words."""
