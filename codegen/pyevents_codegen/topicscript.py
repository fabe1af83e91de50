"""The script that creates the topics and compares a broker with `topics.toml`. It renders text and runs nothing."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from pyevents.catalog import Topic, derived_topics
from pyevents_codegen.assemble import topics
from pyevents_codegen.folder import Folder
from pyevents_codegen.render import HEADER

__all__ = ["topic_script"]


def topic_script(folder: Folder) -> str:
    """Return `create-topics.sh` (bash): idempotent, waits for the broker with a limit, fails loudly.

    It makes the topics of `topics.toml`, and those for dead letters and retries that follow from the contracts.

    It works with the topic tool of every Kafka since 2.8, as `kafka-topics` or `kafka-topics.sh`; its head says which
    variables it reads.
    """
    source = files(__package__).joinpath("template", "create-topics.sh.jinja2").read_text(encoding="utf-8")
    template = jinja2.Template(source, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environments = {name or "": _lines(folder, name) for name in (None, *sorted(folder.topics.environments))}
    return str(template.render(header=HEADER, environments=environments))


def _lines(folder: Folder, environment: str | None) -> list[str]:
    wanted = topics(folder.topics, environment)
    wanted += derived_topics(wanted, folder.contracts)
    return [" ".join([topic.name, str(topic.partitions), str(topic.replication), *_configs(topic)]) for topic in wanted]


def _configs(topic: Topic) -> list[str]:
    return [f"{key}={value}" for key, value in topic.config.items()]
