"""The code blocks of a Markdown file, and how each one that is marked runs.

A comment before the fence marks it, and nobody who reads the page sees it:

| mark | meaning |
|---|---|
| `<!-- runnable -->` | ends by itself with status 0; a Python block with test functions is run by pytest |
| `<!-- runnable: status N -->` | ends with another status |
| `<!-- runnable: until TEXT -->` | prints TEXT, and then ends with status 0 on SIGTERM |
| `<!-- not runnable: WHY -->` | is not run |

In a console block, lines after `$ ` are typed, the others are what must be among the output.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "PLATFORM", "Block", "blocks", "run", "usage_examples"]

_ROOT = Path(__file__).parents[2]
PLATFORM = _ROOT.parent / "shared/platform/kafka-configuration.md"
PAGES = [_ROOT / "README.md", _ROOT / "CONTRIBUTING.md", *sorted((_ROOT / "docs").glob("**/*.md"))]

_LANGUAGES = {"python", "console"}
_BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Block:
    """One code block and its mark."""

    place: str
    language: str
    mark: str
    code: str

    @property
    def runnable(self) -> bool:
        return self.mark.partition(":")[0] == "runnable"

    def run(self, folder: Path, environment: dict[str, str]) -> None:
        """Run it in a folder, and fail unless it does what its mark says."""
        kind, _, rest = self.mark.partition(": ")[2].partition(" ")
        status, said = run(self._command(folder), folder, environment, until=rest if kind == "until" else None)
        assert status == (int(rest) if kind == "status" else 0), f"{self.place} ended with {status}\n{said}"
        for line in [rest] if kind == "until" else self._expected():
            assert line in said, f"{self.place} does not print {line!r}\n{said}"

    def _command(self, folder: Path) -> list[str]:
        if self.language == "console":
            typed = [line[2:] for line in self.code.splitlines() if line.startswith("$ ")]
            return ["bash", "-euo", "pipefail", "-c", "\n".join(typed)]
        file = folder / "script" / "test_block.py"
        file.parent.mkdir()
        file.write_text(self.code)
        if re.search(r"^(async )?def test_", self.code, re.M):
            return [sys.executable, "-P", "-m", "pytest", "--rootdir", str(file.parent), str(file)]
        return [sys.executable, "-u", str(file)]

    def _expected(self) -> list[str]:
        lines = self.code.splitlines() if self.language == "console" else []
        return [line for line in lines if line and not line.startswith("$ ")]


def run(command: list[str], folder: Path, environment: dict[str, str], until: str | None = None) -> tuple[int, str]:
    """Run a command, ended by SIGTERM once it prints *until*; return its status and what it printed."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    limit = threading.Timer(_SECONDS, process.kill)
    limit.start()
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if until is not None and until in line:
            process.send_signal(signal.SIGTERM)
    status = process.wait()
    limit.cancel()
    return status, said


def usage_examples() -> list[str]:
    """Return the Python blocks of the section "Usage Examples" of the platform's document; none where it is not."""
    if not PLATFORM.exists():
        return []
    usage = PLATFORM.read_text().partition("## Usage Examples")[2].partition("## Resilience Patterns")[0]
    return re.findall(r"```python\n(.*?)```", usage, re.DOTALL)


def blocks(path: Path) -> Iterator[Block]:
    """Yield the blocks of a file that are Python or typed at a console."""
    text = path.read_text()
    for found in _BLOCK.finditer(text):
        if found["language"] in _LANGUAGES:
            line = text.count("\n", 0, found.start("language")) + 1
            yield Block(f"{path.name}:{line}", found["language"], found["mark"] or "", found["code"])
