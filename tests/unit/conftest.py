"""What unit tests of several folders share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], list[dict[str, Any]]]:
    """Read a file of vectors, or skip where there are none."""

    def read(name: str) -> list[dict[str, Any]]:
        path = _VECTORS / name
        if not path.exists():
            pytest.skip(f"no vectors: {path.name} lies beside the repository, not in it")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    return read
