"""Tests against real servers and real processes."""
