"""`outbox relay` and `outbox ls`: send what services committed, and see what waits."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import click

from pyevents.cli.options import catalog_option, format_option, registry_option, servers_option
from pyevents.errors import ConfigurationInvalid

__all__ = ["outbox_command"]

database_option = click.option(
    "--database", envvar="PYEVENTS_OUTBOX_DATABASE", required=True, help="URL of SQLAlchemy, to PostgreSQL or SQLite."
)


@click.group("outbox")
def outbox_command() -> None:
    """Send and see the events that services wrote into their database."""


@outbox_command.command("relay")
@database_option
@servers_option
@registry_option
@catalog_option
def relay_command(database: str, bootstrap_servers: str | None, url: str | None, catalog: str) -> None:
    """Send until SIGTERM or SIGINT; of several relays on one database one is active."""
    engine = _engine(database)
    from pyevents.outbox import Relay

    relay = Relay(engine, bootstrap_servers, schema_registry_url=url, catalog=catalog)

    def end(number: int, frame: FrameType | None) -> None:
        relay.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    click.echo(f"relaying from {engine.url.render_as_string()}", err=True)
    relay.run()
    relay.close()
    click.echo(f"{relay.status().sent} events sent", err=True)


@outbox_command.command("ls")
@database_option
@format_option
def ls_command(database: str, form: str) -> None:
    """Say how many events wait for each topic, since when, and how many the broker refused."""
    engine = _engine(database)
    from sqlalchemy.exc import DBAPIError

    from pyevents.outbox.table import tally

    try:
        with engine.connect() as connection:
            found = tally(connection)
    except DBAPIError as error:
        remedy = "Is it running, is the URL right, and was pyevents.outbox.metadata migrated?"
        raise ConfigurationInvalid("--database", f"it gave {type(error.orig).__name__}", remedy) from None
    if form == "json":
        click.echo(json.dumps([row._asdict() for row in found], indent=2))
        return
    for topic, waiting, oldest, refused in found:
        since = f", the oldest since {datetime.fromtimestamp(oldest / 1000, UTC):%Y-%m-%d %H:%M:%S}Z" if oldest else ""
        click.echo(f"{topic}: {waiting} wait{since}; {refused} refused")
    if not found:
        click.echo("nothing waits")


def _engine(database: str) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    remedy = "Give for example postgresql+psycopg://user@host/database or sqlite:///service.db."
    try:
        return create_engine(database)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigurationInvalid("--database", "it is no URL that SQLAlchemy knows", remedy) from None
    except ImportError as error:
        raise ConfigurationInvalid("--database", f"its driver {error.name} is not installed", remedy) from None
