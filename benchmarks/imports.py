"""What an import costs, against `import confluent_kafka`: medians of ten fresh interpreters, interleaved."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

CODE = {
    "confluent_kafka_ms": "import confluent_kafka",
    "pyevents_ms": "import pyevents",
    "both_classes_ms": "from pyevents import KafkaConsumer, RobustKafkaProducer",
}


def once(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    rounds = [{name: once(code) for name, code in CODE.items()} for _ in range(11)][1:]
    medians = {name: statistics.median(one[name] for one in rounds) for name in CODE}
    ratios = {
        name.replace("_ms", "_ratio"): round(medians[name] / medians["confluent_kafka_ms"], 2)
        for name in ("pyevents_ms", "both_classes_ms")
    }
    print(json.dumps({name: round(value, 1) for name, value in medians.items()} | ratios))


if __name__ == "__main__":
    main()
