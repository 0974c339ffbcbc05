"""Lines with a box, and behind them what became of its tick."""

from __future__ import annotations

from bot.formats.doctor.boxes import box, subject_of
from bot.formats.doctor.shown import Shown, statuses
from bot.formats.writing.markdown import code


class Answering:
    """Of one text. An answer stands once in it, behind the first line of its key."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._left = dict(shown.answers)

    def box(self, key: str, text: str) -> str:
        """The line with the box of the key; one without it where nobody can tick any."""
        if not self._shown.boxes:
            return f"- {text}{self.answer(key)}"
        waits = key in self._shown.waiting
        begin = f"- [x] <!-- {key} -->" if waits else box(key)
        said = f". **Waiting for a free place** ({self.taken()})" if waits else ""
        return f"{begin} {text}{said}{self.answer(key)}"

    def taken(self) -> str:
        """Why there is no free place, a clause."""
        most = self._shown.max_open
        return f"all {most} are taken" if most > 1 else "there is one, and it is taken"

    def answer(self, *keys: str) -> str:
        """What became of ticks of these keys, to stand behind a line; '' where that was said."""
        said = [self._left.pop(key) for key in keys if key in self._left]
        return "".join(f" — {text}" for text in said)

    def gone(self) -> list[str]:
        """What became of ticks whose box is gone."""
        known = statuses(self._shown)
        found = {key: text for key, text in self._left.items() if key not in known}
        for key in found:
            del self._left[key]
        lines = [f"- {code(subject_of(key))}: {text}" for key, text in found.items()]
        return ["### Answers", "", *lines] if lines else []
