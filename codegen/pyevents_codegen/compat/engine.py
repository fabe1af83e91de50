"""Owns the handle on the worker process: starting it, asking it, ending it with this process."""

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pyevents_codegen.compat.verdict import Verdict

__all__ = ["Engine", "decide"]


class Engine:
    """Decides pairs in a process of its own, so that no schema can hang or crash the caller.

    One pair at a time; several engines decide several pairs at a time. Use it as a context manager, or let
    `decide` keep one for the life of this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def decide(self, reader: str, writer: str, kind: Literal["json", "avro"], *, budget_s: float = 1.0) -> Verdict:
        """Decide one pair within *budget_s* seconds of wall time; see `decide`."""
        question = {"reader": reader, "writer": writer, "kind": kind, "budget_s": budget_s}
        with self._lock:
            self._ensure()
            started = time.monotonic()
            answer = self._ask(json.dumps(question).encode() + b"\n")
        if answer:
            verdict = Verdict(**json.loads(answer))  # without a time of its own, it was ended
            return verdict if verdict.ms else replace(verdict, ms=(time.monotonic() - started) * 1000)
        return Verdict("undecided", reason="the worker process ended; run the pair again")

    def close(self) -> None:
        """End the worker; the next `decide` starts another."""
        worker, self._worker = self._worker, None
        if worker is None or self._owner != os.getpid():
            return
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.close()
        worker.stdout.close()
        worker.wait()

    def _ensure(self) -> None:
        worker = self._worker
        if worker is None or worker.poll() is not None or self._owner != os.getpid():
            self._worker = _started()
            self._owner = os.getpid()

    def _ask(self, line: bytes) -> bytes:
        worker = self._worker
        assert worker is not None and worker.stdin is not None and worker.stdout is not None
        try:
            worker.stdin.write(line)
            worker.stdin.flush()
        except BrokenPipeError:
            return b""
        return worker.stdout.readline()


_kept = Engine()
atexit.register(_kept.close)


def decide(reader: str, writer: str, kind: Literal["json", "avro"], *, budget_s: float = 1.0) -> Verdict:
    """Say whether everything that *writer* admits can be read by *reader*.

    Both texts are used as given: nothing is opened or closed. The work is done by a process that this one
    keeps (half a second to start, once), behind a wall of time and memory.

    Args:
        reader: Schema text of the side that reads.
        writer: Schema text of the side that writes.
        kind: Which language both texts are in; a JSON Schema without `$schema` is draft-07.
        budget_s: Seconds of wall time after which the pair is `undecided`.

    Returns:
        A verdict; bad input is one too (`error`), never an exception.
    """
    return _kept.decide(reader, writer, kind, budget_s=budget_s)


def _started() -> subprocess.Popen[bytes]:
    for needed in ("avro", "jsonschema"):  # by the worker, which could only end
        if find_spec(needed) is None:
            raise ModuleNotFoundError(f"No module named {needed!r}", name=needed)
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    worker = subprocess.Popen(
        [sys.executable, "-m", "pyevents_codegen.compat.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # a Ctrl-C at the terminal is the caller's to handle
    )
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(b'{"reader": "true", "writer": "true", "kind": "json", "budget_s": 30}\n')
    worker.stdin.flush()
    worker.stdout.readline()  # its imports are done now and burden no pair
    return worker
