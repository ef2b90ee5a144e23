"""What the ports need."""
