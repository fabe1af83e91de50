"""Regular expressions: how long an engine may try them, and what engines read differently."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaError, SchemaValidator, core_schema

from pyevents_codegen.rules.backtracking import growth
from pyevents_codegen.rules.dialect import differences
from tests.suite.search import examples

EXPONENTIAL = [
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(a*)*b",
    r"^([a-z]+)*$",
    r"^(a*b*)*$",
    r"^(a(x*|y*)b)*$",
    r"^(\w+\s?)*$",
    r"^([^x]*,)*x$",
    r"^([a-z]{1,30}){1,30}$",
    r"^([a-z0-9])(([-.]|[_]+)?([a-z0-9]+))*@[a-z]+$",
]
POLYNOMIAL = [
    r"[a-z]+$",
    r"\s+$",
    r"a+b",
    r"^[a-z]*[a-z]*$",
    r"^\d+\d+x$",
    r"^.*a.*b.*$",
    r"^[^@ ]+@[^@ ]+[.][^@ ]+$",
]
LINEAR = [
    "",
    r"abc",
    r"[a-z]+",
    r"^[a-z]+$",
    r"^(a|b)*c$",
    r"^(a{2})*$",
    r"^(ab|ac)*$",
    r"^.*foo.*",
    r"^[a-z0-9]+(-[a-z0-9]+)*$",
    r"^[a-z]{1,50}[a-z0-9]{1,50}$",
    r"^([a-z]{1,63}[.]){1,10}[a-z]{2,}$",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    r"^[A-Z]{2}[0-9]{2}( ?[0-9A-Z]{4}){3,7}( ?[0-9A-Z]{1,3})?$",
]


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_loop_that_reads_a_text_in_two_ways_is_exponential(pattern: str) -> None:
    assert growth(pattern) == "exponential"


@pytest.mark.parametrize("pattern", POLYNOMIAL)
def test_two_loops_that_share_a_text_are_polynomial(pattern: str) -> None:
    assert growth(pattern) == "polynomial"


@pytest.mark.parametrize("pattern", LINEAR)
def test_pattern_that_reads_every_text_in_one_way_is_linear(pattern: str) -> None:
    assert growth(pattern) == "linear"


def _ways(inner: str, longest: int) -> list[int]:
    """Return, for each length, in how many ways a loop of *inner* reads one text of a and b at most: by the definition.

    A text is read in as many ways as there are cuts of it whose parts are all read by *inner*.
    """
    read = re.compile(inner).fullmatch
    known, most = {"": 1}, [1]
    for length in range(1, longest + 1):
        for letters in itertools.product("ab", repeat=length):
            text = "".join(letters)
            known[text] = sum(known[text[:at]] for at in range(length) if read(text[at:]))
        most.append(max(known[text] for text in known if len(text) == length))
    return most


def _is_loop(inner: str) -> bool:
    """Say whether every engine reads it as repetitions; `++` and `?+` are possessive, and refused for that."""
    try:
        re.compile(f"^({inner})*$")
    except re.error:
        return False
    return "++" not in inner and "?+" not in inner


def test_verdict_on_loops_agrees_with_counting_the_ways() -> None:
    loops = [*filter(_is_loop, ("".join(one) for n in (2, 3, 4) for one in itertools.product("ab+?", repeat=n)))]
    wrong = {}
    for inner in loops:
        most = _ways(inner, 8)
        if growth(f"^({inner})*$") != ("exponential" if most[8] > most[4] else "linear"):
            wrong[inner] = f"reads one text of 4 letters in {most[4]} ways, of 8 in {most[8]}"
    assert not wrong
    assert len(loops) > 90


def test_long_patterns_are_judged_all_the_same() -> None:
    alternating = "^" + "".join(f"[{letter}]*0" for letter in "abcdefghijklmnopqrstuvwxyz") + "$"
    assert growth(alternating) == "linear"
    assert growth(f"^{'(' * 20}a{')*' * 20}$") == "exponential"
    assert growth(alternating[:-1] + "z*z*$") == "polynomial"


@pytest.mark.parametrize(
    "pattern",
    [
        f"^{'a?' * 3000}$",
        "^((((a{1,9}b){1,9}c){1,9}d){1,9}e){1,9}$",
        f"^({'|'.join(f'w{n}' for n in range(2000))})*$",
        "a" * 99_999,
    ],
    ids=["options", "nested", "words", "long"],
)
def test_pattern_that_is_too_long_to_be_judged_is_not_called_linear(pattern: str) -> None:
    assert growth(pattern) == "unknown"


@pytest.mark.parametrize("pattern", [r"^(?=a)b", r"(", r"\p{L}+x", r"(?<name>a)", r"^a{99999999}$", r"\c"])
def test_patterns_of_other_engines_raise_nothing(pattern: str) -> None:
    assert growth(pattern) in ("linear", "polynomial", "exponential", "unknown")


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (r"^\d+$", "[0-9]"),
        (r"^\w+$", "[A-Za-z0-9_]"),
        (r"^[\s]$", "Java"),
        (r"\bwort", "stand"),
        (r"^\p{L}$", "Python"),
        (r"^(?=a)b$", "lookaround"),
        (r"^(?<!a)b$", "lookaround"),
        (r"^(a)\1$", "backreference"),
        (r"^(?<name>a)$", "named"),
        (r"^(?P<name>a)$", "named"),
        (r"^(?>a)$", "atomic"),
        (r"^(?i)a$", "flags"),
        (r"^(?i:a)$", "flags"),
        (r"^a++$", "possessive"),
        (r"^a{2}+$", "possessive"),
        (r"^a\Z", "anchor"),
        (r"\Aa$", "anchor"),
        (r"^a{,3}$", "brace"),
        (r"^.$", "line breaks"),
        (r"^[[a]$", "opens another"),
        (r"^[a&&b]$", "sets"),
        (r"^[a--b]$", "sets"),
        (r"^[]a]$", "ends there"),
        (r"^\e$", "escape"),
        (r"^\Qa\E$", "escape"),
        (r"^\cA$", "ECMA"),
        (r"^\0$", "octal"),
        (r"^\v$", "vertical"),
        (r"^\u{e4}$", "four digits"),
        (r"\<a", "ends of a word"),
    ],
)
def test_what_engines_read_differently_is_told_with_what_to_write(pattern: str, part: str) -> None:
    reasons = [why for _, why in differences(pattern)]
    assert any(part in why and "; write" in why for why in reasons), reasons


@pytest.mark.parametrize(
    "pattern",
    [
        *(pattern for pattern in LINEAR if "." not in pattern.replace("[.]", "")),
        r"^[A-Za-zÄÖÜäöüß' -]{1,100}$",
        r"^[^\r\n]*$",
        r"^\x41\u00e4\t\/\$\.\-$",
        r"^(?:a|b){2,3}?$",
        r"^[a\]\[b.*+?{}()|]$",
        r"^a\{2\}$",
    ],
)
def test_what_all_engines_read_alike_is_not_told(pattern: str) -> None:
    assert not list(differences(pattern))


TEXTS = [
    *(
        "",
        "a",
        "b",
        "ab",
        "abab",
        "aab-",
        "A",
        "Z9",
        "0",
        "7",
        "42",
        "_",
        " ",
        "\t",
        "-",
        ".",
        "a.b",
        "a-b",
        "[",
        "]",
        "{2}",
    ),
    *(
        "ä",
        "ß",
        "é",
        "٣",
        "٤٢",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\x0b",
        "\x08",
        "\x00",
        "\r",
        "a\rb",
        "a\nb",
        "😀",
        "\\",
        "$",
        "Qa",
        "aE",
    ),
]


def read_by(pattern: str) -> dict[str, Any]:
    """Return what Python, Rust's regex and ECMA 262 (as jsonschema-rs has it) make of a pattern, text by text."""
    found: dict[str, Any] = {"Python": None, "Rust": None, "ECMA 262": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            python = re.compile(pattern)
            found["Python"] = [python.search(text) is not None for text in TEXTS]
        except re.error:
            pass
    try:
        rust = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
        found["Rust"] = [rust.isinstance_python(text) for text in TEXTS]
    except SchemaError:
        pass
    try:
        ecma = jsonschema_rs.Draft7Validator({"pattern": pattern}, validate_formats=True)
        found["ECMA 262"] = [ecma.is_valid(text) for text in TEXTS]
    except (jsonschema_rs.ValidationError, ValueError):
        pass
    return found


def assert_read_alike(pattern: str) -> None:
    found = read_by(pattern)
    first = found["ECMA 262"]
    for engine, answers in found.items():
        assert answers is not None, f"{engine} does not read {pattern!r}"
        differing = [text for text, ours, theirs in zip(TEXTS, answers, first, strict=True) if ours != theirs]
        assert not differing, f"{engine} and ECMA 262 differ on {pattern!r} for {differing!r}"


@pytest.mark.parametrize("pattern", [pattern for pattern in LINEAR + EXPONENTIAL if not list(differences(pattern))])
def test_what_is_not_told_is_read_alike_by_three_engines(pattern: str) -> None:
    assert_read_alike(pattern)


_PIECES = st.lists(
    st.sampled_from(
        [
            r"a",
            r"b",
            r"0",
            r"-",
            r"_",
            r"(",
            r")",
            r"[",
            r"]",
            r"{",
            r"}",
            r"|",
            r"*",
            r"+",
            r"?",
            r"^",
            r"$",
            r".",
            r"[a-z]",
            r"[^a]",
            r"{1,2}",
            r"(?:",
            r"\.",
            r"\-",
            r"\[",
            r"\]",
            r"\d",
            r"\w",
            r"\t",
            r"\x41",
            r"\u00e4",
            r"ä",
            r"&&",
            r"--",
            r"\b",
            r"\s",
            r"(?=",
            r"\/",
            r"\v",
            r"\0",
            r"\cA",
            r"\p{L}",
            r"(?i)",
            r"\Z",
            r"++",
        ]
    ),
    max_size=8,
)


@settings(max_examples=examples(1500), deadline=None, derandomize=True)
@given(_PIECES)
def test_whatever_is_a_pattern_and_not_told_is_read_alike_by_three_engines(pieces: list[str]) -> None:
    pattern = "".join(pieces)
    if read_by(pattern)["ECMA 262"] is not None and not list(differences(pattern)):
        assert_read_alike(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d$",
        r"^\w$",
        r"^\s$",
        r"^\p{L}$",
        r"^(?=a)a",
        r"^(a)\1",
        r"^(?<n>a)",
        r"^(?P<n>a)",
        r"^(?>a)",
        r"(?i)a",
        r"^a++",
        r"a\Z",
        r"a{,3}",
        r"[[a]",
        r"[a&&b]",
        r"[]a]",
        r"^\cA",
        r"\<a",
    ],
)
def test_what_is_told_is_really_read_differently(pattern: str) -> None:
    found = read_by(pattern)
    assert list(differences(pattern))
    assert len({str(answers) for answers in found.values()}) > 1, f"all read {pattern!r} as {found['Python']}"
