"""Write what is generated: `docs/rules.md`, and the parts of README.md that show what argofix prints."""

from __future__ import annotations

from docs import readme, rules


def main() -> None:
    rules.PAGE.write_text(rules.page(), encoding="utf-8")
    readme.PAGE.write_text(readme.page(readme.PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
