"""The commands of comments, one a file.

To add one, put a module `handlers/commands/NAME.py` here that holds

    COMMAND = Command(
        name="order",                     # the module's name
        usage="order [--all]",            # what follows /argofix; see `handlers.comments.usage` for how it is written
        help="One sentence that tells what it does.",
        permission=Permission.READ,       # WRITE: only for people who may push
        run=run,                          # async def run(asked: Asked) -> Reply
    )

It is found by walking this package (`handlers.comments.registry`); `/argofix help`, docs/commands.md (`make docs`)
and the reading of its arguments come from these declarations. `handlers.comments.command` says what `run` is given
and what it gives back; `handlers.comments.look` gives the evaluation that a reading command is about. A command may
be run more than once for one comment (after a crash), and must then make the same state so: whatever it makes on
GitHub is to be found again by a name or a mark. The caller handles errors: let `bot.process.errors.TemporaryError`
and `PermanentError` pass.
"""
