"""Assistify: the conversation server of an online shop."""

__version__ = "0.1.0"
