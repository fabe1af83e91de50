"""What an import brings along."""

from __future__ import annotations

import subprocess
import sys


def test_import_of_the_package_brings_no_heavy_module() -> None:
    heavy = ("confluent_kafka", "fastavro", "click", "rich", "jsonschema_rs")
    code = f"import sys, pyevents; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_import_of_the_producer_leaves_fastavro_and_the_registry_client_for_later() -> None:
    later = ("confluent_kafka.schema_registry", "fastavro")
    code = (
        "import sys; from pyevents import RobustKafkaProducer, KafkaConsumer;"
        f"print([name for name in {later!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
