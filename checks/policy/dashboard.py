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
    "redis-persistence", "alerts", "probes", "certificates", "version-path",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`enabled` is None where the configuration does not say: `/argofix dashboard` and closing the issue do then.
    `label` is put on the issue where the repository has it."""

    enabled: bool | None = None
    label: str = ""


NOT_SAID = Dashboard()


def read_dashboard(node: yaml.Node) -> tuple[Dashboard, Problems]:
    """`dashboard: true`, or a mapping with `enabled` and `label`; (line, message) of every mistake."""
    value = to_python(node)
    if isinstance(value, bool):
        return Dashboard(value), []
    if not isinstance(value, dict):
        return Dashboard(), [
            (first_line(node), "`dashboard` must be true, false, or a mapping with `enabled`, `label`")
        ]
    problems: Problems = []
    for key, key_node, _ in items(node):
        if key not in ("enabled", "label"):
            problems.append((first_line(key_node), f"unknown key `{key}` in dashboard"))
    enabled, label = value.get("enabled", True), value.get("label", "")
    if not isinstance(enabled, bool):
        problems.append((first_line(node), "`dashboard.enabled` must be true or false"))
        enabled = None
    if not isinstance(label, str):
        problems.append((first_line(node), "`dashboard.label` must be the name of a label"))
        label = ""
    return Dashboard(enabled, label), problems


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
