"""Write what is generated: the pages about rules and commands, and what README.md shows of what argofix prints. The
picture in it needs a browser; where there is none, it stays and that is said."""

from __future__ import annotations

import asyncio
import sys

from docs import changes, commands, coverage, picture, readme, rules


def main() -> None:
    changes.PAGE.write_text(changes.page(), encoding="utf-8")
    commands.PAGE.write_text(commands.page(), encoding="utf-8")
    coverage.PAGE.write_text(coverage.page(), encoding="utf-8")
    rules.PAGE.write_text(rules.page(), encoding="utf-8")
    readme.PAGE.write_text(readme.page(readme.PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        asyncio.run(picture.make())
    except RuntimeError as error:
        sys.stderr.write(f"{error}; it is left as it is\n")


if __name__ == "__main__":
    main()
