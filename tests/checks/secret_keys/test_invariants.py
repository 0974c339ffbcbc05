"""What holds for whole kinds of repositories: makers in git, names under prefixes, keys in another case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.facts.secrets.phases import Moment, Phase, absence
from gitops.facts.secrets.providers.makers import is_part
from gitops.facts.secrets.providers.operators import OPERATORS
from gitops.facts.secrets.providers.provided import Provided
from gitops.facts.secrets.providers.rows import lends
from tests.checks.secret_keys.stage import APP, cluster, deployment, judged, said, secret
from tests.checks.secret_keys.test_properties import findings, snapshot
from tests.gitops.facts.secrets.test_providers import given as provided
from tests.scenarios import kustomization, manifest

WORD = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
WORDS = st.lists(WORD, min_size=1, max_size=3).map("-".join)
AFFIX = st.one_of(st.just(""), WORD)


@given(WORDS, AFFIX, AFFIX, st.booleans())
def test_no_alarm_about_what_an_unknown_operator_may_make(own: str, before: str, after: str, asked: bool) -> None:
    """Whatever an operator makes of its resource's name, with or without a cluster that does not have it yet."""
    wanted = "-".join(filter(None, (before, own, after)))
    resource = manifest("Thing", own, "shop", "acme.example/v1", spec={})
    live = cluster(complete=["*"]) if asked else None
    found = findings(snapshot([deployment((wanted, "key"))], [resource]), live=live)
    assert [finding.severity for finding in found] == [Severity.NOTICE]


@pytest.mark.parametrize(("group", "kind"), sorted(OPERATORS))
def test_no_alarm_about_what_an_operator_makes(group: str, kind: str) -> None:
    """Every Secret of a row, sure or not, asked for beside the resource that makes it."""
    spec = {"store": "s", "cluster": {"name": "c"}, "authentication": {"type": "tls"}, "users": []}
    api = f"{group}/v1"
    for made in provided(api, kind, spec=spec):
        if made.kind != "Secret":
            continue
        key = sorted(made.keys)[0] if made.keys else "key"
        consumer = deployment((made.name.replace("*", "any"), key))
        head = snapshot([consumer], [manifest(kind, "x", "shop", api, spec=spec)])
        for live in (None, cluster(complete=["*"])):
            assert {f.severity for f in findings(head, live=live)} <= {Severity.NOTICE}, made.name


@given(WORDS, WORDS)
def test_a_part_is_a_whole_word(own: str, wanted: str) -> None:
    words, whole = own.split("-"), wanted.split("-")
    starts = [n for n in range(len(whole)) if whole[n : n + len(words)] == words]
    assert is_part(own, wanted) is bool(starts)


KEY = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{1,8}", fullmatch=True)


@given(KEY)
@example("DATABASE_URL")
def test_a_key_in_another_case_is_missing_and_named(key: str) -> None:
    other = key.swapcase()
    head = snapshot([deployment(("db", key))], [secret("db", other)])
    (finding,) = findings(head)
    assert (finding.rule, finding.severity) == ("secret-key-missing", Severity.ERROR)
    assert f"did you mean `{other}`?" in finding.message
    assert findings(snapshot([deployment(("db", key))], [secret("db", key)])) == []


SEALED: dict[str, Any] = {"encryptedData": {"url": "Ag"}, "template": {"metadata": {"name": "db"}}}
ES = {"data": [{"secretKey": "url", "remoteRef": {"key": "k"}}]}


@pytest.mark.parametrize(
    ("kind", "api", "spec", "follows"),
    [
        ("SealedSecret", "bitnami.com/v1alpha1", SEALED, True),
        ("ExternalSecret", "external-secrets.io/v1", ES, True),
        ("ExternalSecret", "external-secrets.io/v1", {**ES, "target": {"name": "db"}}, False),
        ("OnePasswordItem", "onepassword.com/v1", {"itemPath": "vaults/a/items/b"}, True),
    ],
)
@pytest.mark.parametrize(("prefix", "suffix"), [("eu-", ""), ("", "-staging"), ("a-", "-b")])
async def test_kustomize_renames_the_maker_and_not_what_its_fields_say(
    engine: Engine, kind: str, api: str, spec: dict[str, Any], follows: bool, prefix: str, suffix: str
) -> None:
    provider = manifest(kind, "db", "shop", api, spec=spec)
    extra = f"namePrefix: '{prefix}'\nnameSuffix: '{suffix}'\n"
    renamed = f"{prefix}db{suffix}"
    for asked, there in ((renamed, follows), ("db", not follows)):
        files: dict[str, str] = {
            "a/kustomization.yaml": kustomization("s.yaml", "w.yaml", extra=extra),
            "a/s.yaml": provider,
            "a/w.yaml": deployment((asked, "url")),
        }
        assert (said(await judged(engine, {**APP, **files})) == []) is there, asked


PHASES = st.sampled_from(Phase)
MOMENTS = st.builds(Moment, PHASES, st.booleans(), st.booleans(), st.booleans())


@given(MOMENTS, MOMENTS)
def test_nothing_waits_for_another_application(provider: Moment, consumer: Moment) -> None:
    """What comes in a later phase is late only within one Application, and only for what holds the phase up."""
    alone = absence(provider, consumer, same_application=True)
    apart = absence(provider, consumer, same_application=False)
    if provider.phase <= Phase.SYNC and not provider.brief:
        assert alone == apart == ""
    if provider.phase is Phase.NEVER:
        assert alone and apart
    if provider.phase is Phase.POST_SYNC and not provider.brief:
        assert apart == ""
        assert bool(alone) is (consumer.holds_up and consumer.phase < Phase.POST_SYNC)


@given(WORDS)
def test_what_an_operator_lends_its_name_to_has_it_whole(name: str) -> None:
    for made in lends({"metadata": {"name": name}}):
        assert isinstance(made, Provided)
        assert not made.sure
        assert is_part(name, made.name.replace("*", "any"))
