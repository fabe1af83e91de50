"""`pyevents outbox`: what waits, and the relay as a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session

from pyevents.cli import main
from pyevents.events import PatientDeleted
from pyevents.outbox import Outbox, metadata
from pyevents.outbox.table import OUTBOX


def ask(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["outbox", *arguments])
    return result.exit_code, result.output


def test_ls_counts_what_waits_and_what_was_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/service.db"
    engine = create_engine(url)
    metadata.create_all(engine)
    assert ask("ls", "--database", url) == (0, "nothing waits\n")
    with Session(engine) as session, session.begin():
        for number in (1, 2, 3):
            Outbox(session).publish(PatientDeleted(patient_id=number))
        session.execute(update(OUTBOX).where(OUTBOX.c.id == 1).values(refused="too large"))
    status, output = ask("ls", "--database", url, "--format", "json")
    (topic,) = json.loads(output)
    assert (status, topic["topic"], topic["waiting"], topic["refused"]) == (0, "patient-events", 2, 1)
    assert "patient-events: 2 wait, the oldest since 20" in ask("ls", "--database", url)[1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "no URL that SQLAlchemy knows"),
        ("nosuch://host/x", "no URL that SQLAlchemy knows"),
        ("mysql+pymysql://host/x", "pymysql is not installed"),
        ("postgresql+psycopg://nobody:secret@127.0.0.1:1/x", "Is it running"),
        ("sqlite://", "was pyevents.outbox.metadata migrated"),
    ],
)
def test_wrong_database_is_told_in_a_sentence_without_the_password(url: str, said: str) -> None:
    status, output = ask("ls", "--database", url)
    assert status == 2
    assert said in output
    assert "secret" not in output
