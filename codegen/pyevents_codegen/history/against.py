"""Finds the earlier state that `--against` names: a folder, a wheel, or a git revision. Touches no network."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

import msgspec

from pyevents.catalog import FORMAT, Catalog
from pyevents.errors import PyEventsError
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.history.lock import read_lock
from pyevents_codegen.history.past import Past, of_catalog
from pyevents_codegen.history.texts import present
from pyevents_codegen.load import load_folder

__all__ = ["EarlierStateMissing", "earlier"]

_LARGEST = 256 * 1024 * 1024  # bytes of one catalog or of one tree of contracts
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


class EarlierStateMissing(PyEventsError):
    """What `--against` names cannot be read; nothing was compared."""

    def __init__(self, against: str, problem: str, remedy: str) -> None:
        super().__init__(f"--against {against}: {problem}. {remedy}")


def earlier(schemas: Path, against: str) -> Past:
    """Return the state that `against` names.

    A state with a `released.lock` binds by what that lists; one without binds by everything that it has.

    Args:
        schemas: The present schema folder; a git revision is looked for in its repository, under the same path.
        against: A folder (of contracts, or one with `schemas/` in it), a wheel with a generated package, or anything
            that git knows as a revision.

    Raises:
        EarlierStateMissing: There is no such state here, or it cannot be read.
    """
    path = Path(against)
    if path.is_dir():
        return _folder(path if (path / "topics.toml").exists() else path / "schemas", against)
    if path.suffix == ".whl":
        return _wheel(path, against)
    with tempfile.TemporaryDirectory(prefix="pyevents-against-") as place:
        return _revision(schemas, against, Path(place))


def _folder(schemas: Path, against: str) -> Past:
    try:
        past = present(load_folder(schemas), against)
    except SchemaFolderInvalid as error:
        first = error.findings[0]
        where = first.file.removeprefix(f"{schemas.as_posix()}/")
        problem = f"its contracts cannot be read by this release: {where}: {first.message}"
        raise EarlierStateMissing(against, problem, "Compare with a state that `pyevents check` accepts.") from None
    lock = read_lock(schemas)
    if isinstance(lock, Finding):
        raise EarlierStateMissing(against, f"its released.lock: {lock.message}", lock.remedy)
    return past.only(lock) if lock.contracts else past


def _wheel(path: Path, against: str) -> Past:
    found = {}
    try:
        with zipfile.ZipFile(path) as wheel:
            for entry in wheel.infolist():
                if entry.filename.endswith("/catalog.json") and entry.file_size <= _LARGEST:
                    catalog = msgspec.json.decode(wheel.read(entry), type=Catalog)
                    if catalog.format == FORMAT:
                        found.update(of_catalog(against, catalog).contracts)
    except FileNotFoundError:
        raise EarlierStateMissing(against, "there is no such file", "Download the wheel first.") from None
    except (OSError, zipfile.BadZipFile, msgspec.DecodeError, NotImplementedError) as error:
        raise EarlierStateMissing(against, f"it is no readable wheel: {error}", "Download it again.") from None
    if not found:
        problem = "no generated package of a format that this release reads is in it"
        raise EarlierStateMissing(against, problem, "Name the wheel that holds catalog.json.")
    return Past(against, found)


def _revision(schemas: Path, against: str, place: Path) -> Past:
    inside = _git(schemas, against, "rev-parse", "--show-prefix")
    if inside.returncode:
        problem = f"it is no folder and no wheel, and {schemas.as_posix()} is in no git repository"
        raise EarlierStateMissing(against, problem, "Correct the name, or compare with a folder.")
    commit = _git(schemas, against, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{against}^{{commit}}")
    if commit.returncode:
        raise EarlierStateMissing(against, *_absent(schemas, against))
    prefix = inside.stdout.decode().strip().rstrip("/")
    revision = commit.stdout.decode().strip()
    if prefix and not _git(schemas, against, "ls-tree", "--full-tree", revision, prefix).stdout:
        return Past(against, {})
    packed = _git(schemas, against, "archive", "--format=tar", revision)  # of this folder, paths from here
    if packed.returncode:
        problem = "its files are not in this clone"
        raise EarlierStateMissing(against, problem, f"Run `{_fetch(against)}` first.")
    if len(packed.stdout) > _LARGEST:
        raise EarlierStateMissing(against, "its contracts are larger than 256 MiB", "Compare with a smaller state.")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(place, filter="data")
    return _folder(place, against)


def _git(schemas: Path, against: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(schemas), *arguments], capture_output=True, check=False, env={**os.environ, **_QUIET}
        )
    except FileNotFoundError:
        raise EarlierStateMissing(against, "git is not installed", "Install it, or compare with a folder.") from None


def _absent(schemas: Path, against: str) -> tuple[str, str]:
    """Say why git does not know a revision: a shallow clone lacks history or branches, and can be deepened."""
    shallow = _git(schemas, against, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if not shallow:
        return "git knows no such revision here", f"Correct the name, or run `{_fetch(against)}` first."
    held = int(_git(schemas, against, "rev-list", "--count", "HEAD").stdout or b"0")
    if steps := re.fullmatch(r"(?:HEAD|@)(?:~([0-9]+)|(\^+))", against):
        needed = 1 + (int(steps[1]) if steps[1] else len(steps[2]))
        problem = f"this clone is shallow: it holds a depth of {held}, and {against} needs {needed}"
        return problem, f"Run `git fetch --depth={needed} origin` first (in CI: fetch-depth: {needed})."
    problem = f"this clone is shallow (depth {held}) and does not hold it; a depth of 1 is enough"
    return problem, f"Run `{_fetch(against)}` first."


def _fetch(against: str) -> str:
    if branch := re.fullmatch(r"origin/([\w./-]+)", against):
        return f"git fetch --depth=1 origin {branch[1]}:refs/remotes/{against}"
    if re.fullmatch(r"[0-9a-f]{40}", against):
        return f"git fetch --depth=1 origin {against}"
    if re.fullmatch(r"v?[0-9][\w.-]*", against):
        return f"git fetch --depth=1 origin tag {against}"
    return "git fetch --unshallow origin"
