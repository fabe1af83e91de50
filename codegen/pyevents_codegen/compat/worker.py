"""Owns the process that decides pairs behind a wall of time and memory; reads lines, answers lines.

Run as ``python -m pyevents_codegen.compat.worker``. It imports everything once and forks a child for
the work. The child arms the kernel's timer before each pair, so whatever it is caught in, Rust or a
regular expression, the kernel ends it; the next child is a fork away (milliseconds, not an import).
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, BinaryIO

from pyevents_codegen.compat.avro_pair import decide_avro
from pyevents_codegen.compat.json_pair import decide_json
from pyevents_codegen.compat.judges import compile_grammars
from pyevents_codegen.compat.verdict import Verdict

__all__ = ["main"]

_MEMORY = 2 * 1024**3  # bytes of address space that one pair may take
_DEPTH = 8_000  # Python frames; the C stack below is the main thread's 8 MiB
_WALL = 0.9  # share of the budget after which the kernel ends the child


def main() -> None:
    """Answer one line of JSON for each line on standard input, until it ends."""
    lines, answers = sys.stdin.buffer, sys.stdout.buffer
    child: _Child | None = None
    for line in lines:
        if b"iri" in line and compile_grammars() and child is not None:
            child.end()
            child = None
        child = child or _Child()
        started = time.monotonic()
        answer = child.ask(line)
        if not answer:
            status, child = child.end(), None
            if not _out_of_time(status):
                child = _Child()
                answer = child.ask(_searching_only(line, time.monotonic() - started))
            if not answer:
                answer = _ended(child.end() if child else status)
                child = None
        with suppress(BrokenPipeError):  # whoever asked has gone; the end of the lines follows
            answers.write(answer)
            answers.flush()
    if child is not None:
        child.end()


class _Child:
    def __init__(self) -> None:
        question_read, question_write = os.pipe()
        answer_read, answer_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(question_write)
            os.close(answer_read)
            _work(os.fdopen(question_read, "rb"), os.fdopen(answer_write, "wb"))
            os._exit(0)
        os.close(question_read)
        os.close(answer_write)
        self._questions = os.fdopen(question_write, "wb")
        self._answers = os.fdopen(answer_read, "rb")

    def ask(self, line: bytes) -> bytes:
        try:
            self._questions.write(line)
            self._questions.flush()
        except BrokenPipeError:
            return b""
        answer = self._answers.readline()
        return answer if answer.endswith(b"\n") else b""

    def end(self) -> int:
        with suppress(BrokenPipeError):
            self._questions.close()
        self._answers.close()
        return os.waitpid(self.pid, 0)[1]


def _work(questions: BinaryIO, answers: BinaryIO) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(_DEPTH)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # a Rust panic prints its backtrace there
    for line in questions:
        question = json.loads(line)
        budget = float(question["budget_s"])
        signal.setitimer(signal.ITIMER_REAL, budget * _WALL)
        verdict = _decided(question, budget)
        answer = json.dumps(asdict(verdict)).encode() + b"\n"
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(answer)
        answers.flush()


def _decided(question: dict[str, Any], budget: float) -> Verdict:
    started = time.monotonic()
    try:
        verdict = _decided_here(question, budget * 0.9)
    except RecursionError:
        verdict = Verdict("undecided", reason="the schemas nest or recurse too deeply; flatten them")
    except MemoryError:
        verdict = Verdict("undecided", reason="the schemas need too much memory; split them")
    except BaseException as error:  # a Rust panic is a BaseException; the pair's text must not end the batch
        return Verdict("undecided", reason=f"the checker failed on this pair ({type(error).__name__}); simplify it")
    return replace(verdict, ms=(time.monotonic() - started) * 1000)


def _decided_here(question: dict[str, Any], budget: float) -> Verdict:
    texts = question["reader"], question["writer"]
    if question["kind"] == "avro":
        return decide_avro(*texts, budget)
    return decide_json(*texts, budget, proving=question.get("proving", True))


def _searching_only(line: bytes, spent_s: float) -> bytes:
    question = json.loads(line)
    left = max(0.05, question["budget_s"] - spent_s)
    return json.dumps({**question, "budget_s": left, "proving": False}).encode() + b"\n"


def _out_of_time(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM


def _ended(status: int) -> bytes:
    if _out_of_time(status):
        reason = "not decided in time; look for an exploding expression, deep recursion or a very large schema"
    else:
        reason = "the checker crashed on this pair; look for deep recursion or a very large schema"
    return json.dumps(asdict(Verdict("undecided", reason=reason))).encode() + b"\n"


if __name__ == "__main__":
    main()
