"""A registry that is asked without a network."""

from __future__ import annotations

import pytest

from tests.unit.dev.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
