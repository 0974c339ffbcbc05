"""The documentation says what is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from checks.policy.file import parse_policy
from checks.registry import rules
from docs import changes as change_pages
from docs import commands as command_pages
from docs import readme
from docs import rules as rule_pages
from tests.project.repository import ROOT, read, tracked

PAGES = [name for name in tracked() if name.suffix == ".md"]
STALE = "run `make docs` and commit what it changes"


def test_the_rules_page_is_fresh() -> None:
    assert rule_pages.PAGE.read_text(encoding="utf-8") == rule_pages.page(), STALE


def test_the_page_about_changes_is_fresh() -> None:
    assert change_pages.PAGE.read_text(encoding="utf-8") == change_pages.page(), STALE


def test_the_commands_page_is_fresh() -> None:
    assert command_pages.PAGE.read_text(encoding="utf-8") == command_pages.page(), STALE


def test_every_rule_says_what_why_and_how() -> None:
    page = rule_pages.PAGE.read_text(encoding="utf-8")
    for rule in rules():
        assert f"### `{rule.id}`" in page
        for label in ("What it finds", "Why it matters", "Example", "How the fix is safe"):
            assert f"\n{label}: " in rule.documentation, f"{rule.id} lacks {label!r}"


def test_what_the_readme_shows_is_what_is_printed() -> None:
    text = readme.PAGE.read_text(encoding="utf-8")
    assert readme.page(text) == text, STALE
    assert all(f"<!-- {part} -->" in text for part in ("check", "fix", "help"))


def test_the_readme_begins_with_the_two_commands() -> None:
    first = read("README.md").split("\n## ")[0]
    assert re.findall(r"^    (make \w+)", first, re.MULTILINE) == ["make demo", "make test"]
    targets = re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (ROOT / page.parent / path) if path else ROOT / page
        assert linked.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(linked), f"{page}: {target}"


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_setting_is_explained() -> None:
    names = set(re.findall(r'"((?:GITHUB|ARGOFIX|QUAY)_[A-Z_]+|HOST|PORT)"', read("bot/server/settings.py")))
    table = read("docs/operations.md")
    assert names and not {name for name in names if f"`{name}`" not in table}


def test_every_key_of_the_configuration_is_explained() -> None:
    unknown = parse_policy(b"[]").problems[0].message
    keys = re.findall(r"`(\w+)`", unknown)
    page = read("docs/configuration.md")
    assert keys and not [key for key in keys if not re.search(rf"`{key}[`.]", page)]


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", read("docs/configuration.md"), re.DOTALL))
def test_every_example_of_a_configuration_is_right(example: str) -> None:
    policy = parse_policy(example.encode())
    assert not policy.problems
    assert policy != parse_policy(None)


def test_every_endpoint_is_explained() -> None:
    paths = re.findall(r'router\.add_\w+\("(/\w+)"', read("bot/server/http.py"))
    assert paths and not [path for path in paths if path not in read("docs/operations.md")]


def test_every_decision_has_its_three_parts_and_is_listed() -> None:
    decisions = [name for name in PAGES if re.fullmatch(r"docs/adr/\d{4}-[\w-]+\.md", name.as_posix())]
    numbers = sorted(int(name.name[:4]) for name in decisions)
    assert numbers == list(range(1, len(numbers) + 1))
    for name in decisions:
        text = read(name)
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], name
        title = text.partition("\n")[0].removeprefix(f"# {name.name[:4]}. ")
        assert f"- [{name.name[:4]}]({name.name}) {title}\n" in read("docs/adr/README.md"), name


ROOMS = "bot|checks|demo|docs|gitops|handlers|tests"
OURS = [name for name in tracked() if name.suffix in (".md", ".py") and name.parts[:2] != ("tests", "golden")]


def there(name: str) -> bool:
    """Whether a path or dotted name of ours leads to a file, a directory, or something in a module."""
    if "/" in name:
        return (ROOT / name).exists()
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place, rest = ROOT.joinpath(*parts[:length]), parts[length:]
        module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if module.is_file():
            return not rest or re.search(rf"\b{re.escape(rest[0])}\b", module.read_text(encoding="utf-8")) is not None
    return False


def test_what_a_page_or_a_comment_names_of_ours_is_there() -> None:
    names = {each.name for each in tracked()}
    missing = []
    for page in OURS:
        if page.name == "CHANGELOG.md":  # tells what was
            continue
        named = re.findall(rf"`((?:{ROOMS})(?:/[a-z_0-9/-]+(?:\.[a-z]+)?|(?:\.\w+)+))`", read(page))
        missing += [f"{page}: {name}" for name in named if not there(name)]
        if page.suffix == ".py":
            pages = re.findall(
                r"(?<![\w/.-])[a-z-]+\.md\b", read(page)
            )  # those of others stand there with their path
            missing += [f"{page}: {name}" for name in pages if name not in names]
    assert not missing


def rows_of(top: str) -> list[set[str]]:
    """The rooms of one floor as the map of the house names them, row by row."""
    page = read("docs/architecture.md").partition("## The house")[2].partition("\n## ")[0]
    rows = [
        set(re.findall(rf"`{top}/(\w+)/`", row.split("|")[1])) for row in page.splitlines() if row.startswith("|")
    ]
    return [row for row in rows if row]


@pytest.mark.parametrize("top", ["bot", "checks", "gitops", "handlers"])
def test_the_map_names_every_room(top: str) -> None:
    rooms = {name.parts[1] for name in tracked() if name.parts[0] == top and len(name.parts) > 2}
    assert set().union(*rows_of(top)) == rooms


@pytest.mark.parametrize("top", ["bot", "gitops"])
def test_the_map_has_the_rooms_in_the_order_that_is_held(top: str) -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each.get("containers") == [top])
    assert rows_of(top) == [set(layer.split(" | ")) for layer in layers]
