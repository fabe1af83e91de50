"""The script that creates the topics and compares a broker with `topics.toml`. It renders text and runs nothing."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from pyevents_codegen.folder import TopicTable
from pyevents_codegen.render import HEADER

__all__ = ["topic_script"]


def topic_script(table: TopicTable) -> str:
    """Return `create-topics.sh` (bash): idempotent, waits for the broker with a limit, fails loudly.

    It works with the topic tool of every Kafka since 2.8, as `kafka-topics` or `kafka-topics.sh`; its head says which
    variables it reads.
    """
    source = files(__package__).joinpath("template", "create-topics.sh.jinja2").read_text(encoding="utf-8")
    template = jinja2.Template(source, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environments = {name or "": _lines(table, name) for name in (None, *sorted(table.environments))}
    return str(template.render(header=HEADER, environments=environments))


def _lines(table: TopicTable, environment: str | None) -> list[str]:
    lines = []
    for name in table.topics:
        settings = table.settings(name, environment)
        configs = " ".join(f"{key}={value}" for key, value in settings.config.items())
        lines.append(f"{name} {settings.partitions} {settings.replication} {configs}")
    return lines
