"""What is wrong with Secrets and ConfigMaps, and where each that is referenced comes from. Names only, no values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent

from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import block, bullets, code, details, safe, table
from checks import secret_keys
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.policy.file import PATH, Policy
from checks.secret_keys.overview import Referenced, overview
from checks.wording import listed, plural
from gitops.discovery.snapshot import Change
from gitops.files.spans import Span

Link = Callable[[Span], str]

_PROBLEMS = 10
_ROWS = 40


def summary(evaluation: Evaluation, policy: Policy, link: Link, policy_link: Link) -> str:
    """`link` leads to files of the commit that is looked at, `policy_link` to those of the default branch."""
    report = evaluation.report(secret_keys.CHECK)
    active = [finding for finding in report.findings if finding.suppressed is None]
    new = by_topic(finding for finding in active if finding.introduced is not False)
    old = by_topic(finding for finding in active if finding.introduced is False)
    parts: list[str] = []
    referenced = overview(Change(evaluation.base, evaluation.snapshot, evaluation.live), policy)
    if not new and not old:
        parts.append(_nothing_missing(evaluation, len(referenced), len(report.findings)))
    if new:
        parts.append(bullets((_problem(group, link) for group in new), most=_PROBLEMS))
    if old:
        known = bullets((_problem(group, link) for group in old), most=_PROBLEMS)
        parts.append(details(f"Known before this change: {len(old)}", known))
    if referenced:
        rows = [_row(each, link, policy_link) for each in referenced[:_ROWS]]
        text = table(("object", "needed by", "comes from"), rows)
        if len(referenced) > _ROWS:
            text += f"\n\n… and {len(referenced) - _ROWS} more."
        parts.append(details(f"Where each comes from: {len(referenced)}", text))
    if report.gaps and (new or old):
        parts.append(
            f"{plural('part', len(report.gaps))} of the repository could not be analysed; the check run tells."
        )
    return "\n\n".join(parts)


def _nothing_missing(evaluation: Evaluation, referenced: int, ignored: int) -> str:
    """What it stands on that no problem is told."""
    coverage = Coverage.of(evaluation.snapshot)
    if not referenced:
        text = "argofix found no reference to a Secret or ConfigMap here."
    else:
        objects = f"the {referenced} Secrets and ConfigMaps that are" if referenced > 1 else "the one object that is"
        text = f"argofix found nothing missing of {objects} referenced here."
    if ignored:
        text += f" {plural('finding', ignored)} {'is' if ignored == 1 else 'are'} ignored by {code(PATH)}."
    return text if coverage.whole else f"{text} {coverage.sentence()}"


def _problem(group: Sequence[Finding], link: Link) -> str:
    first = group[0]
    text = f"{_place(first.span, link)}: {safe(first.topic.title)}. {safe(first.topic.advice)}".rstrip()
    commands = first.topic.commands
    return f"{text}\n\n{indent(block(commands), '  ')}" if commands else text


def _row(each: Referenced, link: Link, policy_link: Link) -> tuple[str, str, str]:
    where = f"{each.id.namespace}/{each.id.name}" if each.id.namespace else each.id.name
    needed = listed([code(name) for name in each.workloads], most=3)
    return f"{each.id.kind} {code(where)}", needed, "; ".join(_sources(each, link, policy_link))


def _sources(each: Referenced, link: Link, policy_link: Link) -> list[str]:
    knowledge = each.knowledge
    sources = []
    for provision in knowledge.provisions[:3]:
        owner = provision.owner
        sources.append(f"{code(owner.application.label)}, {_place(owner.origin.span, link)}")
    if knowledge.declared is not None:
        span = Span(PATH, knowledge.declared, knowledge.declared)
        sources.append(f"outside git, as {_place(span, policy_link)} says")
    if knowledge.in_cluster and not sources:
        sources.append("the cluster")
    if not sources:
        sources.append(
            "the cluster itself" if knowledge.exists else "not known" if each.optional else "**not known**"
        )
    if each.lacking:
        sources.append(f"**without {listed([code(key) for key in each.lacking])}**")
    return sources


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"
