"""What has to be done now and then and may take a while: watermarks, heirless streams, clients that are refused."""

from __future__ import annotations

import logging
import threading
import time

from pyevents.errors import SpoolError
from pyevents.outcome import in_words
from pyevents.producer.sending import Sending
from pyevents.spool.stream import Spool
from pyevents.transport import Fault

__all__ = ["Keeper"]

log = logging.getLogger("pyevents.producer")

_CHECKPOINT = 1.0
_ADOPTION = 10.0
_REFUSED_FOR = 30.0


class Keeper:
    """A thread beside the sender's, so that a slow disk or a silent broker never holds up delivery reports.

    Args:
        spool: Whose streams are kept.
        sending: Takes the streams that are adopted.
    """

    def __init__(self, spool: Spool, sending: Sending) -> None:
        self._spool = spool
        self._sending = sending
        self._passed_over: set[str] = set()
        self._reported = False
        self._trouble: Fault | None = None
        self._since = 0.0
        self._adoption = time.monotonic() + _ADOPTION
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pyevents-keeper", daemon=True)

    def start(self) -> None:
        """Adopt what is there now, then go on in the background."""
        self.adopt()
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for a question to the broker."""
        self._ended.set()

    def _look_around(self) -> None:
        """Say when brokers go and come, and have a client replaced that they refuse for long."""
        trouble, now = self._sending.trouble, time.monotonic()
        if trouble is None:
            if self._trouble is not None:
                log.info("a broker answers again")
        elif self._trouble is None or self._trouble.code != trouble.code:
            reason = in_words(trouble)
            log.warning("no broker takes anything: %s", reason, extra={"reason": reason})
            self._sending.note(reason)
            self._since = now
        elif trouble.code != "_ALL_BROKERS_DOWN" and now - self._since > _REFUSED_FOR:
            self._sending.renew()
            self._since = now
        self._trouble = trouble

    def adopt(self) -> None:
        """Take over the streams of this service and cluster whose process is gone."""
        for name in self._spool.orphans():
            if name in self._passed_over:
                continue
            if not self._spool.adopts:
                self._report(name)
                return
            try:
                stream = self._spool.adopt(name)
            except SpoolError as error:
                log.error("%s", error)
                self._passed_over.add(name)
                continue
            if stream is not None:
                # What another cluster is owed is left again, and not taken twice.
                self._passed_over.add(name)
                self._sending.adopt(stream)

    def _report(self, name: str) -> None:
        if not self._reported:
            self._reported = True
            log.warning(
                "%s/%s and perhaps others hold events of a process that is gone and had no `service_name`; "
                "nobody knows whose they are. Give `service_name`; `pyevents spool drain` sends them",
                self._spool.where,
                name,
            )

    def _run(self) -> None:
        failed = ""
        while not self._ended.wait(_CHECKPOINT):
            try:
                self._turn()
                failed = ""
            except Exception as error:  # such as a folder that is away for a while: nobody else would look again
                if repr(error) != failed:
                    log.exception("the keeper goes on after an error")
                failed = repr(error)

    def _turn(self) -> None:
        self._look_around()
        while self._sending.discarded:
            self._sending.discarded.popleft().close(0)
        self._spool.checkpoint()
        if time.monotonic() > self._adoption:
            self.adopt()
            self._adoption = time.monotonic() + _ADOPTION
