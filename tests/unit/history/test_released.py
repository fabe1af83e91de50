"""What was released stays as it was: by the lock, and by any earlier state that `--against` names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pyevents.cli import main
from pyevents_codegen.finding import SchemaFolderInvalid
from pyevents_codegen.history.against import EarlierStateMissing
from pyevents_codegen.release import release
from tests.unit.history.conftest import History

_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
}  # fmt: skip


def _git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(place), *arguments], check=True, capture_output=True, env={**os.environ, **_GIT})


def _plus_optional(schema: dict[str, Any]) -> None:
    schema["properties"]["ort"] = {"type": "string", "maxLength": 80, "description": "Town."}


@pytest.fixture(params=["lock", "folder", "revision", "wheel"])
def earlier(request: pytest.FixtureRequest, past: History, tmp_path: Path) -> str | None:
    """Make the folder's present state an earlier one, in each way there is; return what `--against` is then given."""
    past.version("1.1", _plus_optional)
    if request.param == "lock":
        release(past.path)
        return None
    if request.param == "folder":
        shutil.copytree(past.path, tmp_path / "before")
        return str(tmp_path / "before")
    if request.param == "revision":
        _git(tmp_path, "init", "--quiet", "--initial-branch=main")
        _git(tmp_path, "add", ".")
        _git(tmp_path, "commit", "--quiet", "--message=first")
        return "main"
    script = ("--topics-script", str(tmp_path / "topics.sh"), "--package", "acme.events", "--root", str(tmp_path))
    assert CliRunner().invoke(main, ["generate", "--schemas", str(past.path), *script]).exit_code == 0
    with zipfile.ZipFile(tmp_path / "acme-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write(tmp_path / "acme/events/catalog.json", "acme/events/catalog.json")
    return str(tmp_path / "acme-1.0-py3-none-any.whl")


def test_what_nobody_changed_is_fine(past: History, earlier: str | None) -> None:
    assert past.findings(earlier) == []


def test_a_further_version_is_told_with_who_deploys_it_first(past: History, earlier: str | None) -> None:
    past.version("1.2")
    assert [finding.severity for finding in past.findings(earlier)] == ["notice"] * (earlier is None)


def test_an_edited_release_is_found(past: History, earlier: str | None) -> None:
    path = past.version("1.0", lambda schema: schema.update(description="Edited."))
    finding = past.found("released-edited", earlier)
    assert finding.file == path.as_posix()


def test_an_edited_envelope_is_found_on_every_version(past: History, earlier: str | None) -> None:
    path = past.path / "envelope" / "1.0.json"
    path.write_text(path.read_text().replace("Name of the service", "The service"))
    found = [finding.file[-8:] for finding in past.findings(earlier) if finding.rule == "released-edited"]
    assert found == ["1.0.json", "1.1.json"]


def test_a_deleted_contract_is_found(past: History, earlier: str | None) -> None:
    past.contract(event_type="patient.entered")
    shutil.copy(past.path / "patient.created" / "1.0.json", past.path / "patient.entered" / "1.0.json")
    shutil.rmtree(past.path / "patient.created")
    assert past.found("contract-deleted", earlier).file.endswith("/patient.created")


def test_a_deleted_version_is_found(past: History, earlier: str | None) -> None:
    (past.path / "patient.created" / "1.1.json").unlink()
    assert "1.1 is gone" in past.found("version-deleted", earlier).message


def test_a_renumbered_version_is_found(past: History, earlier: str | None) -> None:
    folder = past.path / "patient.created"
    (folder / "1.1.json").rename(folder / "1.2.json")
    past.version("1.1", lambda schema: schema["properties"].update(land={"type": "string", "description": "Land."}))
    found = {finding.rule for finding in past.findings(earlier) if finding.severity == "error"}
    assert found == {"released-edited"}
    (folder / "1.0.json").unlink()
    (folder / "1.1.json").unlink()
    (folder / "1.2.json").rename(folder / "1.0.json")
    rules = {finding.rule for finding in past.findings(earlier)}
    assert {"version-deleted", "released-edited"} <= rules


@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        ('topic = "email-commands"', "topic-changed", "error"),
        ('key = "vorname"', "key-changed", "error"),
        ('kind = "command"', "kind-changed", "error"),
        ('owner = "matching-service"', "owner-changed", "notice"),
    ],
)
def test_a_changed_contract_is_found(past: History, earlier: str | None, line: str, rule: str, severity: str) -> None:
    past.contract(line)
    finding = past.found(rule, earlier)
    assert (finding.severity, finding.pointer) == (severity, "/" + line.partition(" ")[0])


def test_a_release_adds_versions_and_changes_none(past: History) -> None:
    assert release(past.path).versions == {"patient.created": ["1.0"]}
    before = (past.path / "released.lock").read_text()
    past.version("1.1", _plus_optional)
    assert release(past.path).versions == {"patient.created": ["1.1"]}
    after = (past.path / "released.lock").read_text()
    assert set(before.splitlines()) - set(after.splitlines()) <= {line for line in before.splitlines() if "1.0" in line}
    assert release(past.path).versions == {}


def test_a_broken_promise_is_not_released(past: History) -> None:
    past.version("1.1", lambda schema: schema["properties"]["vorname"].update(maxLength=5))
    with pytest.raises(SchemaFolderInvalid, match="could not read"):
        release(past.path)
    assert not (past.path / "released.lock").exists()


def test_drafts_of_the_earlier_state_may_change(past: History, tmp_path: Path) -> None:
    release(past.path)
    past.version("1.1", _plus_optional)
    shutil.copytree(past.path, tmp_path / "before")
    (past.path / "patient.created" / "1.1.json").unlink()
    assert past.findings(str(tmp_path / "before")) == []


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"patient.created": 1}', '{"a": {"kind": "event"}}', "\ufeff{}", "{" * 100_000, '{"a": 1, "a": 2}'],
)
def test_a_damaged_lock_is_a_finding(past: History, text: str) -> None:
    past.write("released.lock", text)
    assert any(finding.file.endswith("released.lock") for finding in past.findings())


def test_a_revision_that_git_does_not_know_says_what_to_do(past: History, tmp_path: Path) -> None:
    with pytest.raises(EarlierStateMissing, match="in no git repository"):
        past.findings("origin/main")
    _git(tmp_path, "init", "--quiet")
    with pytest.raises(EarlierStateMissing, match="git fetch --depth=1 origin main:refs/remotes/origin/main"):
        past.findings("origin/main")
    with pytest.raises(EarlierStateMissing):
        past.findings("--output=/tmp/x")


def test_a_shallow_clone_says_which_depth_is_missing(past: History, tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for number in range(4):
        past.write("README.md", str(number))
        _git(tmp_path, "add", ".")
        _git(tmp_path, "commit", "--quiet", f"--message={number}")
    clone = tmp_path.with_name(f"{tmp_path.name}-clone")
    _git(tmp_path, "clone", "--quiet", "--depth=2", tmp_path.as_uri(), str(clone))
    inside = History(clone / "schemas")
    assert inside.findings("HEAD~1") == []
    with pytest.raises(EarlierStateMissing, match=r"depth of 2, and HEAD~3 needs 4.*--depth=4"):
        inside.findings("HEAD~3")
    with pytest.raises(EarlierStateMissing, match="git fetch --depth=1 origin tag v1"):
        inside.findings("v1.0")
    _git(clone, "fetch", "--quiet", "--depth=4", "origin")
    assert inside.findings("HEAD~3") == []


def test_a_revision_without_contracts_is_told(past: History, tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=first")
    assert past.found("against-empty", "main").severity == "notice"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", None])
def test_a_damaged_wheel_is_told(past: History, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.whl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EarlierStateMissing):
        past.findings(str(path))


def test_the_lock_names_what_a_person_looks_for(past: History) -> None:
    release(past.path)
    held = json.loads((past.path / "released.lock").read_text())
    assert held["patient.created"]["topic"] == "patient-events"
    assert list(held["patient.created"]["versions"]) == ["1.0"]
