"""What a close costs, beside other ways to the same figures, measured in one run."""
