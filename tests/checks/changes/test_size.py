"""Large changes: what is looked into, what that costs, and what is read of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.formats.changes import html, markdown
from bot.formats.changes import text as text_
from checks.changes.firewall import firewall_of
from checks.changes.view import Changes, changes_of
from checks.policy.file import Policy
from gitops.facts.deletions.world import World
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import deployment, one_app, snapshot
from tests.gitops.facts.deletions.stage import PVC, obj
from tests.growth import assert_grows_with
from tests.scenarios import Files


def many(count: int, changed: int) -> Files:
    files: dict[str, str] = {}
    for number in range(count):
        files |= one_app(deployment(replicas=2 if number < changed else 1), name=f"a{number}")
    return files


def test_deletions_are_looked_for_only_where_something_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    owned = World.owned

    def counting(self: World, *given: object) -> object:
        looked.append("")
        return owned(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(World, "owned", counting)

    def steps(count: int) -> int:
        base, head = snapshot(many(count, 0)), snapshot(many(count, 1))
        looked.clear()
        changes_of(base, head, Policy())
        return len(looked)

    assert steps(4) == steps(40) > 0


def different(count: int) -> Changes:
    """So many Applications, each of which loses a claim and changes in a way of its own."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for number in range(count):
        name = f"application-{number:04}"
        long = {f"key-{i}": "x" * 200 for i in range(10)}
        settings = [obj("ConfigMap", "settings", data={**long, "own": f"{number}-{side}"}) for side in "ab"]
        before |= one_app(PVC, settings[0], name=name)
        after |= {path: text for path, text in one_app(PVC, settings[1], name=name).items() if "/0.yaml" not in path}
    return changes(before, after)


def test_a_comment_about_many_applications_fits_and_begins_with_what_is_worst() -> None:
    found = different(200)
    text = markdown.render(found, str)
    assert len(text.encode()) <= markdown.MOST
    assert text.startswith("**Merging this:** 200 objects deleted, 200 objects changed.")
    assert text.index("### Not to be merged unseen") < text.index("### Manifests")
    assert "`PersistentVolumeClaim application-0000/data`" in text and "and 187 more" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert 1 + text.count("\n# ConfigMap application-") == 200 and "left out" not in text


def test_where_not_all_fits_what_differs_in_the_same_fields_is_told_in_short() -> None:
    """The first one as a whole, of the others the lines that differ; of what comes the names."""
    before, after = each_its_own(400)
    for number in range(400):
        after = {**after, **one_app(obj("ConfigMap", f"new-{number}", data={"a": "x" * 300}), name=f"b{number}")}
    text = markdown.render(changes(before, after), str, 30_000)
    assert len(text.encode()) <= 30_000
    assert "<details><summary>ConfigMap a0/settings changes in a0</summary>" in text
    assert "\n# ConfigMap a10/settings in a10\n-  own: 10-a\n+  own: 10-b\n# " in text
    assert "\n+ ConfigMap b10/new-10 in b10\n+ " in text
    assert "of 399 more × ConfigMap change in the same fields, each to values of its own" in text
    assert "more × ConfigMap come, by their names" in text


def test_what_fits_is_shown_as_a_whole() -> None:
    text = markdown.render(changes(*each_its_own(8)), str)
    assert text.count("<details>") == 8 and "more ×" not in text


def test_what_changes_alike_in_many_applications_is_told_once_with_all_their_names() -> None:
    def side(*, heals: bool) -> Files:
        files: dict[str, str] = {}
        for number in range(60):
            settings = obj("ConfigMap", "settings", data={"heals": str(heals)})
            files |= one_app(settings, name=f"a{number}", sync={"automated": {"selfHeal": heals}})
        return files

    found = changes(side(heals=False), side(heals=True))
    text = markdown.render(found, str)
    assert text.count("@@ ") == 1 and len(text) < 3_000
    assert "<summary>60 × ConfigMap change alike in 60 Applications</summary>" in text
    assert "and 48 more: self-heal `off` → `on`" in text
    for whole in (text, text_.render(found), html.render(found, None, None)):
        assert all(re.search(rf"\ba{number}\b", whole) for number in range(60))
    small = markdown.render(found, str, len(text.encode()) + 100)
    assert "and 30 more.\n" in small and len(small) < len(text)


def test_what_one_page_has_no_room_for_stands_on_the_next() -> None:
    found = different(20)
    room = len(markdown.render(found, str, 5_500).encode()) - 100  # where all of them fit in short
    first, second, third = markdown.pages(found, str, (room, 20_000, 9_000), rest="the page has everything")
    assert (len(first.encode()) <= room, len(second.encode()) <= 20_000, third) == (True, True, "")
    shown = [
        re.findall(r"ConfigMap (application-\d+)/settings", page.partition("### Manifests")[2])
        for page in (first, second)
    ]
    assert sorted(shown[0] + shown[1]) == sorted(set(shown[0] + shown[1])) and shown[0]
    assert len(shown[0] + shown[1]) == 20
    assert first.endswith(f"{len(shown[1])} more changes are below; the page has everything.")
    assert markdown.pages(different(2), str, (60_000, 60_000))[1] == ""


def test_every_smaller_room_holds_less_and_nothing_half() -> None:
    found = different(40)
    sizes = [len(markdown.render(found, str, most).encode()) for most in (60_000, 20_000, 4_000)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[1] <= 20_000 and sizes[2] <= 4_000


def alike(count: int) -> tuple[Files, Files]:
    return many(count, 0), many(count, count)


def each_its_own(count: int) -> tuple[Files, Files]:
    sides: list[dict[str, str]] = [{}, {}]
    for number in range(count):
        for side, own in zip(sides, "ab", strict=True):
            side |= one_app(obj("ConfigMap", "settings", data={"own": f"{number}-{own}"}), name=f"a{number}")
    return sides[0], sides[1]


def renamed(count: int) -> tuple[Files, Files]:
    """Of each Application one object goes and another one comes."""
    sides: list[dict[str, str]] = [{}, {}]
    for number in range(count):
        for side, own in zip(sides, "ab", strict=True):
            side |= one_app(obj("ConfigMap", f"settings-{own}", data={"a": "b"}), name=f"a{number}")
    return sides[0], sides[1]


def gone(count: int) -> tuple[Files, Files]:
    return many(count, 0), {path: text for path, text in many(count, 0).items() if "a0" in path}


@pytest.mark.parametrize("change", [alike, each_its_own, renamed, gone])
def test_telling_a_change_of_everything_grows_with_it(change: Callable[[int], tuple[Files, Files]]) -> None:
    """What a comment holds is bounded, and what is looked at for it is not held against everything else."""

    def telling(count: int) -> Callable[[], object]:
        base, head = map(snapshot, change(count))

        def told() -> None:
            found = changes_of(base, head, Policy())
            firewall_of(found, Policy())
            markdown.render(found, str)

        return told

    assert_grows_with(telling, 12)
