"""Fetching packages: whole or not at all, once for all processes. The repository is a small one in this process."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pyevents.dev.real.packages import Package, PackagesUnavailable, installed

TOOL = Package("tool-1.0", "jars", ("org.example:tool:1.0",))
SERVER = Package("server-2.0", "application", ("org.example:server:2.0",))

TOOL_JAR = "org/example/tool/1.0/tool-1.0.jar"
LIBRARY_JAR = "org/example/library/3.0/library-3.0.jar"
SERVER_ARCHIVE = "org/example/server/2.0/server-2.0-all.tar.gz"


def project(name: str, version: str, dependency: str = "") -> bytes:
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        f"<groupId>org.example</groupId><artifactId>{name}</artifactId><version>{version}</version>"
        f"<dependencies>{dependency}</dependencies></project>"
    ).encode()


def jar(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Main.class", text)
    return packed.getvalue()


def archive(text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        member = tarfile.TarInfo("lib/run.jar")
        member.size = len(text)
        files.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


LIBRARY = (
    "<dependency><groupId>org.example</groupId><artifactId>library</artifactId><version>3.0</version></dependency>"
)


class Repository:
    """A Maven repository on the loopback interface that counts what it is asked, and can break connections."""

    def __init__(self) -> None:
        self.files = {
            "org/example/tool/1.0/tool-1.0.pom": project("tool", "1.0", LIBRARY),
            "org/example/library/3.0/library-3.0.pom": project("library", "3.0"),
            TOOL_JAR: jar("tool"),
            LIBRARY_JAR: jar("library"),
            SERVER_ARCHIVE: archive("server"),
        }
        self.asked: Counter[str] = Counter()
        self.breaks: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.strip("/")
                repository.asked[path] += 1
                content = repository.files.get(path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                if repository.breaks[path]:
                    repository.breaks[path] -= 1
                    content = (content or b"")[:10]
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The only repository that jgo knows, with the cache folder of a new user."""
    repository = Repository()
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = {repository.url}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path / "cache"))
    yield repository
    repository.close()


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"manifest.json"}


def test_jars_come_with_what_they_depend_on_and_are_fetched_once(repository: Repository) -> None:
    folder = installed(TOOL)
    assert names(folder) == {"tool-1.0.jar", "library-3.0.jar"}
    repository.asked.clear()
    assert installed(TOOL) == folder
    assert not repository.asked


def test_an_application_is_unpacked_and_its_archive_not_kept(repository: Repository) -> None:
    folder = installed(SERVER)
    assert names(folder) == {"lib/run.jar"}
    assert (folder / "lib/run.jar").read_text() == "server"


@pytest.mark.parametrize("path", [TOOL_JAR, "org/example/library/3.0/library-3.0.pom"])
def test_a_connection_that_breaks_is_tried_again(repository: Repository, path: str) -> None:
    repository.breaks[path] = 2
    assert names(installed(TOOL)) == {"tool-1.0.jar", "library-3.0.jar"}
    assert repository.asked[path] == 3


def test_what_never_arrives_whole_is_not_kept_and_comes_with_the_next_try(repository: Repository) -> None:
    repository.breaks[SERVER_ARCHIVE] = 3
    with pytest.raises(PackagesUnavailable, match=r"server-2\.0"):
        installed(SERVER)
    assert names(installed(SERVER)) == {"lib/run.jar"}


def test_a_damaged_jar_is_refused(repository: Repository) -> None:
    repository.files[TOOL_JAR] = repository.files[TOOL_JAR].replace(b"tool", b"loot")
    with pytest.raises(PackagesUnavailable, match="damaged"):
        installed(TOOL)


def test_a_missing_package_is_an_error_that_names_it(repository: Repository) -> None:
    del repository.files[LIBRARY_JAR]
    with pytest.raises(PackagesUnavailable, match="library"):
        installed(TOOL)


@pytest.mark.parametrize("harm", ["deleted", "shortened"])
def test_a_folder_that_is_no_longer_whole_is_fetched_again(repository: Repository, harm: str) -> None:
    library = installed(TOOL) / "library-3.0.jar"
    if harm == "deleted":
        library.unlink()
    else:
        library.write_bytes(library.read_bytes()[:10])
    assert (installed(TOOL) / "library-3.0.jar").read_bytes() == repository.files[LIBRARY_JAR]


def test_of_two_processes_one_fetches_and_both_have_it(repository: Repository) -> None:
    fetch = (
        "from pyevents.dev.real.packages import Package, installed\n"
        "print(installed(Package('tool-1.0', 'jars', ('org.example:tool:1.0',))))"
    )
    both = [subprocess.Popen([sys.executable, "-c", fetch], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(folders) == 1
    assert names(Path(folders.pop())) == {"tool-1.0.jar", "library-3.0.jar"}
    assert repository.asked[TOOL_JAR] == 1
