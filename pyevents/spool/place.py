"""Where a spool's folder is and what it rests on; the spool itself only uses what it is given."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pyevents.spool.errors import FolderUnusable

__all__ = ["Resting", "default_folder", "rests_on"]

Resting = Literal["disk", "container", "memory"]
_ESCAPE = re.compile(r"\\([0-7]{3})")


def default_folder() -> Path:
    """Return `spool` in the user state folder, made if it is missing.

    Raises:
        FolderUnusable: It cannot be made; many containers have no home that can be written to.
    """
    import platformdirs  # 30 ms (measured), for a path that is asked for once

    folder = platformdirs.user_state_path("pyevents") / "spool"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        remedy = "Mount a volume and point PYEVENTS_SPOOL_DIR to it."
        raise FolderUnusable(folder, f"cannot be made: {error.strerror}", remedy) from None
    return folder


def rests_on(folder: Path, mounts: str | None = None) -> Resting:
    """Say what becomes of a folder: a container's own layer goes with the container, memory with the machine.

    Args:
        folder: That exists.
        mounts: Text of `/proc/self/mountinfo` (proc(5)); read if not given. Without it, it is a disk.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text()
        except OSError:
            return "disk"
    kinds: dict[str, str] = {}
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > 4 and source:
            kinds[_ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])] = source.split(" ")[0]
    real = Path(os.path.realpath(folder))
    kind = next((kinds[str(path)] for path in (real, *real.parents) if str(path) in kinds), "")
    if kind in ("overlay", "aufs", "fuse-overlayfs"):
        return "container"
    return "memory" if kind in ("tmpfs", "ramfs") else "disk"
