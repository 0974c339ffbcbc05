"""What a cluster adds to what git tells, and where it adds nothing."""

from __future__ import annotations

from dataclasses import replace

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.applications.live import Live, LiveApplication
from tests.checks.secret_keys.stage import APP, CHECK, cluster, deployment, judged, said, secret
from tests.checks.secret_keys.test_rules import EXTERNAL, GONE, LACKS, MERGES, NEEDS
from tests.scenarios import application


async def test_what_git_made_git_takes_away(engine: Engine) -> None:
    """The cluster still holds what the change removes: that is no provider."""
    base = APP | NEEDS | {"a/s.yaml": secret("db", "url", "uri")}
    held = cluster({"db": ["url", "uri"]})
    removed = await judged(engine, APP | NEEDS, base=base, live=held)
    assert said(removed) == [GONE]
    assert "loses the manifest" in removed.findings[0].topic.title
    dropped = await judged(engine, APP | NEEDS | {"a/s.yaml": secret("db", "uri")}, base=base, live=held)
    assert said(dropped) == [LACKS]
    assert all(finding.introduced for finding in (*removed.findings, *dropped.findings))


async def test_keys_that_are_fetched_are_those_that_the_cluster_shows(engine: Engine) -> None:
    """An ExternalSecret with `dataFrom` does not tell its keys; what it has brought in so far does."""
    files = APP | NEEDS | {"a/s.yaml": EXTERNAL}
    assert said(await judged(engine, files, live=cluster({"db": ["url"]}))) == []
    warning = [("secret-key-missing", Severity.WARNING, "Secret shop/db")]
    for base in (None, files):
        evaluation = await judged(engine, files, base=base, live=cluster({"db": ["URL"]}))
        assert said(evaluation) == warning
        topic = evaluation.findings[0].topic
        assert "`ExternalSecret db` may bring it in later" in topic.message
        assert "Did you mean `URL` for `url`?" in topic.message
        assert evaluation.report(CHECK).conclusion == "success"
    # What the change makes of it may bring in more than what the cluster shows.
    changed = APP | NEEDS | {"a/s.yaml": EXTERNAL.replace('"extract"', '"find"')}
    assert said(await judged(engine, changed, base=files, live=cluster({"db": ["uri"]}))) == []
    assert said(await judged(engine, files, base=APP | NEEDS, live=cluster({"db": ["uri"]}))) == []
    # Nor does a cluster that does not tell the keys, or does not have it yet.
    assert said(await judged(engine, files, live=cluster({"db": None}))) == []
    assert said(await judged(engine, files, live=cluster())) == []
    # What else git adds to it counts as well.
    named = MERGES.replace('"name": "db"', '"name": "more"', 1)  # of two of one name only the last copy is applied
    both = files | {"a/more.yaml": named.replace('"creationPolicy"', '"name": "db", "creationPolicy"')}
    assert said(await judged(engine, both, live=cluster({"db": ["uri"]}))) == []


async def test_a_cluster_says_nothing_about_roots_that_live_elsewhere(engine: Engine) -> None:
    """Neither that the Secret is there, nor which names and keys were meant."""
    files = {
        "one/apps.yaml": application("a", "a"),
        "two/apps.yaml": application("b", "b"),
        "a/web.yaml": deployment(("db", "url"), ("databases", "url")),
        "b/other.yaml": secret("other", "x"),
    }
    (seen,) = cluster({"db": ["uri"], "database": []}).clusters.values()
    there = replace(seen, applications={("argocd", "b"): LiveApplication()}, all_applications=True)
    evaluation = await judged(engine, files, live=Live({"in-cluster": there}))
    assert {(f.rule, f.severity) for f in evaluation.findings} == {("secret-missing", Severity.WARNING)}
    assert not any("Did you mean" in finding.topic.message for finding in evaluation.findings)
    here = replace(seen, applications={("argocd", "a"): LiveApplication()}, all_applications=True)
    evaluation = await judged(engine, files, live=Live({"in-cluster": here}))
    assert {(f.rule, f.severity) for f in evaluation.findings} == {
        ("secret-key-missing", Severity.ERROR),
        ("secret-missing", Severity.ERROR),
    }
    assert any("Did you mean `database`?" in finding.topic.message for finding in evaluation.findings)


async def test_what_clusters_do_not_show_is_a_gap(engine: Engine) -> None:
    files = APP | {"a/s.yaml": secret("db", "url")}
    evaluation = await judged(engine, files, live=cluster(problems=("namespace shop may not be listed",)))
    report = evaluation.report(CHECK)
    assert report.gaps == ("namespace shop may not be listed",)
    assert report.conclusion == "neutral"
