"""Time, chance, time zones and versions of the machine that runs the program."""
