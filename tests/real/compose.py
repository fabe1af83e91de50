"""The compose files as Docker Compose resolves them, and their services as processes on this machine.

No container is run: settings go through the translation that the image does, with other ports and folders.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import free_port

__all__ = [
    "CLUSTER",
    "KRAFT",
    "ROOT",
    "SECURE",
    "ZOOKEEPER",
    "ComposeKafka",
    "health_check",
    "moved",
    "resolved",
    "topic_tool",
]

ROOT = Path(__file__).parents[2]
KRAFT = ("docker-compose.yml",)
CLUSTER = ("docker-compose.yml", "docker/compose.cluster.yml")
SECURE = ("docker-compose.yml", "docker/compose.secure.yml")
ZOOKEEPER = ("docker-compose.yml", "docker/compose.zookeeper.yml")


def resolved(*files: str | Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what `docker compose config` makes of these files."""
    chosen = [argument for file in files for argument in ("-f", str(file))]
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [str(scripts / "docker-compose"), "--project-directory", str(ROOT), *chosen, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def moved(text: str, places: Mapping[str, str]) -> str:
    """Replace each place of a container, a port or a folder, with its place on this machine."""
    return re.sub("|".join(map(re.escape, sorted(places, key=len, reverse=True))), lambda at: places[at[0]], text)


def health_check(service: Mapping[str, Any], places: Mapping[str, str]) -> int:
    """Run a service's health check, moved to this machine; return its exit status."""
    kind, *command = service["healthcheck"]["test"]
    if kind == "CMD-SHELL":
        command = ["sh", "-c", *command]
    return subprocess.run([moved(part, places) for part in command], timeout=30).returncode


def topic_tool(folder: Path, command: list[str], name: str = "kafka-topics") -> Path:
    """Write a `kafka-topics`, or another of Kafka's own tools, that runs it as *command* does."""
    tool = folder / name
    tool.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    tool.chmod(0o755)
    return tool


class ComposeKafka(RealKafka):
    """The broker of the compose file: its environment goes through the program that the image runs."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *, name: str = "kafka", host_port: int = 29092
    ) -> None:
        super().__init__(folder)
        self.host_port = free_port()
        controller = f"127.0.0.1:{free_port()}"
        self.names = {f"{name}:9092": f"127.0.0.1:{self.port}", f"{name}:9093": controller}
        """Where others find it."""
        self.places = self.names | {
            "://:9092": f"://127.0.0.1:{self.port}",
            "://:9093": f"://{controller}",
            f"://:{host_port}": f"://127.0.0.1:{self.host_port}",
            f"localhost:{host_port}": f"localhost:{self.host_port}",
            "/var/lib/kafka/data": str(folder / "data"),
        }
        self._given = environment

    def meet(self, names: Mapping[str, str]) -> None:
        """Learn where other brokers are."""
        self.places |= names

    @property
    def environment(self) -> dict[str, str]:
        """The compose file's, with the places of this machine."""
        return {name: moved(value, self.places) for name, value in self._given.items()}

    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        folders = {name: self.folder / name for name in ("default", "mounted", "final")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
            (folders["default"] / name).touch()
        options = [part for name, folder in folders.items() for part in (f"--{name}-configs-dir", str(folder))]
        translated = subprocess.run(
            [*self.tool_command("kafka.docker.KafkaDockerWrapper"), "setup", *options],
            env={"PATH": os.environ["PATH"], **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert translated.returncode == 0, translated.stderr
        return self.broker_command(folders["final"] / "server.properties"), {}
