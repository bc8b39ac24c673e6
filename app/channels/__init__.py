"""Channels: what vendors send and take, and nothing of the database or the use cases."""
