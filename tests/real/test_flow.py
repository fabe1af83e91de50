"""The shared suite on Apache Kafka and Apicurio Registry."""

from __future__ import annotations

from tests.suite.flow import FlowSuite


class TestReal(FlowSuite):
    pass
