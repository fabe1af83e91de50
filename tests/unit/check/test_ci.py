"""The pre-commit hook and the GitHub Action do what they say, run here as they are run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from .test_rules import FIXTURES, laid_over

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
GENERATED = ["--package", "shop.events", "--topics-script", "topics.sh"]
ACTION = ROOT / ".github/actions/check"

pytestmark = pytest.mark.slow  # each test runs the commands as processes of their own


class Repository:
    """A git repository with two contracts and what is generated from them, and the main branch at its origin."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(path.parent),
            "PRE_COMMIT_HOME": str(path.parent / "pre-commit"),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def run(self, *command: str, status: int = 0, **environment: str) -> str:
        done = subprocess.run(
            command, cwd=self.path, env=self.environment | environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == status, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def commit(self, subject: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", subject)

    def change(self, old: str, new: str) -> None:
        """Change patient.created 1.0, and generate what follows from it."""
        path = self.path / "schemas/patient.created/1.0.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def make(self) -> None:
        """Write the contracts, generate, commit, and push."""
        laid_over(self.path / "schemas", FIXTURES / "base")
        self.run("pyevents", "generate", *GENERATED)
        self.run("git", "init", "--quiet", "--initial-branch", "main")
        self.commit("contracts")
        origin = self.path.parent / "origin.git"
        self.run("git", "clone", "--quiet", "--bare", str(self.path), str(origin))
        self.run("git", "remote", "add", "origin", f"file://{origin}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository to copy: making one takes seconds."""
    repository = Repository(tmp_path_factory.mktemp("made") / "work")
    repository.path.mkdir()
    repository.make()
    return repository.path


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(made, tmp_path / "work")))


@pytest.fixture
def hooked(repository: Repository) -> Repository:
    """The repository with our hook, its environment already made: that of these tests."""
    manifest = ROOT / ".pre-commit-hooks.yaml"
    repository.run("pre-commit", "validate-manifest", str(manifest))
    (hook,) = yaml.safe_load(manifest.read_text())
    assert (hook.pop("language"), hook.pop("additional_dependencies")) == ("python", [".[codegen]"])
    hooks = [{**hook, "language": "system", "args": GENERATED}]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (repository.path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    repository.run("git", "add", "--all")
    return repository


def test_hook_passes_contracts_that_are_right(hooked: Repository) -> None:
    assert "Passed" in hooked.run("pre-commit", "run", "--all-files")


def test_hook_refuses_a_commit_that_breaks_a_rule(hooked: Repository) -> None:
    hooked.change('"maxLength": 100,', "")
    hooked.run("git", "add", "--all")
    assert "string-bounded" in hooked.run("pre-commit", "run", status=1)


def test_hook_leaves_commits_alone_that_touch_no_contract(hooked: Repository) -> None:
    hooked.commit("hook")
    (hooked.path / "README.md").write_text("Words.\n")
    hooked.run("git", "add", "--all")
    assert "no files to check" in hooked.run("pre-commit", "run")


def step(name: str) -> dict[str, Any]:
    steps = yaml.safe_load((ACTION / "action.yml").read_text())["runs"]["steps"]
    (found,) = [one for one in steps if one["name"] == name]
    assert found["shell"] == "bash" and "${{" not in found["run"], "an input is never pasted into a script"
    return dict(found)


def checked(repository: Repository, status: int, **inputs: str) -> str:
    """Run the action's check as the runner does: inputs become environment, the script goes to bash."""
    declared = yaml.safe_load((ACTION / "action.yml").read_text())["inputs"]
    given = {name: one["default"] for name, one in declared.items()} | {"against": ""}
    given |= {"package": "shop.events", "topics-script": "topics.sh"} | inputs
    found = step("Check")
    environment = {}
    for name, expression in found["env"].items():
        match = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", expression)
        assert match and match[1] in given, expression
        environment[name] = given[match[1]]
    return repository.run(
        "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"], status=status, **environment
    )


def test_action_passes_contracts_that_are_right(repository: Repository) -> None:
    assert checked(repository, 0) == ""


def test_action_annotates_the_line_that_breaks_a_rule(repository: Repository) -> None:
    repository.change('"maxLength": 100,', "")
    assert "::error file=schemas/patient.created/1.0.json,title=string-bounded,line=" in checked(repository, 1)


def test_action_compares_with_the_branch_that_the_pull_request_goes_to(repository: Repository) -> None:
    shutil.rmtree(repository.path / "schemas/patient.created")
    (repository.path / "topics.sh").unlink()
    repository.run("pyevents", "generate", *GENERATED)
    assert checked(repository, 0) == ""
    assert "title=contract-deleted" in checked(repository, 1, against="main")


def test_action_takes_inputs_as_data(repository: Repository) -> None:
    told = checked(repository, 1, schemas="$(touch evil); touch evil")
    assert "folder-missing" in told and not (repository.path / "evil").exists()


def test_action_installs_the_toolchain_that_lies_around_it(repository: Repository, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    repository.run(sys.executable, "-m", "venv", str(venv))
    (packages,) = venv.glob("lib/python*/site-packages")
    # What the package needs is here already; its own files have to come from the folder around the action.
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    action = shutil.copytree(ROOT, tmp_path / "action", ignore=shutil.ignore_patterns(".*venv*", ".git", "*.egg-info"))
    place = str(Path(action) / ".github/actions/check")
    script = step("Install")["run"]
    repository.run("bash", "-eo", "pipefail", "-c", script, PATH=path, GITHUB_ACTION_PATH=place)
    assert "fine" in repository.run("pyevents", "check", *GENERATED, PATH=path)
    assert str(packages) in repository.run("python", "-c", "import pyevents; print(pyevents.__file__)", PATH=path)


def test_workflow_checks_pull_requests_with_this_action() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    job = workflow["jobs"]["contracts"]
    assert "pull_request" in workflow[True] and job["if"] == "github.event_name == 'pull_request'"
    assert [one["uses"] for one in job["steps"]][-1] == "./.github/actions/check"
