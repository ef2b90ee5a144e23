"""What makes parts of the project out of other parts."""
