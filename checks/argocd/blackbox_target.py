"""A probe of the blackbox exporter that cannot tell what it should.

What it finds: a scrape configuration or a Probe whose module the blackbox exporter in git does not have.

Why it matters: the exporter answers `unknown module` with 400, so `probe_success` is never there and an alert on it
never fires.

Example: `params: {module: [http_2xx_argocd]}` beside an exporter that has only `http_2xx`.

How the fix is safe: none is applied; the finding names the modules that there are.

How sure it is: a warning. Silent where the exporter's configuration is not in git, or is in git more than once with
different modules.

Sources: github.com/prometheus/blackbox_exporter (CONFIGURATION.md, prober/handler.go); prometheus-operator's Probe.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.argocd.view import applications, installations, owners
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.blackbox import is_probe, modules_of
from gitops.installation.find import member_of
from gitops.installation.model import Member
from gitops.installation.places import place_of
from gitops.installation.routes.model import mappings
from gitops.installation.scraping import plain_prometheus
from gitops.resources.manifests import text_of

RULE = declare("blackbox-target", Severity.WARNING)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each module that is asked for in vain."""
    if not (change.head.installing or installations(change)):
        return  # nothing of Argo CD is here
    known = _modules(change.head)
    if known is None:
        return
    seen: set[tuple[str, int, str]] = set()
    for member, job, module in _asked(change.head):
        place = (member.written.path, member.written.line, f"{job} {module}")
        if module not in known and place not in seen:
            seen.add(place)
            yield _finding(change, member, job, module, known)


def _modules(snapshot: Snapshot) -> frozenset[str] | None:
    """The modules of the exporter; None where its configuration is not in git, or not the same everywhere."""
    found = {frozenset(modules) for _, modules in modules_of(snapshot)}
    return found.pop() if len(found) == 1 else None


def _asked(snapshot: Snapshot) -> Iterator[tuple[Member, str, str]]:
    """(where it is written, the job or Probe, the module)."""
    for prometheus in snapshot.once(plain_prometheus):
        for member, value in prometheus.configurations:
            for job in mappings(value.get("scrape_configs")):
                for module in sequence(mapping(job.get("params")).get("module")):
                    if text_of(job.get("metrics_path")) == "/probe":
                        yield member, f"job `{text_of(job.get('job_name'))}`", text_of(module)
    for copy in snapshot.copies(having=is_probe):
        member = member_of(snapshot, copy)
        module = text_of(mapping(member.manifest.get("spec")).get("module"))
        if module:
            yield member, str(member.id), module


def _finding(change: Change, member: Member, job: str, module: str, known: frozenset[str]) -> Finding:
    names = listed([f"`{one}`" for one in sorted(known)], 6)
    return RULE.finding(
        place_of(change.head, member, module, "module"),
        f"{job} asks the blackbox exporter for the module `{module}`, and it has {names}",
        f"The exporter has no module `{module}`",
        "It answers `unknown module` with 400: `probe_success` is never there, and an alert on it never fires.",
        "Name one that there is, or add it to the exporter's configuration.",
        about=(str(member.id), member.application, job, module),
        resource=member.id,
        applications=applications([member]),
        owners=owners([member]),
    )
