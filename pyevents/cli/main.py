"""The group of all commands, and what an error becomes at the command line."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import click

from pyevents.errors import EventRefused, PyEventsError, ToolchainMissing, did_you_mean

__all__ = ["main"]

# Commands by the module that has them, so that `pyevents ls` does not import a broker's client.
_COMMANDS = {
    "check": "check",
    "compat": "compat",
    "deadletter": "deadletter",
    "demo": "demo",
    "dev": "running",
    "diff": "history",
    "doctor": "doctor",
    "generate": "toolchain",
    "ls": "contracts",
    "new": "new",
    "outbox": "outbox",
    "publish": "running",
    "registry": "registry",
    "release": "history",
    "rules": "check",
    "show": "contracts",
    "spool": "spool",
    "stack": "stack",
    "tail": "running",
    "topics": "topics",
    "validate": "contracts",
}


# By module, the extra that brings it; commands import what needs one when they are called.
_EXTRAS = dict.fromkeys(("avro", "black", "datamodel_code_generator", "isort", "jinja2", "jsonschema"), "codegen") | {
    "sqlalchemy": "sql"
}


class _Commands(click.Group):
    """Finds commands when they are called, and turns errors into a sentence and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"pyevents.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in _COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. {did_you_mean(args[0], _COMMANDS, '`pyevents -h` lists them.')}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EventRefused as error:
            _say(ctx, error, 1)
        except PyEventsError as error:
            _say(ctx, error, 2)
        except ModuleNotFoundError as error:
            extra = _EXTRAS.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            _say(ctx, ToolchainMissing(f"pyevents {ctx.invoked_subcommand}", extra), 2)
        except BrokenPipeError:
            ctx.exit(0)
        except OSError as error:  # of a path that a person gave, or of a full disk
            if error.strerror is None:
                raise
            what = f"{error.filename} cannot be used" if error.filename else "a file cannot be used"
            _say(ctx, f"{what}: {error.strerror}. Is the path right, and may this user read and write there?", 2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyevents-kafka")
def main() -> None:
    """Event contracts for Kafka: schemas are the source of truth.

    Exit status: 0 fine, 1 findings, 2 wrong use or a system that cannot be reached, 3 changes pending (where
    `plan --exit-code` asks for it).
    """
    if "" not in sys.path:
        sys.path.append("")  # for `--catalog` of a package that was generated here, and is not installed yet
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.ERROR)
    # What librdkafka says of connections is told by our own errors, in the user's words.
    logging.getLogger("pyevents.kafka.librdkafka").setLevel(logging.CRITICAL)


def _say(ctx: click.Context, error: PyEventsError | str, status: int) -> None:
    click.echo(f"error: {error}", err=True)
    ctx.exit(status)
