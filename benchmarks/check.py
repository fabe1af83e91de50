"""How long `pyevents check` and an unchanged `pyevents generate` take as contracts grow in number.

Contracts are synthetic: 15 fields in two objects, every fourth in Avro, three versions each (a field comes, then
another), four examples a version. Files were generated before, as in a working copy; no verdict is remembered from
anywhere. `check_cpu_s` is the time of all cores together, which a busy machine blurs least. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OWN = Path(__file__).resolve().parents[1] / "schemas"
SIZES = (250, 500, 1_000)
EXAMPLE: dict[str, Any] = {
    "order_id": 7, "status": "offen", "email": "anna@example.com", "ort": "Köln", "notiz": "Bitte klingeln.",
    "betrag_cent": 1250, "bestellt_am": "2026-11-23", "bezahlt_um": "2026-11-23T07:00:00Z", "geschenk": False,
    "artikel": ["Buch", "Stift"], "adresse": {"strasse": "Hauptstraße 1", "plz": "50667", "ort": "Köln", "land": "DE"},
}  # fmt: skip


def synthesize(schemas: Path, count: int) -> None:
    """Write a schema folder with `count` event types of three versions each."""
    shutil.copytree(OWN / "envelope", schemas / "envelope")
    for name in ("topics.toml", "pyevents.toml"):
        if (OWN / name).exists():
            shutil.copy(OWN / name, schemas / name)
    for number in range(count):
        _contract(schemas / f"order{number}.placed", number)


def _contract(folder: Path, number: int) -> None:
    folder.mkdir()
    settings = {
        "summary": "An order was placed.",
        "kind": "event",
        "topic": "patient-events",
        "key": "order_id",
        "owner": "patient-service",
        "producers": ["patient-service"],
        "consumers": ["matching-service"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (folder / "contract.toml").write_text("\n".join(lines) + "\n")
    avro = number % 4 == 3
    schema = _avro(number) if avro else _json()
    for minor in range(3):
        if minor:
            words = f"Remark that version 1.{minor} brought, in the sender's words."
            _added(schema, f"bemerkung_{minor}", words)
        (folder / f"1.{minor}.{'avsc' if avro else 'json'}").write_text(
            json.dumps(schema, ensure_ascii=False, indent=2)
        )
        _examples(folder / "examples" / f"1.{minor}", minor)


def _json() -> dict[str, Any]:
    def text(most: int, words: str, **more: Any) -> dict[str, Any]:
        return {"type": "string", "maxLength": most, **more, "description": words}

    def optional(most: int, words: str, **more: Any) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": most, **more, "description": words}

    address = {
        "type": ["object", "null"], "additionalProperties": False, "description": "Where the parcel goes.",
        "properties": {
            "strasse": text(200, "Street and house number."), "ort": text(100, "Town of the address."),
            "plz": text(10, "Postcode of the address.", pattern="^[0-9A-Z -]+$"),
            "land": text(2, "Country of the address, by ISO 3166.", pattern="^[A-Z]{2}$"),
        },
    }  # fmt: skip
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Placed",
        "description": "An order was placed by a customer.",
        "type": "object",
        "additionalProperties": False,
        "required": ["order_id", "status"],
        "properties": {
            "order_id": {"type": "integer", "minimum": 1, "maximum": 9007199254740991, "description": "The order."},
            "status": {"enum": ["offen", "bezahlt", "versandt"], "type": "string", "description": "How far it is."},
            "email": optional(255, "Address that the customer is written to.", format="email"),
            "ort": optional(100, "Town of the order."),
            "notiz": optional(500, "What the customer wrote beside the order."),
            "betrag_cent": {"type": "integer", "minimum": 0, "maximum": 1000000, "description": "Price in euro cents."},
            "bestellt_am": {"type": "string", "format": "date", "description": "Day on which the order came."},
            "bezahlt_um": {"type": "string", "format": "date-time", "description": "Moment at which the money came."},
            "geschenk": {"type": "boolean", "description": "Whether the parcel is wrapped."},
            "artikel": {
                "type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 50},
                "description": "Names of what was ordered.",
            },
            "adresse": address,
        },
    }  # fmt: skip


def _avro(number: int) -> dict[str, Any]:
    def field(name: str, kind: str, words: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "type": ["null", kind], "default": None, **more, "doc": words}

    return {
        "type": "record", "name": "PlacedPayload", "namespace": f"order{number}", "doc": "An order was placed.",
        "fields": [
            {"name": "order_id", "type": "long", "minimum": 1, "maximum": 9007199254740991, "doc": "The order."},
            {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["offen", "bezahlt", "versandt"]},
             "doc": "Where the order stands."},
            field("email", "string", "Address that the customer is written to.", maxLength=255, format="email"),
            field("ort", "string", "Town that the order came from.", maxLength=100),
            field("notiz", "string", "What the customer wrote beside the order.", maxLength=500),
            field("betrag_cent", "long", "Amount in euro cents.", minimum=0, maximum=100000000),
            field("bestellt_am", "string", "Day on which the order came.", maxLength=10, format="date"),
            field("bezahlt_um", "string", "Moment at which the money came.", maxLength=40, format="date-time"),
            field("geschenk", "boolean", "Whether the parcel is wrapped."),
        ],
    }  # fmt: skip


def _added(schema: dict[str, Any], name: str, words: str) -> None:
    if "fields" in schema:
        kind = {"name": name, "type": ["null", "string"], "default": None, "maxLength": 200, "doc": words}
        schema["fields"].append(kind)
    else:
        schema["properties"][name] = {"type": "string", "maxLength": 200, "description": words}


def _examples(place: Path, minor: int) -> None:
    (place / "invalid").mkdir(parents=True)
    known = {"order_id", "status"}
    full = copy.deepcopy(EXAMPLE)
    if any(place.parents[1].glob("*.avsc")):
        full = {name: value for name, value in full.items() if name not in ("artikel", "adresse")}
    full |= {f"bemerkung_{number}": "Zum zweiten Mal." for number in range(1, minor + 1)}
    least = {name: full[name] for name in known}
    files = {
        "full.json": full, "minimal.json": least,
        "invalid/status--enum.json": least | {"status": "weg"},
        "invalid/order_id--minimum.json": least | {"order_id": 0},
    }  # fmt: skip
    for name, value in files.items():
        (place / name).write_text(json.dumps(value, ensure_ascii=False))


def measure(count: int) -> dict[str, float]:
    """Return seconds: of the same `generate` once more and of `check`; and of both cores together for the latter."""
    with tempfile.TemporaryDirectory() as place:
        synthesize(Path(place, "schemas"), count)
        arguments = ("--package", "synthetic.events", "--topics-script", "topics.sh")
        first, _ = _timed(place, "generate", *arguments)
        unchanged, _ = _timed(place, "generate", *arguments)
        check, cpu = _timed(place, "check", *arguments)
        return {"first_s": first, "unchanged_s": unchanged, "check_s": check, "check_cpu_s": cpu}


def _timed(place: str, *arguments: str) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from pyevents.cli import main; main()", *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2_000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(seconds, 2), round(cpu, 2)


def main() -> None:
    """Print the figures; exit 1 where a promise is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="Numbers of event types.")
    sizes = parser.parse_args().sizes
    figures = {}
    for size in sizes:
        figures[size] = measure(size)
        per_type = {name: round(seconds * 1000 / size, 2) for name, seconds in figures[size].items()}
        print(f"{size:6} event types × 3 versions: {figures[size]}; milliseconds a type {per_type}", flush=True)
    last = figures[sizes[-1]]
    slopes = {
        name: round((last[name] - figures[sizes[0]][name]) / (sizes[-1] - sizes[0]) * 1000, 2) if len(sizes) > 1 else 0
        for name in last
    }
    print(f"slope, milliseconds for each further type: {slopes}")
    met = last["check_s"] <= 10 and last["unchanged_s"] <= 1
    print(json.dumps({"benchmark": "check", "types": sizes[-1], **last, "slope_ms": slopes, "met": met}))
    if sizes[-1] == SIZES[-1] and not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
