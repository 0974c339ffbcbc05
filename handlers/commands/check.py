"""`/argofix check`"""

from __future__ import annotations

from bot.formats.github import check_run
from bot.formats.github.gate import without_argo_cd
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import bullets, code, safe
from bot.github.endpoints import checks
from bot.github.model import CheckRun, PullRequest
from checks.model import CheckReport, Severity
from checks.wording import plural
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import Look, look
from handlers.judging.pulls import evaluate_pull

_SHOWN = 10


async def run(asked: Asked) -> Reply:
    if asked.pull is not None:
        return await _pull(asked, asked.pull)
    async with look(asked) as seen:
        return Reply(_default_branch(seen))


async def _pull(asked: Asked, pull: PullRequest) -> Reply:
    repo = asked.repo
    await evaluate_pull(repo, pull.number, again=asked.key)
    runs = await checks.for_ref(repo.github, repo.name, pull.head.sha, app_id=repo.context.services.identity.id)
    lines = [_run(run) for run in sorted(runs, key=lambda run: run.name)]
    return Reply(f"Looked at {code(pull.head.sha[:7])} again:\n\n{bullets(lines)}")


def _run(run: CheckRun) -> str:
    return f"[{run.name}]({run.html_url}): **{run.conclusion or run.status}**. {safe(run.title)}"


def _default_branch(seen: Look) -> str:
    branch = seen.asked.repo.details.default_branch
    snapshot = seen.evaluation.snapshot
    if not (snapshot.states or snapshot.unknown):
        return f"{code(branch)} at {code(seen.commit[:7])}: {without_argo_cd(snapshot, seen.policy)}"
    lines = [_report(seen, report) for report in seen.evaluation.reports if report.speaks]
    findings = [f for f in seen.evaluation.findings if f.suppressed is None and f.severity is not Severity.NOTICE]
    groups = by_topic(findings)
    places = [
        f"[{code(str(group[0].span))}]({seen.link(group[0].span)}): {safe(group[0].topic.title)}" for group in groups
    ]
    shown = f"\n\nWhat that is about:\n\n{bullets(places, most=_SHOWN)}" if places else ""
    return f"{code(branch)} at {code(seen.commit[:7])}:\n\n{bullets(lines)}{shown}"


def _report(seen: Look, report: CheckReport) -> str:
    shown = check_run.completed(seen.evaluation, report, seen.policy, seen.link)
    gaps = f" {plural('part', len(report.gaps))} not analysed." if report.gaps else ""
    return f"{report.name}: **{report.conclusion}**. {safe(shown.title)}.{gaps}"


COMMAND = Command(
    "check",
    "check",
    "Evaluates this pull request's head anew; on an issue, tells what is wrong on the default branch.",
    Permission.READ,
    run,
    anew=True,
)
