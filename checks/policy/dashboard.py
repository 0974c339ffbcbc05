"""Reading `dashboard` and `checklist`: the issue that shows the state of the repository, and what nobody wants there.

Whatever is wrong is told with its line, and counts as not said.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from gitops.files.documents import first_line, items, to_python

Problems = list[tuple[int, str]]

# The items of the checklist, in the order in which they are shown; `checks.judgement.checklist` says more of them.
ITEMS = (
    "renders", "redirect-loop", "starts", "scheduling", "components", "one-owner", "secret-keys",
    "redis-persistence", "alerts", "probes", "certificates", "certificate-expiry", "spread", "staging", "smoke-test",
    "version-path",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`enabled` is None where the configuration does not say: `/argofix dashboard` and closing the issue do then.
    `label` is put on the issue where the repository has it. So many fixes and additions as `max_open` says may be
    open at once; `comment_errors` asks for a comment about errors that are new on the default branch."""

    enabled: bool | None = None
    label: str = ""
    max_open: int = 5
    comment_errors: bool = False


NOT_SAID = Dashboard()
_KEYS = ("enabled", "label", "maxOpen", "comment")


def read_dashboard(node: yaml.Node) -> tuple[Dashboard, Problems]:
    """`dashboard: true`, or a mapping with the keys of `_KEYS`; (line, message) of every mistake."""
    value = to_python(node)
    if isinstance(value, bool):
        return Dashboard(value), []
    if not isinstance(value, dict):
        keys = ", ".join(f"`{key}`" for key in _KEYS)
        return Dashboard(), [(first_line(node), f"`dashboard` must be true, false, or a mapping with {keys}")]
    problems: Problems = []
    for key, key_node, _ in items(node):
        if key not in _KEYS:
            problems.append((first_line(key_node), f"unknown key `{key}` in dashboard"))

    def wrong(key: str, must: str) -> None:
        line = next(first_line(each) for name, each, _ in items(node) if name == key)
        problems.append((line, f"`dashboard.{key}` must be {must}"))

    enabled, label = value.get("enabled", True), value.get("label", "")
    most, comment = value.get("maxOpen", NOT_SAID.max_open), value.get("comment")
    if not isinstance(enabled, bool):
        wrong("enabled", "true or false")
        enabled = None
    if not isinstance(label, str):
        wrong("label", "the name of a label")
        label = ""
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        wrong("maxOpen", "a number of pull requests, 1 or more")
        most = NOT_SAID.max_open
    if comment not in (None, "errors"):
        wrong("comment", "`errors`: nothing else is worth a comment")
    return Dashboard(enabled, label, most, comment == "errors"), problems


def read_checklist(node: yaml.Node) -> tuple[Mapping[str, str], Problems]:
    """For each item that nobody wants, why: `ITEM: {not-wanted: REASON}`; (line, message) of every mistake."""
    if not isinstance(node, yaml.MappingNode):
        return {}, [(first_line(node), "`checklist` must map items to `{not-wanted: REASON}`")]
    problems: Problems = []
    found: dict[str, str] = {}
    for item, key_node, value_node in items(node):
        line, value = first_line(key_node), to_python(value_node)
        reason = value.get("not-wanted") if isinstance(value, dict) and len(value) == 1 else None
        if item not in ITEMS:
            near = difflib.get_close_matches(item, ITEMS, 1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(ITEMS)}"
            problems.append((line, f"the checklist has no item `{item}`{hint}"))
        elif value == "not-wanted":
            problems.append((line, f"`checklist.{item}` needs a reason: `{{not-wanted: REASON}}`"))
        elif not isinstance(reason, str) or not reason.strip():
            problems.append((line, f"`checklist.{item}` must be `{{not-wanted: REASON}}`"))
        else:
            found[item] = reason.strip()
    return found, problems
