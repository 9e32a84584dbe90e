"""Shared by every test; kept small, so that a test can be read on its own."""
