"""A password in a file, as containers are given secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyevents.errors import ConfigurationInvalid
from pyevents.kafka import KafkaTransport


def test_file_that_is_missing_is_refused_at_the_start_and_borne_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "password"
    monkeypatch.setenv("KAFKA_SASL_PASSWORD_FILE", str(path))
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "anna"}
    transport = KafkaTransport("127.0.0.1:1", login)
    with pytest.raises(ConfigurationInvalid, match="password cannot be read: No such file"):
        transport.sender("s")
    path.write_text("secret\n")
    transport.sender("s").close(0)
    path.unlink()  # as whoever replaces it does
    transport.sender("s").close(0)
