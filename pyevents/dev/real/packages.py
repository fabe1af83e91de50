"""The Java packages that the real servers consist of, fetched once and kept in the user's cache folder.

It owns the folders below the cache and who may write to them; how they are fetched is the business of
`maven`, what is started from them of `kafka` and `apicurio`.

A folder is filled beside its place and renamed into it when it is complete, with a manifest of the size of
every file. So a download that was interrupted, a full disk or a file that somebody deleted never looks like a
package: it is fetched again. Of two processes that need the same package, one fetches and the other waits.
"""

from __future__ import annotations

import fcntl
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from pyevents.config import cache_folder
from pyevents.errors import PyEventsError, ToolchainMissing

__all__ = ["Package", "PackagesUnavailable", "Report", "alone", "installed", "quiet"]

Report = Callable[[str], None]
"""Takes one line about the progress of something long, fit for a person."""


def quiet(_: str) -> None:
    """Report to nobody."""


class PackagesUnavailable(PyEventsError):
    """The packages of a real server could not be fetched."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"the packages of {name} could not be fetched: {problem}. "
            f"They come from the Maven repository that jgo is configured for; can it be reached from here? "
            f"`pyevents dev` without `--real` needs no network."
        )


class Package(msgspec.Struct, frozen=True):
    """What is fetched together.

    `name` says what it is, with its version, and names its folder. `coordinates` are Maven's
    `group:artifact:version`; of `kind` "jars" they are fetched with all that they depend on, of kind
    "application" there is one, published as a `tar.gz` that runs by itself.
    """

    name: str
    kind: Literal["jars", "application"]
    coordinates: tuple[str, ...]


class _Manifest(msgspec.Struct, frozen=True):
    """What a whole folder holds: the package, and its files' sizes in bytes by their path in it."""

    package: Package
    sizes: dict[str, int]


def installed(package: Package, report: Report = quiet) -> Path:
    """Return the folder of a package; fetch it first if it is not there, or not whole.

    Args:
        package: What is wanted.
        report: Hears of the progress, if there is anything to fetch.

    Raises:
        PackagesUnavailable: It could not be fetched.
        ToolchainMissing: The extra `dev` is not installed.
    """
    folder = _cache() / package.name
    if not _is_whole(folder, package):
        with alone(package.name, report):
            if not _is_whole(folder, package):
                _install(package, folder, report)
    return folder


@contextmanager
def alone(name: str, report: Report) -> Iterator[None]:
    """Hold the lock of the package *name*: no other process installs or prepares it meanwhile."""
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"{name}: another process prepares it, waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    return cache_folder() / "real"


def _install(package: Package, folder: Path, report: Report) -> None:
    fresh = folder.with_name(f"{folder.name}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        _fetch(package, fresh, report)
    except (OSError, RuntimeError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise PackagesUnavailable(package.name, str(error)) from error
    sizes = {str(path.relative_to(fresh)): path.stat().st_size for path in fresh.rglob("*") if path.is_file()}
    (fresh / "manifest.json").write_bytes(msgspec.json.encode(_Manifest(package, sizes)))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _fetch(package: Package, folder: Path, report: Report) -> None:
    try:
        from pyevents.dev.real import maven
    except ModuleNotFoundError:
        raise ToolchainMissing("`pyevents dev --real`", "dev") from None

    def say(what: str) -> None:
        report(f"{package.name}: {what}")

    download = folder / "download"
    if package.kind == "jars":
        maven.fetch_jars(package.coordinates, download, folder, say)
    else:
        maven.fetch_application(package.coordinates[0], download, folder, say)
    shutil.rmtree(download)


def _is_whole(folder: Path, package: Package) -> bool:
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=_Manifest)
        sizes = {name: (folder / name).stat().st_size for name in manifest.sizes}
    except (OSError, msgspec.DecodeError):
        return False
    return manifest.package == package and sizes == manifest.sizes
