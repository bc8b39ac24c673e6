"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, which may be busy, and nothing about the code.
settings.register_profile("assistify", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("assistify")

# A console takes its width when it is made, which is once in a process: the same whichever test comes first.
os.environ["COLUMNS"] = "200"
