"""An outage does not flood the log."""

from __future__ import annotations

import logging

from pyevents.kafka.log import Seldom


def line(text: str) -> logging.LogRecord:
    return logging.LogRecord("pyevents.kafka.librdkafka", logging.ERROR, "", 0, "%s", (text,), None)


def test_line_that_differs_in_numbers_alone_is_said_once_a_minute_with_the_number_left_out() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    said = []
    for now in range(125):
        record = line(f"[thrd:kafka-1:9092]: Connect to 10.0.0.1:9092 failed (after {now}ms in state CONNECT)")
        said += [record.getMessage()] if seldom.filter(record) else []
    assert len(said) == 3
    assert "such lines" not in said[0]
    assert said[1].endswith("(and 59 such lines since the last one)")


def test_other_words_pass_at_once() -> None:
    seldom = Seldom()
    assert [seldom.filter(line(text)) for text in ("Connect failed", "Disconnected", "Connect failed")] == [
        True,
        True,
        False,
    ]
