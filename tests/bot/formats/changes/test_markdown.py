"""Names from a repository in the comment about changes."""

from __future__ import annotations

import re

from bot.formats.changes import markdown
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import obj


def test_a_title_that_can_be_unfolded_is_html_and_holds_no_foreign_tags() -> None:
    name = "<img src=//x/y> & [a](b) @acme `</summary>`"
    before, after = (one_app(obj("ConfigMap", name, data={"a": value})) for value in "bc")
    printed = markdown.render(changes(before, after), lambda span: "https://example.com")
    (title,) = re.findall(r"<summary>(.*?)</summary>", printed)
    assert title.startswith("ConfigMap a/&lt;img src=") and "&amp; [a](b) @\u200bacme &lt;/summary&gt;" in title
    assert "\\" not in title
