"""What a close is: pure Python, standard library alone."""
