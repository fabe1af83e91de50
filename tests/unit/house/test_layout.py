"""The top level is the table of contents: nothing comes there unseen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

LAYOUT = {
    *("schemas", "codegen", "pyevents", "tests", "docker", "docs", "examples", "benchmarks"),
    *("docker-compose.yml", "pyproject.toml", "requirements.txt", "Makefile"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
    *(".ci", ".github", ".gitattributes", ".gitignore", ".pre-commit-hooks.yaml"),
}


def test_top_level_holds_what_it_should_and_nothing_else() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: what lies here is not known")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.partition("/")[0] for line in listed.splitlines()} == LAYOUT
