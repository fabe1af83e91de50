"""The registry commands on Apicurio."""

from __future__ import annotations

import pytest

from pyevents.dev.real.apicurio import RealRegistry
from tests.suite.registry import RegistrySuite


class TestApicurio(RegistrySuite):
    @pytest.fixture
    def registry_address(self, real_registry: RealRegistry) -> str:
        return real_registry.url
