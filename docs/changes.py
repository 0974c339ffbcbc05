"""`docs/changes.md` out of what the rows of the table of dangers declare, and of what is known about deletions."""

from __future__ import annotations

from pathlib import Path

from bot.formats.changes.sources import address
from checks.changes.block import Block
from checks.changes.catalogue import OTHERS, Reason, name_of
from checks.changes.declaration import Danger
from checks.changes.table import rows
from gitops.facts.deletions.model import Why

PAGE = Path(__file__).parent / "changes.md"

_HEAD = """\
# What merging changes

<!-- Written by `make docs` from checks/changes/ and gitops/facts/deletions/; a test holds it fresh. -->

    argofix diff [PATH] [--base REV] [--application NAME]... [--format text|markdown|html|json]

tells what a change does to the clusters once it is merged: both commits are rendered, and compared by what Argo
CD makes of them. `--base` is the commit to compare with. Without it that is where the branch began: the branch
that a pull request of GitHub or GitLab goes into, else what it has in common with the default branch of `origin`
(or `upstream`); for what is not committed yet the last commit, and else the commit before it. `--application`
(repeatable) shows only what concerns Applications of these names. Exit status: 0, or 1 when `block` is `yes`, or
2 when it cannot run.

- **Most dangerous first.** Each object is told once, with a sentence for each thing that is to be known of it and
  where that is written: a file and line of Argo CD v3.5.1, or a page of Kubernetes' documentation.
- **Manifests field by field.** Lists whose items have keys (containers, ports, environment variables) are compared by
  those, so another order is no change; a ConfigMap or Secret under its next hash is the same one, and references to
  it are no changes; files that move are none. Labels and checksums that each bump of a chart touches
  (`helm.sh/chart`, `app.kubernetes.io/version`, `checksum/*`) are folded. Equal changes in many Applications are
  told once, and so is what goes in one Application and comes in one other: it moves, and only what differs is
  shown.
- **Secret values never appear**, only that one changed. Values in places whose names speak of passwords, tokens
  or keys are hidden too, as are credentials in addresses and Secrets inside other manifests.
- **What was not analysed is told as such**, since nobody knows what it deletes.

## What is held back

`block` is `yes` where a merge deletes what carries data or deletes an Application together with all it owns,
`ask` where a person should have looked (a custom resource whose controller may keep data, something that cannot
be analysed, a sync that fails, Pods or roles that may do more than before), else `no`. Deletions that are not
`no` hold a merge back until somebody has allowed exactly this set; its `digest` is another one as soon as the set is,
or what one of it takes along. Such a word counts on that pull request into that branch, for as long as whoever gave
it may push and our answer to it stands: deleting the answer takes it back at once. What
[`changes.allow`](configuration.md#changesallow) names passes.

## What to merge first

Argo CD goes by what is live: the sync options of the object, the finalizer of the Application. What comes in the
same commit as a deletion comes too late for it. So where a merge is held back, edits of the base are tried that are
to be merged before it, and are shown with what was seen: that they delete nothing themselves, and what the change
no longer deletes after them. An ApplicationSet gets `preserveResourcesOnDeletion`; objects that carry data get
`Prune=false,Delete=false`, which is also the first step of handing one over to another Application, or
`Prune=confirm,Delete=confirm` where they are to go and a person is to be asked when it comes to it (Argo CD 2.14
and newer; an older one that is known from the repository gets no such advice). What is written by a template or a
generator, or in one line of JSON, is not edited.

## `--format json`

One object, described by [a JSON Schema](changes.schema.json). Fields may be added, and none is renamed or taken out.

| field | what it holds |
| --- | --- |
| `schema` | 1 |
| `commit`, `base` | SHAs; `commit` is null for a working tree with changes |
| `empty` | whether nothing at all changes |
| `block` | `yes`, `ask` or `no`: the worst of `tell` |
| `digest` | the name of the set of deletions that is held back; null for none, and with `--application` |
| `tell` | what becomes of each object, the most dangerous first; see below |
| `applications` | those that come, go or change: `name`, `namespace`, `root`, `change` (`comes`, `goes`, \
`changes`), \
`destination`, `declared` (`what`, `before`, `after`), `not_analysed` (`before`, `after`: why, or null), `resources` |
| `applications[].resources` | changed manifests: `group`, `kind`, `namespace`, `name`, `change`, `hook`, \
`renamed`, \
`folded`, `diff` (lines of a unified diff) |
| `remedies` | what to merge first: `title`, `steps`, `diff` (for `git apply` on the base), `settles` (objects), \
`left` (how many deletions are left), `proof` |
| `live` | `compared` (how many live objects were), `not_seen` (why others were not); null where no cluster \
was asked |
| `applicationsets` | `name`, `namespace`, `root`, `change`, `makes` (`comes`, `goes`, `changes`: names; \
`stays`: a \
count), `unknown` (why not all is known, or null) |

Each entry of `tell`:

| field | what it holds |
| --- | --- |
| `verdict` | see below |
| `application` | the Application that brings the object; `""` for an Application that nothing or an \
ApplicationSet makes |
| `applicationset` | the ApplicationSet that makes the object, or `""` |
| `group`, `kind`, `namespace`, `name`, `cluster` | the object |
| `block` | what this one asks for |
| `say` | all sentences about it |
| `reasons` | the sentences one by one: `rule`, `sentence`, `source`, `block` |
| `to` | the Application that takes it over, or null |
| `path`, `line` | where it is written, or null |
| `fields` | what changes in it: `path`, `before`, `after` (absent where there is no value) |
| `live_differs` | those of its fields that are otherwise in the cluster already; see [clusters](clusters.md) |

## Verdicts

| `verdict` | what becomes of the object |
| --- | --- |
| `application-deleted` | an Application that is deleted |
| `deleted` | Argo CD deletes it |
| `recreated` | it is deleted and made again under the same name |
| `handed-over` | another Application brings it from now on; whether that is a race is said |
| `unknown` | what becomes of it, or of what it owns, cannot be told |
| `by-hand` | it is deleted when a person syncs with `--prune`, or confirms |
| `stays` | nobody brings it any more, and it is left alone |
| `sync-fails` | the change cannot be applied |
| `ineffective` | the change is applied and does nothing |
| `changed` | it changes in place |
| `comes` | it is new |

## Why something goes, stays or cannot change

Each sentence about these has the name as its `rule`.

| rule | why | source |
| --- | --- | --- |
"""
_OTHERS = """
## What else is said

| rule | what it finds | what then happens | source |
| --- | --- | --- | --- |
"""
_DANGERS = """
## Dangers in what comes or changes

One row is one entry of `ROWS` in a module of `checks/changes/dangers/`. `asks` is its `block` where an object
changes.

| rule | what it finds | what then happens | asks | source |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    return "".join([_HEAD, *map(_why, Why), _OTHERS, *map(_other, OTHERS), _DANGERS, *map(_danger, rows())])


def _why(why: Why) -> str:
    return f"| `{name_of(why)}` | {_cell(why.text)} | {_source(why.source)} |\n"


def _other(reason: Reason) -> str:
    return f"| `{reason.id}` | {_cell(reason.summary)} | {_cell(reason.effect)} | {_source(reason.source)} |\n"


def _danger(row: Danger) -> str:
    asks = {Block.YES: "yes", Block.ASK: "ask", Block.NO: "no"}[row.block]
    effect = f"{row.effect[0].upper()}{row.effect[1:]}."
    return f"| `{row.id}` | {_cell(row.summary)} | {_cell(effect)} | {asks} | {_source(row.source)} |\n"


def _source(source: str) -> str:
    url = address(source)
    if not url:
        return _cell(source)
    shown = source.removeprefix("argo-cd v3.5.1, ") if not source.startswith("https://") else url.split("/")[2]
    return f"[{_cell(shown)}]({url})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
