"""`docs/commands.md` out of the commands' declarations."""

from __future__ import annotations

from pathlib import Path

from bot.queue.allowance import ALL, PERIOD
from handlers.comments.answering import MOST
from handlers.comments.command import Permission
from handlers.comments.registry import commands
from handlers.comments.written import PREFIX

PAGE = Path(__file__).parent / "commands.md"

_HEAD = """\
# Slash commands

<!-- Written by `make docs` from handlers/commands/; a test holds it fresh. -->

Written in a comment on a pull request or an issue. On an issue, and on a closed pull request, they are about the
default branch.

| command | what it does | who |
| --- | --- | --- |
"""
_TAIL = f"""
## How they are read

- A command stands at the start of a line of ordinary text, and its arguments are split as a shell does: quote
  what has blanks in it. What GitHub shows as a quote (a line that directly continues one, too), a list, a table,
  code or an HTML comment is not obeyed, nor what stands inside `<details>` or `<blockquote>`.
- Several may stand in one comment; {MOST} are obeyed, and the same one once. An edit asks only for the commands
  that it adds. A command that is taken back before its turn is not obeyed. Bots never are.
- argofix reacts with 👀 when it has read them, then answers in one comment and reacts with 🚀, or with 😕 when
  something was not understood, not allowed or not possible.
- Whatever is delivered twice is done once and answered once. What a crash interrupted is done after the restart.

## Who may use them

Everybody who can comment may use those that only read. The others need the role write, maintain or admin, or a
custom role that includes write, of whoever wrote the command (or edited it in); GitHub is asked at that moment.
argofix never pushes to a fork, whoever asks: it says what it would do.

For people without write access a commit is evaluated anew (`check`) once in {PERIOD / 60:.0f} minutes, and {ALL}
questions are answered in that time, `help` not counted. What they ask for comes after the repository's pull requests.
"""


def page() -> str:
    """The whole page."""
    who = {Permission.READ: "everybody", Permission.WRITE: "write access"}
    rows = [f"| `{PREFIX} {each.usage}` | {each.help} | {who[each.permission]} |\n" for each in commands()]
    return "".join([_HEAD, *rows, _TAIL])
