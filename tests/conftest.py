"""Fixtures that more than one test file needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.settings import Settings


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """The real user cache, where packaged models are unpacked once and kept."""
    return Settings().cache
