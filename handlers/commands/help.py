"""`/argofix help`"""

from __future__ import annotations

from bot.formats.writing.markdown import code, table
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.written import PREFIX


async def run(asked: Asked) -> Reply:
    rows = [(code(f"{PREFIX} {command.usage}"), command.help, _who(command)) for command in asked.commands]
    return Reply(
        f"{table(('command', 'what it does', 'who'), rows)}\n\nA command stands at the start of a line; several may "
        "stand in one comment."
    )


def _who(command: Command) -> str:
    return "everybody" if command.permission is Permission.READ else "write access"


COMMAND = Command("help", "help", "Lists the commands.", Permission.READ, run, evaluates=False)
