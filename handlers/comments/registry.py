"""Finding the commands: every module of `handlers/commands/` holds one, as `COMMAND`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

import handlers.commands
from handlers.comments.command import Command
from handlers.comments.usage import Arguments, BadArguments, Usage, split

_FIRST = "help"


@cache
def commands() -> tuple[Command, ...]:
    """Every command by name, `help` first. Raises `TypeError` for one that is not named after its module, and
    `ValueError` for a usage that cannot be read."""
    found: list[Command] = []
    for info in pkgutil.iter_modules(handlers.commands.__path__):
        module = importlib.import_module(f"handlers.commands.{info.name}")
        command = getattr(module, "COMMAND", None)
        if not isinstance(command, Command) or command.name != info.name or command.usage.split()[0] != info.name:
            raise TypeError(f"{module.__name__} holds no COMMAND of that name")
        Usage.parse(command.usage)
        found.append(command)
    return tuple(sorted(found, key=lambda command: (command.name != _FIRST, command.name)))


@dataclass(frozen=True, slots=True)
class Understood:
    command: Command
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """`why` is a sentence without a full stop; `command` is the one that was meant, `sure` when it was written so."""

    why: str
    command: Command | None
    sure: bool


def understand(text: str) -> Understood | NotUnderstood:
    """What stands behind `/argofix` as a command with its arguments; nothing at all asks for help."""
    by_name = {command.name: command for command in commands()}
    name = text.split(maxsplit=1)[0] if text else _FIRST
    command = by_name.get(name)
    if command is None:
        near = difflib.get_close_matches(name.lower(), by_name, 1, 0.5) if len(name) < 40 else []
        return NotUnderstood(f"There is no command `{name}`", by_name[near[0]] if near else None, sure=False)
    try:
        return Understood(command, Usage.parse(command.usage).read(split(text)[1:]))
    except BadArguments as error:
        return NotUnderstood(str(error), command, sure=True)
