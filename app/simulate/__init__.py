"""Vendors on the loopback: stand-ins of their send APIs, and the signed events they would post.

Built from the vendors' documents and knowing nothing of the clients in app/channels, so that the two check each other.
"""
