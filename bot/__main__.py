"""`argofix` and `python -m bot`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bot.cli.arguments import parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status of the contract (argparse itself exits with 2)."""
    arguments = parser().parse_args(argv)
    from bot.cli.checkout import CannotRun
    from bot.cli.commands import run
    from bot.cli.terminal import say
    from bot.renderer import RendererMissing

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


if __name__ == "__main__":
    sys.exit(main())
