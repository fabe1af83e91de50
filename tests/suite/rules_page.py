"""The page docs/rules.md, made from the rules themselves: `python -m tests.suite.rules_page` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyevents_codegen.rules import PRESETS, RULES

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

_HEAD = """# Rules

<!-- Made by `python -m tests.suite.rules_page`; a test keeps it current. -->

`pyevents check` judges contracts by these rules; `pyevents check --explain RULE` says one of them.

`schemas/pyevents.toml` names the preset: each holds the rules of those before it. Without the file it is STANDARD.

```toml
preset = "STRICT"
services = ["patient-service", "matching-service"]
```

A contract is excused from a rule in its `contract.toml`, with the reason; an ignore that hides nothing is told.

```toml
[ignore]
string-bounded = "Letters have no length that anybody could name."
```
"""
_ALWAYS = """## Always

Nothing works without these; they cannot be ignored.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join((_HEAD, *_presets(), _ALWAYS, *_always())) + "\n"


def _presets() -> Iterator[str]:
    for preset in PRESETS:
        yield f"## {preset}\n"
        for rule in RULES.values():
            if rule.preset == preset:
                yield f"### {rule.id}\n\n{rule.purpose} {rule.why}\n\n```text\n{rule.fix}\n```\n"


def _always() -> Iterator[str]:
    yield "| rule | what it asks for | why | example |"
    yield "|---|---|---|---|"
    for rule in RULES.values():
        if rule.preset is None:
            yield f"| {rule.id} | {_cell(rule.purpose)} | {_cell(rule.why)} | {_cell(rule.fix)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
