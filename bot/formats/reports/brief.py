"""`argofix check`: findings in a few lines each, the worst first, and once what is the same for many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.formats.reports.verbose import danger, resources
from bot.formats.writing.lines import STYLES, Line, line
from bot.formats.writing.sentences import LAST, QUOTED, Sentence, fitted, repeated, split
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.wording import DOUBT, listed, plural

MOST_LINES = 4  # of one finding
# Lines below the head, of errors and of others. Errors always say what is wrong.
DENSITIES = ((3, 3), (2, 2), (2, 1), (1, 1), (1, 0))

_INDENT = 9
_PLACES = 3
_SHARED = 4  # sentences that are told once
_SHARED_LINES = 3
_RESOURCES = 3
# What gets its place first: danger, what to do, what is wrong.
_DANGER, _ADVICE, _WRONG, _MORE_ADVICE, _MORE = range(5)


class Brief:
    """Groups of findings, in the order in which they are read, as they are told in a few lines each."""

    def __init__(self, evaluation: Evaluation, groups: Sequence[Sequence[Finding]], width: int) -> None:
        self._groups = groups
        self._width = width
        self._danger = {id(group): danger(evaluation, group) for group in groups}
        texts = [_told(group[0]) for group in groups]
        counts = repeated([text for text in told if not text.startswith((DOUBT, QUOTED))] for told in texts)
        self._shared: dict[str, list[Finding]] = {sentence: [] for sentence in list(counts)[:_SHARED]}
        for group, told in zip(groups, texts, strict=True):
            for sentence in dict.fromkeys(told):
                if sentence in self._shared:
                    self._shared[sentence].append(group[0])
        doubts = [(text, group[0]) for group, told in zip(groups, texts, strict=True) for text in _doubts(told)]
        self._doubted = len(doubts) > 1
        if self._doubted:
            known = {text for text, _ in doubts}
            text = known.pop() if len(known) == 1 else f"{DOUBT.rstrip(': ')}; `--verbose` tells from where."
            self._shared[text] = [first for _, first in doubts]

    def findings(self, density: tuple[int, int]) -> Iterator[Line]:
        """Each with its head and at most so many lines below it."""
        for group in self._groups:
            yield from self.finding(group, density)

    def finding(self, group: Sequence[Finding], density: tuple[int, int]) -> Iterator[Line]:
        """One of them, see `findings`."""
        first = group[0]
        most = density[first.severity is not Severity.ERROR]
        yield head(first)
        width = self._width - _INDENT
        command = first.topic.commands if most > 1 and "\n" not in first.topic.commands else ""
        sentences = self._sentences(group, command)
        others = elsewhere(group)
        places = "" if command or others else _places(first, sentences, width)
        # Where else to look is worth a line, unless what to do would be cut for it.
        needed = fitted([one for one in sentences if one.rank <= _ADVICE], width, most)
        room = max(most - bool(command) - bool(others), 1 if most else 0)
        if places and len(needed) < room:
            room -= 1
        else:
            places = ""
        for piece in fitted(sentences, width, room):
            yield line((" " * _INDENT + piece, ""))
        yield from others
        if command or places:
            yield line((" " * _INDENT + (command or places), "green" if command else "cyan"))

    def shared(self) -> Iterator[Line]:
        """What several findings say, once."""
        for sentence, findings in self._shared.items():
            rules = listed(list(dict.fromkeys(finding.rule for finding in findings)), 2)
            told = Sentence(f"{len(findings)} of them ({rules}): {sentence}", 0, 0)
            for piece in fitted([told], self._width, _SHARED_LINES):
                yield line((piece, ""))

    def _sentences(self, group: Sequence[Finding], command: str) -> list[Sentence]:
        """What stands below the head."""
        first = group[0]
        here = f"At {first.span}: "
        told: list[tuple[str, int]] = []
        for at, text in enumerate(self._own(split(first.topic.message))):
            rank = LAST if text.startswith((DOUBT, QUOTED)) else _MORE if at else _WRONG
            told.append((_capital(text.removeprefix(here)), rank))
        if len({finding.resource for finding in group if finding.resource is not None}) > 1:
            told.extend((f"{names}.", LAST) for names in resources(group, _RESOURCES))
        for at, text in enumerate(self._own(split(first.topic.advice))):
            told.append((text, LAST if text.startswith(QUOTED) else _MORE_ADVICE if at > 1 else _ADVICE))
        if self._danger[id(group)]:
            told.append((self._danger[id(group)], _DANGER))
        if first.topic.commands and not command:
            lines = first.topic.commands.count("\n") + 1
            told.append((f"({plural('line', lines)} to paste: --verbose)", _ADVICE))
        return [Sentence(text, rank, at) for at, (text, rank) in enumerate(told)]

    def _own(self, sentences: Sequence[str]) -> list[str]:
        """Without what is told once for many."""
        return [
            text
            for text in sentences
            if text not in self._shared and not text.endswith(":") and not (self._doubted and text.startswith(DOUBT))
        ]


def head(first: Finding) -> Line:
    """How grave, where, what, by which rule; never broken, so that the place can be copied."""
    return line(
        (f"{first.severity.value:<9}", STYLES[first.severity]),
        (str(first.span), "cyan"),
        (f"  {first.topic.title}", "bold"),
        (f"  [{first.rule}{', fixable' if first.fix is not None else ''}]", "dim"),
    )


def elsewhere(group: Sequence[Finding]) -> list[Line]:
    """The places of the others that are told with the first, in a line; of errors every one."""
    places = list(dict.fromkeys(str(finding.span) for finding in group if finding.span != group[0].span))
    if not places:
        return []
    most = len(places) if group[0].severity is Severity.ERROR else _PLACES
    return [line((" " * _INDENT + f"also {listed(places, most)}", "cyan"))]


def _told(first: Finding) -> list[str]:
    # What ends in a colon only leads on to the command, which stands by itself here.
    return [text for text in (*split(first.topic.message), *split(first.topic.advice)) if not text.endswith(":")]


def _doubts(sentences: Sequence[str]) -> list[str]:
    return [text for text in sentences if text.startswith(DOUBT)][:1]


def _capital(text: str) -> str:
    """As a sentence begins; a path is called as it is."""
    first = text.partition(" ")[0]
    return text if "/" in first or "." in first.rstrip(".") else text[:1].upper() + text[1:]


def _places(first: Finding, sentences: Sequence[Sentence], width: int) -> str:
    """Where else to look, without what is named already; as many as fit into a line, and one in any case."""
    said = " ".join(sentence.text for sentence in sentences)
    spans = dict.fromkeys(str(related.span) for related in first.related if related.span != first.span)
    own = [span for span in spans if span not in said]
    for most in range(_PLACES, 0, -1):
        text = f"see {listed(own, most)}"
        if own and (len(text) <= width or most == 1):
            return text
    return ""
