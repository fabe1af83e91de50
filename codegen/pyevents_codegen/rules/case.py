"""What a rule looks at: one contract with its parsed versions and examples, and facts about the folder as a whole.

Everything is read and walked once, and shared by all rules.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from pyevents_codegen import references
from pyevents_codegen.examples import Example
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.origin import in_avro
from pyevents_codegen.pointer import escape
from pyevents_codegen.rules.style import style
from pyevents_codegen.source import Source

__all__ = ["Case", "Facts", "Node", "Problem", "Seen", "types_of"]

_PARTIAL = frozenset(
    {"allOf", "contains", "dependencies", "dependentSchemas", "else", "if", "not", "propertyNames", "then"}
)


class Problem(Struct, frozen=True):
    """A breach of a rule; without a remedy of its own it has the rule's."""

    source: Source
    pointer: str
    message: str
    remedy: str = ""


class Node(Struct, frozen=True):
    """One subschema.

    `name` is the field's, where it is a field's own schema; `partial` says that it only adds to what is said elsewhere
    of the same value, or is no value's schema at all.
    """

    pointer: str
    schema: dict[str, Any]
    name: str | None
    partial: bool


class Seen:
    """One version of a contract, walked."""

    def __init__(self, version: PayloadVersion, examples: Iterable[Example | Finding]) -> None:
        self.version = version
        self.root = version.view
        self.nodes = tuple(_walk(version.view, "", None, False))
        self.examples = tuple(example for example in examples if isinstance(example, Example))

    def problem(self, node: Node | str, message: str, remedy: str = "") -> Problem:
        """Return a problem at a subschema, or at a pointer into the view; in Avro at the field that it comes from."""
        pointer = node if isinstance(node, str) else node.pointer
        source = self.version.source
        if self.version.format == "avro":
            pointer = in_avro(source.value, pointer)
        return Problem(source, pointer, message, remedy)

    @property
    def fields(self) -> Iterator[Node]:
        """Every field, at every depth."""
        return (node for node in self.nodes if node.name is not None)

    @property
    def values(self) -> Iterator[Node]:
        """Every subschema that says all there is to say of a value."""
        return (node for node in self.nodes if not node.partial and "$ref" not in node.schema)


class Facts:
    """What a rule may want to know of the whole folder; found out when it is first asked for."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    @cached_property
    def field_style(self) -> str:
        """The style in which most fields of the folder are named."""
        counts: Counter[str] = Counter()
        for contract in self.folder.contracts:
            for version in contract.versions[-1:]:
                counts.update(found for name in version.view.get("properties", {}) if (found := style(name)))
        return max(sorted(counts), key=lambda found: counts[found], default="snake_case")

    @cached_property
    def on_topic(self) -> Mapping[str, list[ContractFolder]]:
        """Contracts by topic."""
        found: defaultdict[str, list[ContractFolder]] = defaultdict(list)
        for contract in self.folder.contracts:
            found[contract.topic].append(contract)
        return found

    @cached_property
    def entities(self) -> Mapping[str, list[str]]:
        """Spellings of an entity, the most used one first, by the letters that they share."""
        counts = Counter(contract.event_type.partition(".")[0] for contract in self.folder.contracts)
        found: defaultdict[str, list[str]] = defaultdict(list)
        for entity in sorted(counts, key=lambda entity: (-counts[entity], len(entity), entity)):
            found[entity.replace("_", "").removesuffix("s")].append(entity)
        return found


class Case:
    """One contract, ready to be judged."""

    def __init__(self, facts: Facts, contract: ContractFolder, versions: tuple[Seen, ...]) -> None:
        self.facts = facts
        self.contract = contract
        self.versions = versions

    @property
    def nodes(self) -> Iterator[tuple[Seen, Node]]:
        """Every subschema of every version; likewise `fields` and `values`."""
        return ((seen, node) for seen in self.versions for node in seen.nodes)

    @property
    def fields(self) -> Iterator[tuple[Seen, Node]]:
        """See `nodes`."""
        return ((seen, node) for seen in self.versions for node in seen.fields)

    @property
    def values(self) -> Iterator[tuple[Seen, Node]]:
        """See `nodes`."""
        return ((seen, node) for seen in self.versions for node in seen.values)

    def problem(self, pointer: str, message: str, remedy: str = "") -> Problem:
        """Return a problem with `contract.toml`."""
        return Problem(self.contract.source, pointer, message, remedy)


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types that `type` names; none where it says nothing."""
    named = schema.get("type", ())
    return frozenset([named] if isinstance(named, str) else named)


def _walk(schema: Any, pointer: str, name: str | None, partial: bool) -> Iterator[Node]:
    if not isinstance(schema, dict):
        return
    yield Node(pointer, schema, name, partial)
    for keyword, token, child in references.children(schema):
        below = f"{pointer}/{keyword}" if token is None else f"{pointer}/{keyword}/{escape(token)}"
        field = token if keyword == "properties" else None
        yield from _walk(child, below, field, partial or keyword in _PARTIAL)
