"""Write what is generated: the pages about rules and commands, and the parts of README.md that show what argofix
prints."""

from __future__ import annotations

from docs import commands, readme, rules


def main() -> None:
    commands.PAGE.write_text(commands.page(), encoding="utf-8")
    rules.PAGE.write_text(rules.page(), encoding="utf-8")
    readme.PAGE.write_text(readme.page(readme.PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
