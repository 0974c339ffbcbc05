"""Names from a repository in the comment about changes."""

from __future__ import annotations

import re

from bot.formats.changes import markdown, text
from bot.formats.changes.lines import application_lines
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import MAP, PVC, app, obj
from tests.scenarios import URL


def test_a_title_that_can_be_unfolded_is_html_and_holds_no_foreign_tags() -> None:
    name = "<img src=//x/y> & [a](b) @acme `</summary>`"
    before, after = (one_app(obj("ConfigMap", name, data={"a": value})) for value in "bc")
    printed = markdown.render(changes(before, after), lambda span: "https://example.com")
    (title,) = re.findall(r"<summary>(.*?)</summary>", printed)
    assert title.startswith("ConfigMap a/&lt;img src=") and "&amp; [a](b) @\u200bacme &lt;/summary&gt;" in title
    assert "\\" not in title


def test_what_another_application_takes_over_is_told_in_a_line() -> None:
    stays = one_app(name="b", namespace="a")
    grown = obj("ConfigMap", "grown", data={"a": "b"})
    before = {**one_app(MAP, obj("ConfigMap", "other"), PVC, obj("ConfigMap", "grown")), **stays}
    after = {**one_app(), **one_app(MAP, obj("ConfigMap", "other"), PVC, grown, name="b", namespace="a")}
    found = changes(before, after)
    assert text.render(found).endswith(
        "\n2 × ConfigMap move from a to b, unchanged\n"
        "  ConfigMap a/settings and ConfigMap a/other\n\n"
        "PersistentVolumeClaim a/data moves from a to b, unchanged\n\n"
        "ConfigMap a/grown moves from a to b\n"
        "  @@ -1,4 +1,6 @@\n   apiVersion: v1\n  +data:\n  +  a: b\n   kind: ConfigMap\n"
        "   metadata:\n     name: grown\n"
    )
    printed = markdown.render(found, lambda span: "https://example.com")
    assert "\n2 × ConfigMap move from a to b, unchanged: ConfigMap a/settings and ConfigMap a/other.\n" in printed
    assert "\nPersistentVolumeClaim a/data moves from a to b, unchanged.\n" in printed
    assert "<summary>ConfigMap a/grown moves from a to b</summary>" in printed


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    def patched(image: str) -> dict[str, str]:
        patch = f"spec: {{note: {'x' * 300}, image: {image}, more: {'y' * 300}}}"
        source = {
            "repoURL": URL,
            "targetRevision": "main",
            "path": "apps/a",
            "kustomize": {"patches": [{"patch": patch}]},
        }
        return {**one_app(), "argocd/a.yaml": app("a", source=source)}

    line, _ = application_lines(changes(patched("web:1"), patched("web:2")))
    before, after = re.findall("`(…[^`]*…)`", line)
    assert before.startswith(f"…{'x' * 20}") and ", image: web:1, more: yyy" in before
    assert after == before.replace("web:1", "web:2")
