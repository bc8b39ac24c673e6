"""Measurements that need other programs: not part of the installed packages."""
