"""What becomes of clients in a forked child: they are kept for ever and never touched.

A client's threads stay in the parent. Destroying it in the child, be it by the garbage collector or at the
interpreter's end, would wait for them without end, or crash (both measured with librdkafka 2.16).
"""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any, Protocol

__all__ = ["keep_in_children"]


class _Holder(Protocol):
    _client: Any


_holders: weakref.WeakSet[_Holder] = weakref.WeakSet()


def keep_in_children(holder: _Holder) -> None:
    """See to it that `holder._client` is not destroyed in any child that is forked from now on."""
    _holders.add(holder)


def _leak() -> None:
    for holder in list(_holders):
        if hasattr(holder, "_client"):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(holder._client))
    _holders.clear()


os.register_at_fork(after_in_child=_leak)
