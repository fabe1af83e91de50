"""How long a backtracking engine (Java, Python, most others) may try a regular expression. Pure text to text.

An engine tries every way in which a text can match. Where a loop can read one text in two ways, the number of ways is
exponential in its length; where two loops one after the other can share a text, it is polynomial. Both are properties
of the position automaton (Weber and Seidl, On the degree of ambiguity of finite automata, 1991):

    exponential   a state comes back to itself by two different paths that read the same text
    polynomial    states p and q, p to p, p to q and q to q by paths that read the same text

A counted repeat of at least `_MANY` counts as a loop for the first, and not for the second:
`^[a-z]{1,50}[a-z0-9]{1,50}$` is harmless. An expression without `^` is tried from every place, which is a loop in front
of it. Lookarounds and backreferences are passed over: another rule refuses them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any, Literal, NamedTuple

from pyevents_codegen.compat.characters import LAST, Letters, letters, shared
from pyevents_codegen.compat.patterns import parsed

__all__ = ["Growth", "growth"]

Growth = Literal["linear", "polynomial", "exponential", "unknown"]

_MANY = 10
_POSITIONS = 300
"""Most positions of an automaton that is looked at."""

_WORK = 300_000
"""Most steps that are taken in one automaton; about a second."""


@lru_cache(maxsize=4096)
def growth(pattern: str) -> Growth:
    """Say how the work for a text that does not match grows with its length, at worst.

    `unknown` is an expression that is too long to be judged.
    """
    tree = parsed(pattern)
    if tree is None:
        return "linear"
    try:
        if _Automaton(tree, counted_loops=True).ambiguous_loop():
            return "exponential"
        return "polynomial" if _Automaton(tree, counted_loops=False).ambiguous_pair() else "linear"
    except (_TooMuch, RecursionError):
        return "unknown"


class _TooMuch(Exception):
    """The expression is too long to be judged in bounded time."""


class _Part(NamedTuple):
    """What an expression can begin and end with, and in how many ways it can be empty."""

    first: Counter[int]
    last: Counter[int]
    empty: int


_NOTHING = _Part(Counter(), Counter(), 1)


class _Automaton:
    """Positions of an expression, what each reads, and in how many ways one follows another."""

    def __init__(self, tree: Any, *, counted_loops: bool) -> None:
        self.counted_loops = counted_loops
        self.letters: list[Letters] = []
        self.follow: list[Counter[int]] = []
        items = list(tree)
        anchored = bool(items) and items[0][0] is op.AT and items[0][1] in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
        start = _NOTHING if anchored else self.loop(self.reads(((0, LAST),)), 0)
        self.ends = False
        whole = self.then(start, self.sequence(items))
        if not self.ends:  # whoever gets here has matched: nothing beyond it is tried twice
            for position in whole.last:
                self.follow[position].clear()
                self.letters[position] = ()
        self.work = _WORK
        self.reach = _reach(self.follow)
        self.component = [
            next(other for other in range(one + 1) if other == one or self.both_ways(one, other))
            for one in range(len(self.follow))
        ]

    def sequence(self, items: Iterable[Any]) -> _Part:
        whole = _NOTHING
        for code, argument in items:
            whole = self.then(whole, self.part(code, argument))
        return whole

    def part(self, code: Any, argument: Any) -> _Part:
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self.reads(letters(code, argument))
        if code is op.BRANCH:
            parts = [self.sequence(branch) for branch in argument[1]]
            first, last = Counter[int](), Counter[int]()
            for part in parts:
                first.update(part.first)
                last.update(part.last)
            return _Part(first, last, sum(part.empty for part in parts))
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self.repeat(*argument)
        if code is op.SUBPATTERN:
            return self.sequence(argument[3])
        if code is op.ATOMIC_GROUP:
            return self.sequence(argument)
        if code is op.AT and argument in (op.AT_END, op.AT_END_STRING):
            self.ends = True
        return _NOTHING

    def both_ways(self, one: int, other: int) -> bool:
        return bool(self.reach[one] >> other & 1 and self.reach[other] >> one & 1)

    def reads(self, letters: Letters) -> _Part:
        if len(self.letters) == _POSITIONS:
            raise _TooMuch
        self.letters.append(letters)
        self.follow.append(Counter())
        position = Counter([len(self.letters) - 1])
        return _Part(position, position, 0)

    def repeat(self, least: int, most: Any, items: Any) -> _Part:
        endless = most is op.MAXREPEAT or (self.counted_loops and most >= _MANY)
        if endless:
            return self.loop(self.sequence(items), least)
        copies = int(most) if most < _MANY else 2
        whole = _NOTHING
        for copy in range(copies):
            one = self.sequence(items)
            whole = self.then(whole, one if copy < least else one._replace(empty=1))
        return whole

    def loop(self, part: _Part, least: int) -> _Part:
        self.join(part.last, part.first)
        return part._replace(empty=part.empty if least else 1)

    def then(self, one: _Part, other: _Part) -> _Part:
        self.join(one.last, other.first)
        first = one.first + Counter({position: count * one.empty for position, count in other.first.items()})
        last = other.last + Counter({position: count * other.empty for position, count in one.last.items()})
        return _Part(first, last, min(2, one.empty * other.empty))

    def join(self, last: Counter[int], first: Counter[int]) -> None:
        for one, ways in last.items():
            for other, more in first.items():
                self.follow[one][other] = min(2, self.follow[one][other] + ways * more)

    def ambiguous_loop(self) -> bool:
        for one, following in enumerate(self.follow):
            for other, ways in following.items():
                if ways > 1 and self.component[one] == self.component[other]:
                    return True
        pairs = [(one, one) for one in range(len(self.letters))]
        forth = _reached(pairs, lambda pair: self.steps(pair, within=pair))
        back: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for pair in forth:
            for step in self.steps(pair, within=pair):
                back.setdefault(step, []).append(pair)
        return any(one != other for one, other in _reached(pairs, lambda pair: back.get(pair, ())))

    def ambiguous_pair(self) -> bool:
        loops = [one for one in range(len(self.letters)) if self.loops(one)]
        for one in loops:
            for other in loops:
                if not self.reach[one] >> other & 1 or self.component[one] == self.component[other]:
                    continue
                found = _reached([(one, one, other)], lambda triple, ends=(one, other): self.steps(triple, ends=ends))  # type: ignore[misc]
                if (one, other, other) in found:
                    return True
        return False

    def loops(self, position: int) -> bool:
        own = self.component[position]
        return any(self.component[other] == own for other in self.follow[position])

    def steps(
        self, places: tuple[int, ...], within: tuple[int, ...] | None = None, ends: tuple[int, int] | None = None
    ) -> Iterator[tuple[int, ...]]:
        """Yield where several walkers can go by one letter that all of them read."""
        choices: list[tuple[tuple[int, ...], Letters]] = [((), ((0, LAST),))]
        for number, place in enumerate(places):
            self.work -= len(choices) * len(self.follow[place])
            if self.work < 0:
                raise _TooMuch
            kept = None
            if within:
                kept = self.component[within[0]]
            elif ends and number != 1:
                kept = self.component[ends[0] if number == 0 else ends[1]]
            choices = [
                ((*gone, step), both)
                for gone, read in choices
                for step in self.follow[place]
                if kept is None or self.component[step] == kept
                if (both := shared(read, self.letters[step]))
            ]
        for gone, _ in choices:
            yield gone


def _reached(
    start: Iterable[tuple[int, ...]], steps: Callable[[tuple[int, ...]], Iterable[tuple[int, ...]]]
) -> set[tuple[int, ...]]:
    found = set(start)
    waiting = list(found)
    while waiting:
        for step in steps(waiting.pop()):
            if step not in found:
                found.add(step)
                waiting.append(step)
    return found


def _reach(follow: list[Counter[int]]) -> list[int]:
    """Return, for every position, the set of those that can come after it, as bits."""
    reach = [sum(1 << other for other in following) for following in follow]
    for between in range(len(reach)):
        for one, found in enumerate(reach):
            if found >> between & 1:
                reach[one] = found | reach[between]
    return reach
