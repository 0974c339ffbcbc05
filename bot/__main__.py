"""`argofix` and `python -m bot`."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from bot.cli.arguments import parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status that `--help` tells (argparse itself exits with 2)."""
    arguments = parser().parse_args(argv)
    from bot.cli.checkout import CannotRun
    from bot.cli.commands import run
    from bot.cli.terminal import say
    from bot.process.collector import collect_rarely
    from bot.rendering.kustomize import RendererMissing

    collect_rarely()
    try:
        return run(arguments)
    except (CannotRun, RendererMissing) as error:
        say(" ".join(str(error).split()))
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `argofix check | head`: nobody reads on, which is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from bot.process.errors import causes

        for cause in causes(error):
            said = f"{_where(cause)}: {type(cause).__name__}: {cause}"
            say(f"this is a mistake in argofix, please report it: {said}")
        return 2  # status 1 would say that there are findings


def _where(error: BaseException) -> str:
    """The last line of our own that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(Path(__file__).parent.parent)
    own = [frame for frame in frames if frame.filename.startswith(root) and "site-packages" not in frame.filename]
    if not frames:
        return "?"
    last = (own or frames)[-1]
    return f"{last.filename.removeprefix(root).lstrip(os.sep)}:{last.lineno}"


if __name__ == "__main__":
    sys.exit(main())
