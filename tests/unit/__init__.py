"""Tests that need no socket, no process and no clock."""
