"""Rules on what `contract.toml` says: key, topic, and the services that send and read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyevents.errors import did_you_mean
from pyevents_codegen.references import followed
from pyevents_codegen.rules.case import Case, Problem, Seen, types_of
from pyevents_codegen.rules.rule import Rule
from pyevents_codegen.rules.style import word_set, words

__all__ = ["RULES"]

_PERSONAL = word_set(
    "address adresse anschrift birth birthday birthdate email mail fax firstname geburtsdatum geburtstag iban lastname "
    "mobil mobile nachname name phone plz ssn strasse straße street surname telefon telefonnummer telephone vorname "
    "krankenversicherungsnummer versichertennummer versicherungsnummer"
)


def _key_form(case: Case) -> Iterator[Problem]:
    forms = [(seen, _form(seen, case.contract.key)) for seen in case.versions]
    oldest, first = forms[0]
    for seen, form in forms[1:]:
        if form != first:
            message = f"the key {case.contract.key!r} has another form than in {oldest.version.text}"
            yield seen.problem(f"/properties/{case.contract.key}", message)


def _form(seen: Seen, key: str) -> tuple[Any, ...]:
    schema = followed(seen.root, seen.root["properties"][key])
    return (types_of(schema), schema.get("format"), schema.get("pattern"))


def _key_personal(case: Case) -> Iterator[Problem]:
    key = case.contract.key
    personal = sorted(_PERSONAL & set(words(key)))
    schemas = [followed(seen.root, seen.root["properties"][key]) for seen in case.versions]
    if personal and words(key)[-1] != "id":
        yield case.problem("/key", f"the key {key!r} looks like personal data ({', '.join(personal)})")
    elif any(schema.get("format") in ("email", "idn-email") for schema in schemas):
        yield case.problem("/key", f"the key {key!r} is an email address, which is personal data")


def _compacted(case: Case) -> Iterator[Problem]:
    contract, facts = case.contract, case.facts
    if "compact" not in facts.folder.topics.settings(contract.topic).cleanup_policy:
        return
    first = facts.on_topic[contract.topic][0]
    if contract.key != first.key:
        message = f"the topic is compacted, and its key in {first.event_type} is {first.key!r}, not {contract.key!r}"
        yield case.problem("/key", message)


def _services(case: Case) -> Iterator[Problem]:
    known = case.facts.folder.settings.services
    if not known:
        remedy = 'Write services = ["…"] in pyevents.toml.'
        if case.contract is case.facts.folder.contracts[0]:  # once is enough
            yield case.problem("/owner", "pyevents.toml does not say which services there are", remedy)
        return
    contract = case.contract
    named = {"/owner": contract.owner}
    named |= {f"/producers/{number}": name for number, name in enumerate(contract.producers)}
    named |= {f"/consumers/{number}": name for number, name in enumerate(contract.consumers)}
    for pointer, name in named.items():
        if name not in known:
            otherwise = "Add it to the services in pyevents.toml."
            yield case.problem(pointer, f"no service is called {name!r}", did_you_mean(name, known, otherwise))


def _owner(case: Case) -> Iterator[Problem]:
    contract = case.contract
    role, names = ("consumer", contract.consumers) if contract.kind == "command" else ("producer", contract.producers)
    if contract.owner not in names:
        message = f"the owner {contract.owner!r} is no {role} of this {contract.kind}"
        yield case.problem("/owner", message, f"Name a {role} as the owner, or add the owner to the {role}s.")


_rule = partial(Rule, category="contract")

RULES = (
    _rule(
        id="key-form",
        preset="MINIMAL",
        purpose="The key field has the same type, format and pattern in every version.",
        why="The text of the key chooses the partition; another text, and a patient's events are no longer in order.",
        fix='"patient_id": {"type": "string"} after {"type": "integer"} in 1.0  →  a new field; the key stays as it is',
        remedy="Take the change back; a new field may have another form.",
        find=_key_form,
    ),
    _rule(
        id="key-personal",
        preset="MINIMAL",
        purpose="The key is no personal data.",
        why="Keys are shown by every tool, are logged, and stay in compacted topics when the payload is long deleted.",
        fix='key = "email"  →  key = "patient_id"',
        remedy="Choose an id that means nothing outside of the platform.",
        find=_key_personal,
    ),
    _rule(
        id="topic-compacted-key",
        preset="MINIMAL",
        purpose="All contracts on a compacted topic have one key field.",
        why="Compaction keeps the newest message of each key: match 7 would delete patient 7.",
        fix='key = "match_id" beside key = "patient_id" on one compacted topic  →  a topic for each',
        remedy="Give it a topic of its own, or the same key.",
        find=_compacted,
    ),
    _rule(
        id="service-known",
        preset="STANDARD",
        purpose="Owner, producers and consumers are services that pyevents.toml lists.",
        why="Who is asked before a change is read from here; a misspelt consumer is not asked.",
        fix='consumers = ["maching-service"]  →  consumers = ["matching-service"]',
        find=_services,
    ),
    _rule(
        id="owner-role",
        preset="STRICT",
        purpose="An event is owned by one of its producers, a command by one of its consumers.",
        why="Who says what happened decides what can be said; who does the work decides what can be asked for.",
        fix='kind = "event", owner = "matching-service", producers = ["patient-service"]  →  owner = "patient-service"',
        find=_owner,
    ),
)
