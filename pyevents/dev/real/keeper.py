"""Keeps one server process: starts it, and ends it when the process that asked for it is gone.

It runs as a program of its own (`python keeper.py OWNER LOG LEFTOVER COMMAND...`) and imports nothing of
ours.

Why a process in between: `kill -9` gives the owner no chance to clean up, so somebody else has to. A
parent-death signal would need Linux, and fires already when the *thread* that started the server ends; the
end of a pipe is not seen while a forked child of the owner still holds its other side. Asking twice a second
for the parent's id needs neither: it changes exactly when the owner ends, on every POSIX system.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

__all__ = ["GRACE", "INTERVAL", "main"]

INTERVAL = 0.5
"""Seconds between two looks at the owner."""

GRACE = 10.0
"""Seconds that the server has to end by itself after SIGTERM."""


def main(owner: int, log: str, leftover: str, command: list[str]) -> int:
    """Run *command* until it ends or the owner does; its process id is the only line on standard output.

    Args:
        owner: Process id of the parent, which the server must not outlive.
        log: File that takes what the server says.
        leftover: Folder to remove if the owner went first; empty for none.
        command: The server's command line.

    Returns:
        The server's exit status, or 128 and the signal's number as a shell has it.
    """
    with open(log, "ab") as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    print(server.pid, flush=True)
    os.close(sys.stdout.fileno())
    threading.Thread(target=_end_with, args=(owner, server), daemon=True).start()
    status = server.wait()
    if leftover and os.getppid() != owner:
        shutil.rmtree(leftover, ignore_errors=True)
    return status if status >= 0 else 128 - status


def _end_with(owner: int, server: subprocess.Popen[bytes]) -> None:
    while os.getppid() == owner:
        time.sleep(INTERVAL)
    server.terminate()
    server.send_signal(signal.SIGCONT)  # a suspended process acts on no SIGTERM
    time.sleep(GRACE)
    server.kill()


if __name__ == "__main__":
    # Ctrl-C in the owner's terminal is the owner's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
