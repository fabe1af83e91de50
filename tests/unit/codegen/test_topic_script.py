"""The topic script creates what is missing, names what differs, waits with a limit, and may run again.

Here it meets a stand-in for Kafka's topic tool, because brokers of many sizes and ages are wanted; that it does the
same with the real tool on a real broker is shown in tests/real.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen.topicscript import topic_script

from .conftest import Spoilable

TOOL = f"""#!{sys.executable} -IS
import json, os, pathlib, sys
state = pathlib.Path(os.environ["STATE"])
broker = json.loads(state.read_text())
words = sys.argv[1:]
def after(option):
    return [words[at + 1] for at, word in enumerate(words) if word == option]
broker["asked"].append(words)
if broker["away"] > 0:
    broker["away"] -= 1
    state.write_text(json.dumps(broker))
    sys.exit("Timed out waiting for a node assignment")
topics = broker["topics"]
if "--create" in words:
    if int(after("--replication-factor")[0]) > broker["brokers"]:
        sys.exit("Replication factor is larger than available brokers")
    topics[after("--topic")[0]] = [after("--partitions")[0], after("--replication-factor")[0], ",".join(after("--config"))]
elif "--list" in words:
    print("\\n".join(topics))
else:
    for name, (partitions, replicas, configs) in topics.items():
        print(f"Topic: {{name}}\\tTopicId: x\\tPartitionCount: {{partitions}}\\tReplicationFactor: {{replicas}}\\tConfigs: {{configs}}")
        print(f"\\tTopic: {{name}}\\tPartition: 0\\tLeader: 1\\tReplicas: 1\\tIsr: 1")
state.write_text(json.dumps(broker))
"""


class Broker:
    """A stand-in for a broker and its topic tool, and the script to be run against it."""

    def __init__(self, folder: Path, script: str) -> None:
        self.state = folder / "broker.json"
        self.tool = folder / "bin" / "kafka-topics"
        self.script = folder / "create-topics.sh"
        self.tool.parent.mkdir()
        self.tool.write_text(TOOL)
        self.tool.chmod(0o755)
        self.script.write_text(script)
        self.set(topics={}, away=0, brokers=1, asked=[])

    def set(self, **values: Any) -> None:
        now = json.loads(self.state.read_text()) if self.state.exists() else {}
        self.state.write_text(json.dumps({**now, **values}))

    @property
    def topics(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads(self.state.read_text())["topics"]
        return found

    @property
    def asked(self) -> list[list[str]]:
        found: list[list[str]] = json.loads(self.state.read_text())["asked"]
        return found

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"PATH": f"{self.tool.parent}:{os.environ['PATH']}", "STATE": str(self.state), **environment}
        return subprocess.run(
            ["bash", str(self.script)], env=settings, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture
def broker(schemas: Spoilable, tmp_path: Path) -> Broker:
    return Broker(tmp_path, topic_script(schemas.load()))


DELETE = "cleanup.policy=delete,min.insync.replicas=1,retention.ms=604800000"
COMPACT = "cleanup.policy=compact,delete,min.insync.replicas=1,retention.ms=-1"


def test_missing_topics_are_created_as_topics_toml_says(broker: Broker) -> None:
    done = broker.run()
    assert done.returncode == 0, done.stderr
    assert broker.topics == {"email-commands": ["3", "1", COMPACT], "patient-events": ["3", "1", DELETE]}
    assert "All topics are as topics.toml says" in done.stdout


def test_second_run_creates_nothing_and_is_content(broker: Broker) -> None:
    broker.run()
    broker.set(asked=[])
    assert broker.run().returncode == 0
    assert [words for words in broker.asked if "--create" in words] == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (["5", "1", DELETE], "partitions is 5, wanted 3"),
        (["3", "2", DELETE], "replicas is 2, wanted 1"),
        (["3", "1", DELETE.replace("604800000", "60480000")], "retention.ms is 60480000, wanted 604800000"),
        (["3", "1", DELETE.replace("604800000", "6048000000")], "retention.ms is 6048000000, wanted 604800000"),
        (["3", "1", DELETE.replace("delete", "compact,delete")], "cleanup.policy is compact,delete, wanted delete"),
        (["3", "1", "cleanup.policy=delete,min.insync.replicas=1"], "retention.ms is not set, wanted 604800000"),
        (["3", "1", ""], "cleanup.policy is not set, wanted delete"),
    ],
)
def test_topic_that_differs_fails_loudly_and_is_left_alone(broker: Broker, found: list[str], told: str) -> None:
    broker.set(topics={"patient-events": found})
    done = broker.run()
    assert done.returncode == 1
    assert f"patient-events differs from topics.toml: {told}" in done.stderr
    assert broker.topics["patient-events"] == found
    assert "email-commands differs" not in done.stderr


def test_other_settings_and_topics_of_the_broker_are_no_difference(broker: Broker) -> None:
    broker.set(
        topics={
            "patient-events": ["3", "1", f"a.first=1,{DELETE},segment.bytes=1073741824"],
            "patient-events-old": ["9", "1", ""],
            "__consumer_offsets": ["50", "1", "cleanup.policy=compact"],
        }
    )
    assert broker.run().returncode == 0


def test_compacting_topic_that_should_also_delete_differs(broker: Broker) -> None:
    broker.set(topics={"email-commands": ["3", "1", COMPACT.replace("compact,delete", "compact")]})
    done = broker.run()
    assert "email-commands differs from topics.toml: cleanup.policy is compact, wanted compact,delete" in done.stderr


def test_environment_and_overrides_decide(broker: Broker) -> None:
    broker.set(brokers=5)
    assert broker.run(TOPIC_ENVIRONMENT="production").returncode == 0
    assert broker.topics["patient-events"] == ["3", "3", DELETE.replace("replicas=1", "replicas=2")]
    broker.set(topics={})
    assert broker.run(TOPIC_REPLICATION_FACTOR="5", TOPIC_MIN_INSYNC_REPLICAS="4").returncode == 0
    assert broker.topics["patient-events"] == ["3", "5", DELETE.replace("replicas=1", "replicas=4")]


def test_unknown_environment_is_wrong_use(broker: Broker) -> None:
    done = broker.run(TOPIC_ENVIRONMENT="staging")
    assert done.returncode == 2
    assert "no environment 'staging'; it has production" in done.stderr
    assert broker.asked == []


def test_topic_that_cannot_be_created_fails_loudly(broker: Broker) -> None:
    done = broker.run(TOPIC_ENVIRONMENT="production")
    assert done.returncode == 1
    assert "larger than available brokers" in done.stderr
    assert "patient-events could not be created" in done.stderr
    assert "patient-events does not exist" in done.stderr


def test_broker_that_comes_late_is_waited_for(broker: Broker) -> None:
    broker.set(away=2)
    assert broker.run().returncode == 0


def test_broker_that_never_comes_is_waited_for_with_a_limit(broker: Broker) -> None:
    broker.set(away=1000)
    done = broker.run(KAFKA_WAIT_SECONDS="1", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 2
    assert "Timed out waiting for a node assignment" in done.stderr
    assert "No Kafka answered at 127.0.0.1:1 within 1 seconds" in done.stderr


def test_address_and_security_reach_the_tool(broker: Broker) -> None:
    broker.run(KAFKA_BOOTSTRAP_SERVERS="broker:1", KAFKA_COMMAND_CONFIG="/etc/client with space.properties")
    expected = ["--bootstrap-server", "broker:1", "--command-config", "/etc/client with space.properties"]
    assert all(words[:4] == expected for words in broker.asked)


def test_tool_may_be_named(broker: Broker) -> None:
    named = broker.tool.rename(broker.tool.with_name("my topics.sh"))
    assert broker.run(KAFKA_TOPICS=str(named)).returncode == 0


def test_missing_tool_is_wrong_use(broker: Broker) -> None:
    broker.tool.unlink()
    done = broker.run()
    assert done.returncode == 2
    assert "KAFKA_TOPICS" in done.stderr
