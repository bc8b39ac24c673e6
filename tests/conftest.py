"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, which may be busy, and nothing about the code.
settings.register_profile("assistify", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("assistify")
