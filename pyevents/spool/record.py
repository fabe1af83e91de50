"""The bytes of one event in a spool: how they are written, read and found again in a damaged file; no files.

A record, all numbers little-endian:

    magic 4 | CRC-32C 4 | length 4 | position 8 | timestamp 8 | lengths of label 4, key 4, headers 4
    | label | key | headers | body

The CRC covers everything behind it, `length` counts what it covers. A key length of -1 is "no key". The label
is what all events of one version have in common: topic, event type, version, fingerprint of the schema.
The magic holds a byte that no UTF-8 text contains, so JSON bodies never imitate it. Each record bears its
position, so that a damaged neighbour never shifts it.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

from google_crc32c import value as _crc32c
from msgspec import Struct

from pyevents.label import Label

__all__ = ["Entry", "Scan", "encode", "is_torn", "scan"]

MAGIC = b"\xf7PyE"
_HEAD = struct.Struct("<4sIIQqIiI")
_COVERED = struct.Struct("<IQqIiI")
_SEAL = struct.Struct("<4sI")
_LEAST, _cover, _seal = _COVERED.size, _COVERED.pack, _SEAL.pack
_NAME = struct.Struct("<H")
_HEADER = struct.Struct("<HI")
_FINGERPRINT = 32


class Entry(Struct, frozen=True, gc=False):
    """One event as it waits: everything that is needed to send it, without the registry's id."""

    label: Label
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    """Milliseconds since 1970 in UTC."""
    body: bytes

    def __repr__(self) -> str:
        return f"Entry({self.label.topic!r}, {self.label.event_type} {self.label.version}, {len(self.body)} bytes)"


class Scan(NamedTuple):
    """What a stretch of bytes holds."""

    entries: list[tuple[int, Entry]]
    """The wanted events, by position."""
    first: int
    """Where the record of the first of them begins."""
    end: int
    """Where to go on: everything before is dealt with."""
    damage: list[tuple[int, int]]
    """Stretches (start, stop) that belong to no intact record."""
    last: int
    """The highest position seen, wanted or not; 0 if there was none."""


def encode(position: int, entry: Entry) -> bytes:
    """Return the record of *entry*.

    Raises:
        struct.error: A part is longer than its length field can say (4 GiB; 64 KiB for a name).
        ValueError: The fingerprint is not 64 hexadecimal digits.
    """
    key, body = entry.key, entry.body
    label = _packed.get(entry.label) or _pack(entry.label)
    headers = b"".join([_header(name, value) for name, value in entry.headers]) if entry.headers else b""
    if key is None:
        key, key_length = b"", -1
    else:
        key_length = len(key)
    length = _LEAST + len(label) + len(key) + len(headers) + len(body)
    lengths = _cover(length, position, entry.timestamp, len(label), key_length, len(headers))
    covered = b"".join((lengths, label, key, headers, body))
    return _seal(MAGIC, _crc32c(covered)) + covered


def scan(data: bytes, rest: int, wanted: int, limit: int) -> Scan:
    """Read the records in *data*, stepping over what is damaged.

    Stops after *limit* entries, or where a record may go on behind *data*: read more from `end` then.

    Args:
        data: A stretch of a segment; need not begin at a record.
        rest: Bytes from the start of *data* to the end of the segment; `len(data)` says that this is all.
        wanted: Records below this position are read but not returned.
        limit: Entries to return at most.
    """
    entries: list[tuple[int, Entry]] = []
    damage: list[tuple[int, int]] = []
    at = first = last = 0
    size, head, covered_from = len(data), _HEAD.size, _SEAL.size
    unpack = _HEAD.unpack_from
    while at < size and len(entries) < limit:
        if size - at >= head:
            magic, crc, length, position, timestamp, label, key, headers = unpack(data, at)
            stop = at + covered_from + length
            if magic == MAGIC and length >= _LEAST and stop <= size and _crc32c(data[at + covered_from : stop]) == crc:
                if position >= wanted:
                    entry = _decode(data, at + head, stop, timestamp, label, key, headers)
                    if entry is None:
                        damage.append((at, stop))
                    else:
                        first = first if entries else at
                        entries.append((position, entry))
                        wanted = position + 1
                if position > last:
                    last = position
                at = stop
                continue
        if _may_go_on(data, at, rest):
            break
        found = _next_candidate(data, at + 1, rest)
        damage.append((at, found))
        at = found
    return Scan(entries, first, at, damage, last)


def is_torn(tail: bytes) -> bool:
    """Say whether the end of a segment is the beginning of a record, or never-written zeros, and no more."""
    if not tail.strip(b"\0"):
        return True
    if len(tail) < _HEAD.size:
        return tail.startswith(MAGIC) or MAGIC.startswith(tail)
    return tail.startswith(MAGIC) and _SEAL.size + _HEAD.unpack_from(tail)[2] > len(tail)


def _may_go_on(data: bytes, at: int, rest: int) -> bool:
    """Whether a record that begins here may end behind *data*, but within the segment."""
    if len(data) == rest:
        return False
    there = len(data) - at
    if there < _HEAD.size:
        return MAGIC.startswith(data[at : at + 4]) if there < 4 else data.startswith(MAGIC, at)
    stop = at + _SEAL.size + int(_HEAD.unpack_from(data, at)[2])
    return data.startswith(MAGIC, at) and len(data) < stop <= rest


def _next_candidate(data: bytes, at: int, rest: int) -> int:
    """Where the next record may begin; it is looked at more closely by the caller."""
    found = data.find(MAGIC, at)
    if found >= 0:
        return found
    return len(data) if len(data) == rest else max(at, len(data) - len(MAGIC) + 1)


def _decode(data: bytes, at: int, stop: int, timestamp: int, label: int, key: int, headers: int) -> Entry | None:
    """Take apart what lies behind the head; None where a matching CRC covers something that is no event."""
    key_at = at + label
    headers_at = key_at + (key if key > 0 else 0)
    body_at = headers_at + headers
    if body_at > stop or key < -1:
        return None
    try:
        names = _unpack(data[at:key_at])
        pairs = _headers(data[headers_at:body_at]) if headers else ()
    except (struct.error, UnicodeDecodeError):
        return None
    return Entry(names, None if key < 0 else data[key_at:headers_at], pairs, timestamp, data[body_at:stop])


_packed: dict[Label, bytes] = {}  # one for each version of a contract


def _pack(label: Label) -> bytes:
    digest = bytes.fromhex(label.fingerprint)
    if len(digest) != _FINGERPRINT:
        raise ValueError(f"the fingerprint of {label.event_type} {label.version} is not a SHA-256: {len(digest)} bytes")
    names = [name.encode() for name in label[:3]]
    packed = _packed[label] = digest + b"".join(_NAME.pack(len(name)) + name for name in names)
    return packed


@lru_cache(maxsize=1024)
def _unpack(label: bytes) -> Label:
    names, at = list[str](), _FINGERPRINT
    for _ in range(3):
        (length,) = _NAME.unpack_from(label, at)
        at += _NAME.size + length
        names.append(label[at - length : at].decode())
    return Label(names[0], names[1], names[2], label[:_FINGERPRINT].hex())


def _header(name: str, value: bytes) -> bytes:
    encoded = name.encode()
    return _HEADER.pack(len(encoded), len(value)) + encoded + value


def _headers(packed: bytes) -> tuple[tuple[str, bytes], ...]:
    pairs, at = [], 0
    while at < len(packed):
        name, value = _HEADER.unpack_from(packed, at)
        at += _HEADER.size + name
        pairs.append((packed[at - name : at].decode(), packed[at : at + value]))
        at += value
    return tuple(pairs)
