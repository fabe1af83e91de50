"""What README and docs show runs as it stands there, on the embedded pair."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyevents.dev.embedded import Embedded
from tests.suite.document import Block, blocks

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]


@pytest.fixture(scope="module")
def environment(embedded: Embedded, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a user's shell has: the commands, and where broker and registry are."""
    found = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": embedded.registry_url,
        "PYEVENTS_SPOOL_DIR": str(tmp_path_factory.mktemp("spool")),
    }
    subprocess.run(["pyevents", "registry", "apply", "--yes"], env=found, check=True, capture_output=True)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the repository generates from, and into."""
    for name in ("schemas", "docker", "pyevents/events"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_block_says_whether_it_runs(block: Block) -> None:
    assert block.mark.startswith(("runnable", "not runnable: ")), (
        f"{block.place}: put <!-- runnable --> or <!-- not runnable: why --> before it (tests/suite/document.py)"
    )


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.runnable], ids=lambda block: block.place)
def test_block_does_what_its_mark_says(block: Block, environment: dict[str, str], folder: Path) -> None:
    block.run(folder, environment)
