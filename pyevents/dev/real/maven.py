"""Fetching from a Maven repository by way of jgo; the one module that imports it.

Which repository that is, jgo's own configuration says. Nothing is kept here: `packages` gives a folder to
fetch into, and throws it away.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.maven import Artifact, MavenContext, PythonResolver

__all__ = ["fetch_application", "fetch_jars"]

ATTEMPTS = 3
CONNECTIONS = 6
TIMEOUT = 30
MEGABYTE = 1_000_000
LARGE = 20 * MEGABYTE

Say = Callable[[str], None]


def fetch_jars(coordinates: Iterable[str], download: Path, folder: Path, say: Say) -> None:
    """Put the jars of *coordinates*, and of all that they need at run time, into *folder*.

    Raises:
        OSError, RuntimeError, zipfile.BadZipFile: One of them could not be had whole.
    """
    context = _context(download, say)
    say("looking up what it depends on")
    inputs, others = context.resolver.resolve([context.create_dependency(each) for each in coordinates])
    needed = [each.artifact for each in inputs]
    needed += [each.artifact for each in others if each.scope in ("compile", "runtime")]
    with ThreadPoolExecutor(CONNECTIONS) as connections:
        for count, jar in enumerate(connections.map(_whole_jar, needed), 1):
            jar.rename(folder / jar.name)
            if count % 10 == 0 or count == len(needed):
                say(f"{count} of {len(needed)} packages")


def fetch_application(coordinate: str, download: Path, folder: Path, say: Say) -> None:
    """Unpack into *folder* the `tar.gz` with classifier `all` of *coordinate* (`group:artifact:version`).

    Raises:
        OSError, RuntimeError, tarfile.TarError: It could not be had whole.
    """
    group, artifact, version = coordinate.split(":")
    component = _context(download, say).project(group, artifact).at_version(version)
    packed = component.artifact(classifier="all", packaging="tar.gz").resolve()
    say("unpacking")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")


class _Persistent(PythonResolver):
    """jgo's resolver; but a broken connection is tried again, and leaves no half file behind."""

    def download(self, artifact: Artifact) -> Path | None:
        for _ in range(ATTEMPTS - 1):
            try:
                return super().download(artifact)
            except OSError:
                if artifact.cached_path is not None:
                    artifact.cached_path.unlink(missing_ok=True)
        return super().download(artifact)


def _context(download: Path, say: Say) -> MavenContext:
    resolver = _Persistent(progress_callback=lambda _, size: _progress(size, say))
    context = MavenContext(resolver=resolver, repo_cache=download, timeout=TIMEOUT)
    context.remote_repos.update(GlobalSettings.load().repositories)
    return context


def _whole_jar(artifact: Artifact) -> Path:
    """Fetch a jar and read all of it, since jgo warns of a wrong checksum but takes the file."""
    path = artifact.resolve()
    with zipfile.ZipFile(path) as jar:
        damaged = jar.testzip()
    if damaged is not None:
        raise RuntimeError(f"{artifact} arrived damaged, at {damaged}")
    return path


@contextmanager
def _progress(size: int, say: Say) -> Iterator[Callable[[int], None]]:
    """Say how far a large file is, at every tenth of it."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if size > LARGE and before * 10 // size != done * 10 // size:
            say(f"{done // MEGABYTE} of {size // MEGABYTE} MB")

    yield more
