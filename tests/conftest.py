"""What all tests share: property tests try the same inputs everywhere, so that CI says what we saw.

Wilder input is `make fuzz`'s work; a new seed for one run: `pytest --hypothesis-profile=default`.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")
