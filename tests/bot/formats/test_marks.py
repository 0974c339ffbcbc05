"""What the hidden lines of our pull requests remember."""

from bot.formats.github.marks import CLOSED, closed_by_us, read_state, state_mark


def test_the_last_state_counts_and_the_closing_mark_behind_it() -> None:
    first, last = state_mark("0" * 12, "0" * 40), state_mark("1" * 12, "1" * 40)
    quoted = f"{first}\n{CLOSED}\n{last}"
    assert read_state(quoted) == ("1" * 12, "1" * 40)
    assert not closed_by_us(quoted)
    assert read_state("nothing") is None
