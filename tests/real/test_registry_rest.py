"""The table of questions and answers, on Apicurio."""

from __future__ import annotations

import pytest

from pyevents.dev.real.apicurio import RealRegistry
from tests.suite.rest import APICURIO, RestSuite


class TestApicurio(RestSuite):
    differences = APICURIO

    @pytest.fixture
    def registry_address(self, real_registry: RealRegistry) -> str:
        return real_registry.url
