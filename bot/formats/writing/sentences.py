"""Sentences of findings: which are told once for many, and which fit into a few lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.formats.writing.lines import broken

_END = re.compile(r"(?<=[.])\s+(?=[A-Z`*])")
_MORE = "…"
LAST = 9
QUOTED = "The renderer said: "  # begins kustomize's own words, which stand behind ours
_WORTH_CUTTING = 30  # columns: less of a sentence tells nothing


@dataclass(frozen=True, slots=True)
class Sentence:
    """`rank` says how soon it gets its place (0 first, `LAST` only when it fits whole), `at` where it stands."""

    text: str
    rank: int
    at: int


def split(text: str) -> list[str]:
    """The sentences of a text of ours. Names in backticks are not broken, whatever they hold."""
    found: list[str] = []
    begun = ""
    for piece in _END.split(" ".join(text.split())):
        begun = f"{begun} {piece}" if begun else piece
        if begun and begun.count("`") % 2 == 0:
            found.append(begun)
            begun = ""
    return [*found, begun] if begun else found


def repeated(texts: Iterable[Iterable[str]]) -> dict[str, int]:
    """Sentences that stand in more than one of the texts, and in how many, those in most first."""
    counts: dict[str, int] = {}
    for text in texts:
        for sentence in dict.fromkeys(text):
            counts[sentence] = counts.get(sentence, 0) + 1
    return dict(sorted(((s, n) for s, n in counts.items() if n > 1), key=lambda item: -item[1]))


def fitted(sentences: Sequence[Sentence], width: int, most: int) -> list[str]:
    """At most `most` lines of `width` columns that hold the sentences of the lowest ranks, in their order.

    A sentence that does not fit is left out, and later ones may still; when nothing fits, the first is cut. `…` at
    the end says that there is more.
    """
    if most <= 0 or not sentences:
        return []
    ordered = sorted(sentences, key=lambda one: (one.rank, one.at))
    chosen: list[Sentence] = []
    left_out: list[Sentence] = []
    for sentence in ordered:
        if len(broken(f"{_joined([*chosen, sentence])} {_MORE}", width)) <= most:
            chosen.append(sentence)
        elif sentence.rank < LAST:
            left_out.append(sentence)
    if left_out and (cut := _cut(chosen, left_out[0], width, most)):
        return cut
    if not chosen:  # only what nobody would miss, and that too long
        return _cut((), ordered[0], width, most)
    return broken(f"{_joined(chosen)} {_MORE}" if left_out else _joined(chosen), width)


def _joined(sentences: Iterable[Sentence]) -> str:
    return " ".join(one.text for one in sorted(sentences, key=lambda one: one.at))


def _cut(chosen: Sequence[Sentence], more: Sentence, width: int, most: int) -> list[str]:
    """The chosen ones with as many words of one more as fit, at the end."""
    start = _joined(chosen)
    words = more.text.split(" ")
    low, high = 0, len(words)
    while low < high:  # the largest number of words that fits
        middle = (low + high + 1) // 2
        if len(broken(f"{start} {' '.join(words[:middle])}{_MORE}".strip(), width)) <= most:
            low = middle
        else:
            high = middle - 1
    told = " ".join(words[:low]).rstrip(",;:")
    if chosen and len(told) < _WORTH_CUTTING:
        return []
    return broken(f"{start} {told}{_MORE}".strip(), width)[:most]
