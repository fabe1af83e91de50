"""Registries that ask who one is, or are none: each way in, each sentence, and no secret in any of it."""

from __future__ import annotations

import base64
import gc
import json
import logging
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from pyevents.cli.main import main
from pyevents.dev.registry.schema import read_schema
from pyevents.errors import ConfigurationInvalid, PyEventsError, RegistryUnreachable, SchemaRefused, SchemaUnknown
from pyevents.registry.client import HttpRegistry, Schema
from pyevents.registry.settings import client_settings, read_properties
from pyevents.registry.state import read_state
from tests.suite.frontdoor import Answer, Asked, Certificates, FrontDoor

SECRET = "s3cret"
USER = f"anna:{SECRET}"
TEXT = Schema("json", '{"type": "object"}')
NOBODY = Answer(401, b'{"error_code": 40101, "message": "who are you?"}')

Open = Callable[..., FrontDoor]


@pytest.fixture(autouse=True)
def no_secret_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, the most talkative log must not tell it."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert SECRET not in caplog.text
    assert base64.b64encode(USER.encode()).decode() not in caplog.text


@pytest.fixture
def opened() -> Iterator[Open]:
    doors: list[FrontDoor] = []

    def door(guard: Callable[[Asked], Answer | None], *args: object) -> FrontDoor:
        doors.append(FrontDoor(guard, *args))  # type: ignore[arg-type]
        return doors[-1]

    yield door
    for one in doors:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def basic(asked: Asked) -> Answer | None:
    given = base64.b64encode(USER.encode()).decode()
    return None if asked.headers.get("Authorization") == f"Basic {given}" else NOBODY


def bearer(asked: Asked) -> Answer | None:
    return None if asked.headers.get("Authorization") == f"Bearer {SECRET}" else NOBODY


def always(answer: Answer) -> Callable[[Asked], Answer]:
    return lambda asked: answer


def refusal(registry: HttpRegistry) -> str:
    """Return the sentence of a registry that cannot be asked; it and the object tell no secret."""
    with pytest.raises(PyEventsError) as refused:
        registry.register("patients", TEXT)
    said = f"{refused.value} {refused.value!r} {registry!r} {refused.value.__cause__!r}"
    assert SECRET not in said
    return str(refused.value)


def test_basic_authentication_by_argument_environment_file_and_address(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = opened(basic)
    assert HttpRegistry(door.url, properties={"basic.auth.user.info": USER}).register("patients", TEXT) == 1
    in_address = HttpRegistry(door.url.replace("//", f"//{USER}@"))
    assert in_address.register("patients", TEXT) == 1
    assert in_address.url == door.url.replace("//", "//***@")
    monkeypatch.setenv("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", USER)
    assert HttpRegistry(door.url).register("patients", TEXT) == 1
    monkeypatch.delenv("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO")
    (tmp_path / "secret").write_text(USER + "\n")
    monkeypatch.setenv("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO_FILE", str(tmp_path / "secret"))
    assert HttpRegistry(door.url).register("patients", TEXT) == 1


def test_commands_take_a_file_of_properties(opened: Open, tmp_path: Path) -> None:
    door = opened(basic)
    (tmp_path / "registry.properties").write_text(f"# ours\nschema.registry.basic.auth.user.info={USER}\n\n")
    asked = ["registry", "plan", "--registry", door.url, "--registry-config", str(tmp_path / "registry.properties")]
    assert CliRunner().invoke(main, asked).exit_code == 0
    refused = CliRunner().invoke(main, asked[:4])
    assert refused.exit_code == 2
    assert "Are user and password, or the token, right?" in refused.output
    assert "Traceback" not in refused.output


def test_wrong_password(opened: Open) -> None:
    door = opened(basic)
    said = refusal(HttpRegistry(door.url, properties={"basic.auth.user.info": f"anna:{SECRET}-not"}))
    assert "it does not know us (401). Are user and password, or the token, right?" in said


def test_bearer_token_and_a_wrong_one(opened: Open) -> None:
    door = opened(bearer)
    assert HttpRegistry(door.url, properties={"bearer.auth.token": SECRET}).register("patients", TEXT) == 1
    assert "(401)" in refusal(HttpRegistry(door.url, properties={"bearer.auth.token": "other"}))


def test_oauth_client_credentials(opened: Open, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    def guard(asked: Asked) -> Answer | None:
        if asked.path != "/token":
            return None if asked.headers.get("Authorization") == "Bearer of-the-day" else NOBODY
        known = base64.b64encode(f"service:{SECRET}".encode()).decode()
        assert parse_qs(asked.body.decode())["grant_type"] == ["client_credentials"]
        if asked.headers.get("Authorization") != f"Basic {known}":
            return Answer(401, b'{"error": "invalid_client"}')
        return Answer(200, b'{"access_token": "of-the-day", "token_type": "Bearer", "expires_in": 3600}')

    door = opened(guard, certificates.context())
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca)
    client = {
        "bearer.auth.client.id": "service",
        "bearer.auth.client.secret": SECRET,
        "bearer.auth.issuer.endpoint.url": f"{door.url}/token",
    }
    registry = HttpRegistry(door.url, properties=client)
    assert registry.register("patients", TEXT) == 1
    assert registry.register("others", TEXT) == 1
    assert [asked.path for asked in door.asked].count("/token") == 1, "a token is kept while it is valid"
    said = refusal(HttpRegistry(door.url, properties={**client, "bearer.auth.client.secret": f"{SECRET}-not"}))
    assert "the OAuth server gave no token. Are the endpoint, the client's id and its secret right?" in said


def test_own_ca_and_mutual_tls(opened: Open, certificates: Certificates) -> None:
    door = opened(always(NOBODY), certificates.context())
    assert "(401)" in refusal(HttpRegistry(door.url, properties={"ssl.ca.location": certificates.ca}))
    assert "no CA that is trusted here has signed its certificate" in refusal(HttpRegistry(door.url))
    strict = opened(lambda asked: None, certificates.context(client_needed=True))
    ours = {
        "ssl.ca.location": certificates.ca,
        "ssl.certificate.location": certificates.client,
        "ssl.key.location": certificates.client_key,
        "ssl.key.password": f"key-{SECRET}",
    }
    assert HttpRegistry(strict.url, properties=ours).register("patients", TEXT) == 1
    said = refusal(HttpRegistry(strict.url, properties={"ssl.ca.location": certificates.ca}))
    assert "Does it want a client's certificate" in said
    said = refusal(HttpRegistry(strict.url, properties={**ours, "ssl.key.password": f"{SECRET}-not"}))
    assert "do certificate, key and its password go together?" in said


HTML = b"<html>welcome</html>"
ANSWERS = {
    "a page": (Answer(200, HTML, "text/html"), "no schema registry: its answer is not JSON. Is the URL right"),
    "a page that is missing": (Answer(404, HTML, "text/html"), "no schema registry (404). Is the URL right"),
    "another service": (Answer(404, b'{"detail": "Not Found"}'), "no schema registry (404). Is the URL right"),
    "a redirect": (Answer(302, b"", headers=(("Location", "http://127.0.0.1:1/"),)), "it sends us elsewhere (302)"),
    "a proxy": (Answer(502, HTML, "text/html"), "a proxy before it answers 502. Is the registry behind it running?"),
    "no right": (Answer(403, b'{"error_code": 40301, "message": "no"}'), "it knows us and forbids this (403)"),
    "trouble": (Answer(500, b'{"error_code": 50001, "message": "store"}'), "it answers 500. See its own log"),
    "no content": (Answer(200, b""), "its answer has another form"),
    "a list": (Answer(200, b"[]"), "its answer has another form"),
    "a word for an id": (Answer(200, b'{"id": "seven", "version": 1}'), "its answer has another form"),
    "an id of five bytes": (Answer(200, b'{"id": 4294967296, "version": 1}'), "its answer has another form"),
}


@pytest.mark.parametrize(("answer", "sentence"), ANSWERS.values(), ids=ANSWERS)
def test_what_answers_there_is_no_registry_or_in_trouble(opened: Open, answer: Answer, sentence: str) -> None:
    assert sentence in refusal(HttpRegistry(opened(always(answer)).url))


def test_nobody_there_and_no_such_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = refusal(HttpRegistry(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert "nobody listens there. Is it running, and is SCHEMA_REGISTRY_URL right?" in said
    assert "its host name is not known here. Is SCHEMA_REGISTRY_URL right?" in refusal(
        HttpRegistry("http://registry.invalid")
    )


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = HttpRegistry(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        assert "it does not answer within 0.2 s" in refusal(registry)


def test_no_connection_is_left_open_when_the_registry_goes(opened: Open) -> None:
    door = opened(always(Answer(200, b'{"id": 7, "version": 1}')))
    registry = HttpRegistry(door.url)
    assert registry.register("patients", TEXT) == 7
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del registry
        gc.collect()
    address = door.url.rpartition(":")[2]
    assert [str(one.message) for one in said if f"raddr=('127.0.0.1', {address})" in str(one.message)] == []


def test_read_only_registry(opened: Open) -> None:
    door = opened(lambda asked: None)
    door.registry.modes.set(None, "READONLY")
    with pytest.raises(SchemaRefused, match="it is read-only"):
        HttpRegistry(door.url).register("patients", TEXT)


def test_deleted_subject(opened: Open) -> None:
    door = opened(lambda asked: None)
    registry = HttpRegistry(door.url)
    registry.register("patients", TEXT)
    door.registry.delete_subject("patients", permanent=False)
    with pytest.raises(SchemaUnknown, match="pyevents registry apply"):
        registry.look_up("patients", TEXT)


def test_next_url_is_asked_when_one_is_away_or_in_trouble(opened: Open) -> None:
    door = opened(lambda asked: None)
    trouble = opened(always(Answer(503, b"{}")))
    registry = HttpRegistry(f"http://127.0.0.1:1,{trouble.url},{door.url}")
    assert registry.register("patients", TEXT) == 1
    assert len(trouble.asked) == 1


def test_a_question_without_an_answer_is_asked_again(opened: Open) -> None:
    left = threading.Semaphore(2)
    door = opened(lambda asked: Answer(503, b"{}") if left.acquire(blocking=False) else None)
    assert HttpRegistry(door.url, retries=3).register("patients", TEXT) == 1
    assert len(door.asked) == 3
    again = opened(always(Answer(503, b"{}")))
    with pytest.raises(RegistryUnreachable):
        HttpRegistry(again.url, retries=1).register("patients", TEXT)
    assert len(again.asked) == 2


WRONG = {
    "unknown": ({"basic.auth.user": USER}, "Did you mean 'basic.auth.user.info'"),
    "no colon": ({"basic.auth.user.info": SECRET}, "user:password"),
    "half of OAuth": ({"bearer.auth.client.id": "a"}, "bearer.auth.client.secret"),
    "no such file": ({"ssl.ca.location": "/nowhere/ca.pem"}, "Do the files of ssl.… exist"),
}


@pytest.mark.parametrize(("properties", "sentence"), WRONG.values(), ids=WRONG)
def test_properties_that_cannot_work(properties: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        HttpRegistry("http://127.0.0.1:1", properties=properties).subjects()
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "properties", "trusted"),
    [
        ("http://a,http://b", {"basic.auth.user.info": "user:password"}, False),
        ("https://a", {}, "all"),
        ("http://a,https://b", {}, "all"),
        ("http://a", {"proxy": "https://b"}, "all"),
        ("http://a", {"ssl.ca.location": "/etc/ca.pem"}, "/etc/ca.pem"),
    ],
)
def test_no_authority_is_read_where_there_is_no_tls(url: str, properties: dict[str, str], trusted: str | bool) -> None:
    assert client_settings(url, properties, {}).get("ssl.ca.location", "all") == trusted


def test_argument_wins_over_environment_and_files_are_read(tmp_path: Path) -> None:
    environment = {"SCHEMA_REGISTRY_BEARER_AUTH_TOKEN": "of-environment", "SCHEMA_REGISTRY_HOST_NAME": "other"}
    found = client_settings("http://a", {"bearer.auth.token": "given"}, environment)
    assert found["bearer.auth.token"] == "given"
    assert "host.name" not in found
    missing = {"SCHEMA_REGISTRY_BEARER_AUTH_TOKEN_FILE": str(tmp_path / "nowhere")}
    with pytest.raises(ConfigurationInvalid, match="Name a readable file"):
        client_settings("http://a", None, missing)
    (tmp_path / "properties").write_text("basic.auth.user.info\n")
    with pytest.raises(ConfigurationInvalid, match="line 1 is no name=value"):
        read_properties(tmp_path / "properties")


def test_answer_of_a_registry_is_json_for_programs_too(opened: Open) -> None:
    door = opened(lambda asked: None)
    done = CliRunner().invoke(main, ["registry", "plan", "--registry", door.url, "--format", "json"])
    found = json.loads(done.stdout)
    assert found["counts"]["create"] == len([one for one in found["actions"] if one["kind"] == "create"])


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.slow)])
def test_many_subjects_are_read_in_one_pass_over_few_connections(opened: Open, count: int) -> None:
    door = opened(lambda asked: None)
    names = [f"topic-{number}" for number in range(count)]
    for name in names:
        door.registry.register(name, read_schema({"schema": TEXT.text, "schemaType": "JSON"}))
    counted: list[tuple[int, int]] = []
    state = read_state(HttpRegistry(door.url), names, lambda done, total: counted.append((done, total)))
    assert state.subjects.keys() == set(names)
    assert len(door.asked) == 2 + 3 * len(names), "the lists, then versions, text and level of each"
    assert len(door.connections) <= 8
    assert counted[0] == (1, count)
    assert counted[-1] == (count, count)
