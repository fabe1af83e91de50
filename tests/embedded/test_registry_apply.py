"""The registry commands on the embedded registry."""

from __future__ import annotations

import pytest

from pyevents.dev.embedded import Embedded
from tests.suite.registry import RegistrySuite


class TestEmbeddedRegistry(RegistrySuite):
    @pytest.fixture
    def registry_address(self, embedded: Embedded) -> str:
        return embedded.registry_url
