"""`generate` writes what changed and nothing else, the same bytes everywhere; `check` says what is stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyevents_codegen import render
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.folder import Folder
from pyevents_codegen.generate import Generated, check, generate, plan

from .conftest import CONTRACT, PAYLOAD, Spoilable


class Workshop:
    """A schema folder and the place where its package is generated."""

    def __init__(self, schemas: Spoilable, root: Path) -> None:
        self.schemas = schemas
        self.root = root
        self.package = root / "shop" / "events"
        self.script = root / "create-topics.sh"

    def generate(self) -> Generated:
        return generate(self.schemas.path, "shop.events", self.root, self.script)

    def check(self) -> list[Finding]:
        return check(self.schemas.path, "shop.events", self.root, self.script)

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in sorted(found)}

    def run(self, code: str) -> str:
        """Run Python with the package on its path."""
        path = os.pathsep.join([str(self.root), *sys.path])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def workshop(schemas: Spoilable, tmp_path: Path) -> Workshop:
    return Workshop(schemas, tmp_path / "root")


def test_first_run_writes_everything(workshop: Workshop) -> None:
    done = workshop.generate()
    assert list(workshop.files()) == [
        "create-topics.sh",
        "shop/events/__init__.py",
        "shop/events/catalog.json",
        "shop/events/examples.json",
        "shop/events/patient.py",
    ]
    assert [path.name for path in done.written] == [Path(name).name for name in workshop.files()]
    assert os.access(workshop.script, os.X_OK)
    assert workshop.check() == []


def test_field_added_in_a_new_minor_is_in_the_class(workshop: Workshop) -> None:
    workshop.generate()
    spitzname = {"type": "string", "maxLength": 100, "description": "Nickname."}
    workshop.schemas.add(
        "patient.created", {**PAYLOAD, "properties": {**PAYLOAD["properties"], "spitzname": spitzname}}, "1.1.json"
    )
    assert {Path(finding.file).name for finding in workshop.check()} == {"catalog.json", "examples.json", "patient.py"}
    workshop.generate()
    code = "from shop.events import *; print(PatientCreated(patient_id=7, vorname='Anna', spitzname='Anni').spitzname)"
    assert workshop.run(code) == "Anni\n"


def test_unchanged_input_touches_no_file(workshop: Workshop) -> None:
    workshop.generate()
    for path in workshop.root.rglob("*"):
        os.utime(path, (1, 1))
    done = workshop.generate()
    assert (done.written, done.removed) == ((), ())
    assert {path.stat().st_mtime for path in workshop.root.rglob("*") if path.is_file()} == {1}


def test_file_that_is_right_is_not_touched_when_another_changes(workshop: Workshop) -> None:
    workshop.schemas.add("match.created")
    workshop.generate()
    os.utime(workshop.package / "match.py", (1, 1))
    workshop.schemas.write("patient.created/1.0.json", {**PAYLOAD, "description": "Other words."})
    assert [path.name for path in workshop.generate().written] == ["catalog.json", "patient.py"]
    assert (workshop.package / "match.py").stat().st_mtime == 1


def test_same_input_gives_same_bytes_whatever_was_there_before(workshop: Workshop, tmp_path: Path) -> None:
    for event_type in ("match.created", "email.sent", "patient.deleted"):
        workshop.schemas.add(event_type)
        workshop.generate()
    shutil.rmtree(workshop.package / "__pycache__")
    other = Workshop(workshop.schemas, tmp_path / "other")
    other.generate()
    workshop.generate()
    assert other.files() == workshop.files()


def test_order_of_files_on_disk_does_not_matter(workshop: Workshop, tmp_path: Path) -> None:
    names = ["patient.deleted", "match.created", "patient.archived"]
    reverse = Spoilable(tmp_path / "reverse")
    shutil.copytree(workshop.schemas.path, reverse.path)
    for name in names:
        workshop.schemas.add(name)
    for name in reversed(names):
        reverse.write(f"{name}/1.0.json", PAYLOAD)
        reverse.write(f"{name}/contract.toml", CONTRACT)
    other = Workshop(reverse, tmp_path / "other")
    workshop.generate()
    other.generate()
    assert other.files() == workshop.files()


@pytest.mark.slow
def test_same_bytes_under_another_hash_seed_and_locale(repository: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pyevents_codegen.generate import generate;"
        "generate(Path('schemas'), 'shop.events', Path(sys.argv[1]), Path(sys.argv[1], 't.sh'))"
    )
    found = []
    for seed, locale in (("1", "C"), ("2", "C.UTF-8")):
        root = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", code, str(root)], cwd=repository, env=environment, check=True)
        found.append({path.name: path.read_bytes() for path in sorted(root.rglob("*.*")) if path.suffix != ".json"})
        found[-1]["catalog.json"] = (root / "shop" / "events" / "catalog.json").read_bytes()
    assert found[0] == found[1]
    assert all(b"\r" not in content and content.endswith(b"\n") for content in found[0].values())


def test_module_that_no_contract_gives_any_more_is_removed_and_others_are_left(workshop: Workshop) -> None:
    workshop.schemas.add("match.created")
    workshop.generate()
    own = workshop.package / "own.py"
    own.write_text("# mine\n")
    shutil.rmtree(workshop.schemas.path / "match.created")
    assert "match.py" in {Path(finding.file).name for finding in workshop.check()}
    assert [path.name for path in workshop.generate().removed] == ["match.py"]
    assert own.exists()


def test_hand_edited_file_is_stale_and_mended(workshop: Workshop) -> None:
    workshop.generate()
    path = workshop.package / "patient.py"
    right = path.read_text()
    path.write_text(right.replace("vorname", "first_name"))
    (found,) = workshop.check()
    assert found.rule == "generated-stale"
    assert "vorname" in right.splitlines()[found.line - 1]
    assert "pyevents generate" in found.remedy
    assert workshop.generate().written == (path,)
    assert path.read_text() == right


def test_missing_file_is_stale_and_mended(workshop: Workshop) -> None:
    workshop.generate()
    workshop.script.unlink()
    (found,) = workshop.check()
    assert "missing" in found.message
    workshop.generate()
    assert workshop.check() == []


def test_what_check_found_to_be_current_is_not_rendered_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.generate()
    shutil.rmtree(workshop.package / "__pycache__")
    before = workshop.files()
    assert workshop.check() == []
    monkeypatch.delattr(render, "module")
    assert workshop.check() == []
    assert workshop.files() == before
    (workshop.package / "patient.py").write_text("# Generated by `pyevents generate`\n")
    assert len(workshop.check()) == 1


def test_damaged_memory_is_no_reason_to_believe_anything(workshop: Workshop) -> None:
    workshop.generate()
    (memory,) = workshop.package.joinpath("__pycache__").glob("pyevents-*.json")
    memory.write_bytes(memory.read_bytes()[:-20])
    (workshop.package / "patient.py").write_text("# Generated by `pyevents generate`\n")
    assert [Path(finding.file).name for finding in workshop.check()] == ["patient.py"]


def test_union_that_a_class_cannot_hold_is_reported_in_every_run(workshop: Workshop) -> None:
    union = {"oneOf": [{"type": "object", "properties": {name: {"type": "integer"}}} for name in "ab"]}
    workshop.schemas.write("patient.created/1.0.json", {**PAYLOAD, "properties": {**PAYLOAD["properties"], "x": union}})
    for _ in range(2):
        (warning,) = workshop.generate().warnings
        assert (warning.rule, warning.severity, warning.pointer) == ("union-blurred", "warning", "/properties/x")
        assert warning.line > 1


def test_wrong_schema_folder_changes_no_file(workshop: Workshop) -> None:
    workshop.generate()
    before = workshop.files()
    workshop.schemas.write("patient.created/1.0.json", "{")
    with pytest.raises(SchemaFolderInvalid):
        workshop.generate()
    with pytest.raises(SchemaFolderInvalid):
        workshop.check()
    assert workshop.files() == before


def test_no_temporary_file_stays(workshop: Workshop) -> None:
    workshop.generate()
    assert [path for path in workshop.root.rglob(".*") if path.is_file()] == []


def test_classes_are_imported_when_they_are_asked_for(workshop: Workshop) -> None:
    workshop.schemas.add("match.created")
    workshop.generate()
    code = (
        "import sys, shop.events; print(sorted(m for m in sys.modules if m.startswith('shop.events.')));"
        "shop.events.MatchCreated; print(sorted(m for m in sys.modules if m.startswith('shop.events.')));"
        "print(dir(shop.events)); from shop.events import *; print(PatientCreated.__module__)"
    )
    assert workshop.run(code).splitlines() == [
        "[]",
        "['shop.events.match']",
        "['MatchCreated', 'PatientCreated']",
        "shop.events.patient",
    ]


def test_unknown_class_is_an_attribute_error(workshop: Workshop) -> None:
    workshop.generate()
    code = "import shop.events; print(hasattr(shop.events, 'PatientCreatd'))"
    assert workshop.run(code) == "False\n"


def test_event_of_an_entity_with_a_keyword_as_name_is_importable(workshop: Workshop) -> None:
    workshop.schemas.add("import.started")
    workshop.generate()
    assert (
        workshop.run("from shop.events import ImportStarted; print(ImportStarted.__module__)")
        == "shop.events.import_\n"
    )


def test_folder_without_contracts_gives_an_empty_package(workshop: Workshop) -> None:
    shutil.rmtree(workshop.schemas.path / "patient.created")
    workshop.generate()
    assert workshop.run("import shop.events; print(shop.events.__all__)") == "[]\n"


def test_platforms_generated_files_are_current(repository: Path, platform: Folder) -> None:
    script = repository / "docker" / "kafka" / "create-topics.sh"
    wanted = plan(platform, "pyevents.events", repository, script).files
    stale = [path.name for path, content in wanted.items() if path.read_bytes() != content]
    assert stale == []
    modules = {path for path in repository.joinpath("pyevents", "events").iterdir() if path.name != "__pycache__"}
    assert modules == wanted.keys() - {script}
