"""What every test needs: a spool folder of its own, so that none adopts another's events."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def spool_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("spool")
    folder.chmod(0o700)
    monkeypatch.setenv("PYEVENTS_SPOOL_DIR", str(folder))
    return folder
