"""Write `docs/rules.md`."""

from __future__ import annotations

from docs.rules import PAGE, page


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
