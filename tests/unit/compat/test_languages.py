"""One expression holds all texts of another: proved, and never where either validator finds a text that refutes it."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator

import jsonschema_rs
import pytest

from pyevents_codegen.compat import languages
from pyevents_codegen.compat.languages import disjoint, expression, length, texts, within
from tests.suite.search import SHARE

_ATOMS = ("a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", r"\s", "(a|b)", "(ab)", "(^a|b)", "(b$|a)", "[^\\d]", "x-y")
_TEXTS = ["".join(text) for size in range(4) for text in itertools.product("ab1 \n\r_é٣\u00a0\u2028", repeat=size)]


@pytest.fixture(autouse=True)
def _in_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof may take as long as it takes: how quick the machine is at this moment is nothing that is tested here."""
    monkeypatch.setattr(languages, "_TIME_S", 60.0)


def _within(one: str, other: str) -> bool:
    inner, outer = expression(one), expression(other)
    return inner is not None and outer is not None and within([inner], [outer])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("^ab", "^a"), ("^a$", "a|b"), ("^[a-f]{2,3}$", "^[a-z]+$"), ("^[ab]$", "^a|b$"), (r"^[0-9]{5}$", r"^\d{5}$"),
        (r"^\d{5}$", r"^\d{4,6}$"), (r"^\w+$", r"^[\w-]+$"), ("^(a+)+$", "^a*$"), ("x", "x*"), ("^a?b?$", "^(a|b|ab)?$"),
        ("^([01][0-9]|2[0-3]):[0-5][0-9]$", "^[0-9]{2}:[0-9]{2}$"), ("^[a-z]+@[a-z]+$", "^[^@]+@[^@]+$"),
    ],
)  # fmt: skip
def test_what_is_contained_is_proved(one: str, other: str) -> None:
    assert _within(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("^a", "^ab"), ("^a*$", "^a+$"), ("a", "^a"), (r"^\d{5}$", "^[0-9]{5}$"), ("^.$", "^[^x]$"), ("a$", r"a\Z"),
        (r"^(?=a)a", "^b"), (r"^(a)\1$", "^b"), (r"^a\b", "^b"), (r"^\p{L}$", "^b"), ("^[[a]$", "^b"), ("(?i)a", "b"),
        ("^a{2000}$", "^b"), ("(", "a"),
    ],
)  # fmt: skip
def test_what_is_not_contained_or_not_read_alike_is_not_proved(one: str, other: str) -> None:
    assert not _within(one, other)


def test_lengths_and_lists_are_texts_too() -> None:
    pair = expression("^[ab]{2,3}")
    assert pair is not None
    assert within([pair], [length(2, None)])
    assert not within([pair], [length(2, 3)])
    assert within([pair, length(0, 2)], [length(2, 3)])
    assert within([texts(["ab", "ba"])], [pair])
    assert disjoint([pair, texts(["c", ""])])


def _expressions(rng: random.Random) -> Iterator[tuple[str, str]]:
    def drawn() -> str:
        parts = (rng.choice(_ATOMS) + rng.choice(("", "*", "+", "?", "{1,2}")) for _ in range(rng.randint(1, 3)))
        return rng.choice(("", "^")) + "".join(parts) + rng.choice(("", "$"))

    while True:
        one = drawn()
        changed = rng.choice((one.replace("$", ""), one.replace("^", ""), one.replace("+", "*"), one + "?", drawn()))
        yield (one, changed) if rng.random() < 0.7 else (changed, one)


def test_no_text_refutes_a_proof_for_either_validator(patience: float) -> None:
    proved = 0
    for one, other in itertools.islice(_expressions(random.Random(7)), int(1_000 * patience)):
        if one == other or not _within(one, other):
            continue
        proved += 1
        fast = [jsonschema_rs.Draft7Validator({"pattern": pattern}) for pattern in (one, other)]
        slow = [re.compile(pattern) for pattern in (one, other)]
        for text in _TEXTS:
            assert not slow[0].search(text) or slow[1].search(text), (one, other, text)
        for text in _TEXTS[:300]:
            assert not fast[0].is_valid(text) or fast[1].is_valid(text), (one, other, text)
    assert proved > 100 * SHARE
