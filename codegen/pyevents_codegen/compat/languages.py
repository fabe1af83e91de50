"""Owns proving that every text of some expressions and lengths is a text of another; matches no message.

The two validators read expressions differently in places: what `\\d`, `\\w`, `\\s` and `.` hold beyond ASCII, and
whether `$` stands before a last line feed. So a character here is a cell: a code point with one of the memberships
that some reading gives it, and every proof is made for both readings of `$`. What is not read alike otherwise
(lookarounds, back references, word boundaries, classes inside classes) is not read at all.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as grammar  # type: ignore[attr-defined]
from typing import Any, NamedTuple

__all__ = ["Language", "disjoint", "expression", "length", "texts", "within"]

_MOST = 4_000  # sets of states looked at in one proof
_LONGEST = 600  # repetitions and lengths that are counted out
_TIME_S = 0.1
_ODD = re.compile(r"\\[pPcbBAZzGkKXRQEux0-9]|\(\?|\[[^\]]*(?:\[|&&|--|~~)|\{,|\[\]|\[\^\]")
_WORD = {*range(48, 58), *range(65, 91), *range(97, 123), 95}


class _Cell(NamedTuple):
    """Characters that no expression at hand tells apart, in one reading of the classes."""

    point: int
    digit: bool
    word: bool
    space: bool
    dot: bool


class _Unreadable(Exception):
    """The expression is not read alike by both validators, or is too large."""


@dataclass
class Language:
    """A set of texts as an automaton: edges without a character, with the start or end as condition, and with one."""

    free: list[list[int]] = field(default_factory=list)
    at_start: list[list[int]] = field(default_factory=list)
    at_end: list[list[int]] = field(default_factory=list)
    reads: list[list[tuple[Any, int]]] = field(default_factory=list)
    bounds: set[int] = field(default_factory=set)
    searching: bool = True

    def state(self) -> int:
        if len(self.free) > 20 * _LONGEST:
            raise _Unreadable
        for edges in (self.free, self.at_start, self.at_end, self.reads):
            edges.append([])
        return len(self.free) - 1

    def closure(self, states: Iterable[int], *, start: bool = False, end: bool = False) -> frozenset[int]:
        seen = set(states)
        pending = list(seen)
        while pending:
            state = pending.pop()
            for edges in (self.free, self.at_start if start else None, self.at_end if end else None):
                for target in edges[state] if edges else ():
                    if target not in seen:
                        seen.add(target)
                        pending.append(target)
        return frozenset(seen)

    def begin(self) -> frozenset[int]:
        return self._settled(self.closure((0,), start=True))

    def after(self, states: frozenset[int], cell: _Cell, lenient_end: bool) -> frozenset[int]:
        if 1 in states and self.searching:
            return states  # found: whatever follows
        reached = {target for state in states for member, target in self.reads[state] if _member(member, cell)}
        if lenient_end and cell.point == 10 and self.searching and 1 in self.closure(states, end=True):
            reached.add(2)  # `$` before a last line feed
        if self.searching:
            reached.add(0)
        return self._settled(self.closure(reached))

    def accepts(self, states: frozenset[int]) -> bool:
        return 1 in states or 2 in states or 1 in self.closure(states, end=True)

    def _settled(self, states: frozenset[int]) -> frozenset[int]:
        return frozenset((1,)) if self.searching and 1 in states else states


@lru_cache(maxsize=512)
def expression(pattern: str) -> Language | None:
    """Return the texts in which *pattern* occurs; None where the two validators may read it differently."""
    if _ODD.search(pattern.replace(r"\\", "")):
        return None
    made = Language()
    try:
        tree = grammar.parse(pattern)
        for _ in range(3):
            made.state()  # 0 begins, 1 is found, 2 is found before a last line feed
        made.free[_grown(made, tree, 0)].append(1)
    except (re.error, _Unreadable, ValueError, RecursionError, OverflowError):
        return None
    return made


def length(least: int, most: int | None) -> Language | None:
    """Return all texts of *least* to *most* characters; None where that is more than can be counted out."""
    if max(least, most or 0) > _LONGEST:
        return None
    made = Language(searching=False)
    for _ in range(3):
        made.state()
    here = 0
    for place in range(most if most is not None else least):
        if place >= least:
            made.free[here].append(1)
        following = made.state()
        made.reads[here].append((None, following))
        here = following
    made.free[here].append(1)
    if most is None:
        made.reads[here].append((None, here))
    return made


def texts(values: Iterable[str]) -> Language:
    """Return the language of just these texts."""
    made = Language(searching=False)
    for _ in range(3):
        made.state()
    for value in values:
        here = 0
        for character in value:
            following = made.state()
            _read(made, here, (op.LITERAL, ord(character)), following)
            here = following
        made.free[here].append(1)
    return made


def within(some: list[Language], others: list[Language]) -> bool:
    """Say whether every text in all of *some* provably is in at least one of *others*; False proves nothing."""
    return bool(some) and all(_within(some, others, lenient) for lenient in (False, True))


def disjoint(some: list[Language]) -> bool:
    """Say whether provably no text is in all of *some*; False proves nothing."""
    return within(some, [])


def _within(some: list[Language], others: list[Language], lenient: bool) -> bool:
    until = time.monotonic() + _TIME_S
    cells = list(_cells(some + others))
    every = some + others
    start = tuple(language.begin() for language in every)
    seen, pending = {start}, [start]
    while pending:
        here = pending.pop()
        accepted = [language.accepts(states) for language, states in zip(every, here, strict=True)]
        if all(accepted[: len(some)]) and not any(accepted[len(some) :]):
            return False
        for cell in cells:
            there = tuple(language.after(states, cell, lenient) for language, states in zip(every, here, strict=True))
            if all(there[: len(some)]) and there not in seen:
                seen.add(there)
                pending.append(there)
        if len(seen) > _MOST or time.monotonic() > until:
            return False
    return True


def _cells(languages: list[Language]) -> Iterator[_Cell]:
    bounds = sorted({0, 10, 11, 128, 0x110000, *(bound for language in languages for bound in language.bounds)})
    for low, high in pairwise(bounds):
        if high <= 128:
            known = set()
            for point in range(low, high):
                for cell in _readings(point):
                    if cell[1:] not in known:
                        known.add(cell[1:])
                        yield cell
        else:
            for classes in ((False, False, False), (False, True, False), (True, True, False), (False, False, True)):
                yield _Cell(low, *classes, True)
                yield _Cell(low, *classes, False)


def _readings(point: int) -> Iterator[_Cell]:
    digit, word = 48 <= point < 58, point in _WORD
    space = point in (9, 10, 11, 12, 13, 32)
    yield _Cell(point, digit, word, space, point != 10)
    if point == 13:
        yield _Cell(point, digit, word, space, False)
    if 28 <= point < 32:
        yield _Cell(point, digit, word, True, True)


def _grown(made: Language, tree: Any, here: int) -> int:
    for code, argument in tree:
        here = _step(made, code, argument, here)
    return here


def _step(made: Language, code: Any, argument: Any, here: int) -> int:
    following = made.state()
    if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
        _read(made, here, (code, argument), following)
    elif code is op.BRANCH:
        for branch in argument[1]:
            made.free[_grown(made, branch, here)].append(following)
    elif code is op.SUBPATTERN and not argument[1] and not argument[2]:
        made.free[_grown(made, argument[3], here)].append(following)
    elif code in (op.MAX_REPEAT, op.MIN_REPEAT):
        _repeated(made, argument, here, following)
    elif code is op.AT and argument is op.AT_BEGINNING:
        made.at_start[here].append(following)
    elif code is op.AT and argument is op.AT_END:
        made.at_end[here].append(following)
    else:
        raise _Unreadable
    return following


def _repeated(made: Language, argument: Any, here: int, following: int) -> None:
    least, most, inner = argument
    if least > _LONGEST or (most is not op.MAXREPEAT and most > _LONGEST):
        raise _Unreadable
    for _ in range(least):
        here = _grown(made, inner, here)
    if most is op.MAXREPEAT:
        loop = made.state()
        made.free[here].append(loop)
        made.free[_grown(made, inner, loop)].append(loop)
        made.free[loop].append(following)
        return
    for _ in range(most - least):
        made.free[here].append(following)
        here = _grown(made, inner, here)
    made.free[here].append(following)


def _read(made: Language, here: int, member: Any, following: int) -> None:
    code, argument = member
    for kind, value in argument if code is op.IN else [(code, argument)]:
        if kind in (op.LITERAL, op.NOT_LITERAL):
            made.bounds |= {value, value + 1}
        elif kind is op.RANGE:
            made.bounds |= {value[0], value[1] + 1}
    made.reads[here].append((member, following))


def _member(member: Any, cell: _Cell) -> bool:
    if member is None:
        return True
    code, argument = member
    if code is op.LITERAL:
        return bool(cell.point == argument)
    if code is op.NOT_LITERAL:
        return bool(cell.point != argument)
    if code is op.ANY:
        return cell.dot
    if code is op.RANGE:
        return bool(argument[0] <= cell.point <= argument[1])
    if code is op.CATEGORY:
        return _category(argument, cell)
    negated = argument[0][0] is op.NEGATE
    return any(_member(part, cell) for part in argument[negated:]) != negated


def _category(category: Any, cell: _Cell) -> bool:
    table = {
        op.CATEGORY_DIGIT: cell.digit,
        op.CATEGORY_NOT_DIGIT: not cell.digit,
        op.CATEGORY_WORD: cell.word,
        op.CATEGORY_NOT_WORD: not cell.word,
        op.CATEGORY_SPACE: cell.space,
        op.CATEGORY_NOT_SPACE: not cell.space,
    }
    return table[category]
