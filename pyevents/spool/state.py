"""What a stream's folder says beside its events, in one small file: watermark and cluster id.

It is overwritten in place. A copy that is lost, torn or old costs doubles, never an event.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from google_crc32c import value as _crc32c

__all__ = ["State", "StateFile", "read"]

_NAME = "state"
_FIXED = struct.Struct("<4sQH")
_CRC = struct.Struct("<I")
_MAGIC = b"\xf7PyS"


class State(NamedTuple):
    """How far a stream was acknowledged, and by whom."""

    watermark: int = 0
    cluster_id: str | None = None


class StateFile:
    """The open file of a stream that this process owns."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / _NAME, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, state: State) -> None:
        """Write it; a full disk is borne, since an old watermark only costs doubles."""
        name = (state.cluster_id or "").encode()
        text = _FIXED.pack(_MAGIC, state.watermark, len(name)) + name
        with suppress(OSError):
            os.pwrite(self._descriptor, text + _CRC.pack(_crc32c(text)), 0)

    def close(self) -> None:
        """Close it, as it is."""
        os.close(self._descriptor)


def read(folder: Path) -> State:
    """Return what is written there; nothing where it is missing or damaged."""
    try:
        text = (folder / _NAME).read_bytes()
        magic, watermark, length = _FIXED.unpack_from(text)
        end = _FIXED.size + length
        if magic == _MAGIC and _CRC.unpack_from(text, end)[0] == _crc32c(text[:end]):
            return State(watermark, text[_FIXED.size : end].decode() or None)
    except (FileNotFoundError, struct.error, UnicodeDecodeError):
        pass
    return State()
