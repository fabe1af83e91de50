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

__all__ = ["KRAFT", "ROOT", "ZOOKEEPER", "health_check", "moved", "resolved", "topic_tool"]

ROOT = Path(__file__).parents[2]
KRAFT = ("docker-compose.yml",)
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


def topic_tool(folder: Path, command: list[str]) -> Path:
    """Write a `kafka-topics` that runs Kafka's own topic tool as *command* does."""
    tool = folder / "kafka-topics"
    tool.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    tool.chmod(0o755)
    return tool
