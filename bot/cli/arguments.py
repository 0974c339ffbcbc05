"""Arguments of the command line. Scripts use them: some are added, none renamed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FORMATS = ("text", "concise", "github", "json", "sarif", "html")
ORDER_FORMATS = ("text", "json", "mermaid")
DIFF_FORMATS = ("text", "markdown", "html", "json")
DOCTOR_FORMATS = ("text", "json", "html")


def parser() -> argparse.ArgumentParser:
    """The parser; `command` is the subcommand's name."""
    top = argparse.ArgumentParser(
        prog="argofix",
        description="Finds Argo CD ownership and rendering mistakes in a repository, and fixes them.",
        epilog="Exit status: 0 nothing at error level, 1 findings or something left for you, 2 could not run.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="report what is wrong")
    _path(check)
    _applications(check)
    check.add_argument("--rev", help="look at this commit instead of the working tree")
    check.add_argument("--base", metavar="REV", help="compare with this commit: only what is new since fails")
    check.add_argument("--only", action="append", default=[], metavar="RULE", help="only this rule (may be repeated)")
    check.add_argument("--format", choices=FORMATS, default="text", help="how to print it (default: text)")
    check.add_argument(
        "--notices", action="store_true", help="show notices too (else counted, if there is anything graver)"
    )
    check.add_argument("--verbose", action="store_true", help="tell all of each finding, and notices, in full")
    check.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
    _offline(check)

    fix = commands.add_parser("fix", help="print the proven fixes as a unified diff")
    _path(fix)
    _applications(fix)
    fix.add_argument("--write", action="store_true", help="apply them to the working tree")
    _offline(fix)

    bump = commands.add_parser("bump", help="print a version bump of the staging overlay as a unified diff")
    _path(bump)
    bump.add_argument("--to", metavar="VERSION", help="go there (default: what quay.io and GitHub offer)")
    bump.add_argument("--component", metavar="NAME", help="only this component (default: all, with --to argo-cd)")
    bump.add_argument("--digest", metavar="sha256:...", help="the image's digest, where one is pinned")
    bump.add_argument("--chart-version", metavar="VERSION", help="the Helm chart's version that installs --to")
    bump.add_argument("--write", action="store_true", help="apply it to the working tree")

    add = commands.add_parser("add", help="print what can be added to Argo CD, or what adds it as a unified diff")
    add.add_argument("item", nargs="?", metavar="ITEM", help="what to add (default: list what there is)")
    add.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the checkout (default: .)")
    add.add_argument("--write", action="store_true", help="apply it to the working tree")
    _offline(add)

    order = commands.add_parser("order", help="print in which order to sync the Applications, and why")
    _path(order)
    _applications(order)
    order.add_argument("--format", choices=ORDER_FORMATS, default="text", help="how to print it (default: text)")
    _offline(order)

    diff = commands.add_parser("diff", help="tell what merging does to the clusters: what goes, comes and changes")
    _path(diff)
    _applications(diff)
    diff.add_argument("--rev", help="look at this commit instead of the working tree")
    diff.add_argument("--base", metavar="REV", help="compare with this commit (default: where the branch began)")
    diff.add_argument(
        "--application", action="append", default=[], metavar="NAME", help="only this one (may be repeated)"
    )
    diff.add_argument("--format", choices=DIFF_FORMATS, default="text", help="how to print it (default: text)")
    diff.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")

    _offline(diff)

    doctor = commands.add_parser("doctor", help="go through the checklist: what is done, to do, or not known")
    _path(doctor)
    _applications(doctor)
    doctor.add_argument("--rev", help="look at this commit instead of the working tree")
    doctor.add_argument("--format", choices=DOCTOR_FORMATS, default="text", help="how to print it (default: text)")
    doctor.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
    _offline(doctor)

    explain = commands.add_parser("explain", help="tell what a rule finds, why it matters and how its fix is safe")
    explain.add_argument(
        "rule", nargs="?", metavar="RULE", help="its id, or one that `argofix diff` names (default: list them all)"
    )

    commands.add_parser("serve", help="run the GitHub App's server (settings come from the environment)")
    _deliveries(commands.add_parser("deliveries", help="the server's queue: look at it, retry, move it"))
    return top


def _applications(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--applications",
        type=Path,
        metavar="FILE",
        help="output of `kubectl get applications -A -o yaml`, for ApplicationSets that git cannot expand",
    )


def _path(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the checkout (default: .)"
    )


def _offline(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--offline",
        action="store_true",
        help="fetch nothing: what is outside is as it was fetched before",
    )


def _deliveries(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="what waits, runs or was given up, the newest first")
    listed.add_argument(
        "--state",
        action="append",
        default=[],
        choices=("queued", "running", "done", "dead"),
        help="only these (may be repeated; default: all but done)",
    )
    listed.add_argument("--limit", type=int, default=100, metavar="N", help="so many at most (default: 100)")
    show = actions.add_parser("show", help="one delivery")
    show.add_argument("id", metavar="ID", help="GitHub's delivery id")
    show.add_argument("--payload", action="store_true", help="print what GitHub sent as well (private data)")
    retry = actions.add_parser("retry", help="work again on deliveries that were given up")
    retry.add_argument("ids", nargs="+", metavar="ID")
    for action in (listed, show, retry):
        action.add_argument("--database", metavar="URL", help="the server's (default: ARGOFIX_DATABASE_URL)")
    for action in (listed, show):
        action.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    move = actions.add_parser("move", help="move everything to another database; no server may use the old one")
    move.add_argument(
        "--from", dest="source", required=True, metavar="URL", help="sqlite:///PATH or postgresql://..."
    )
    move.add_argument("--to", dest="target", required=True, metavar="URL", help="a server may use this one already")


class _Version(argparse.Action):
    """Looks the version up when somebody asks: that takes longer than all else that `--help` does. The line below it
    tells what renders."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        from importlib import metadata

        from bot.cli.engine import renderer_line

        sys.stdout.write(f"argofix {metadata.version('argofix')}\n{renderer_line()}\n")
        parser.exit()
