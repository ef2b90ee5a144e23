"""Translators between the world and the application."""
