"""Whose a live object is, by what it carries (argo-cd util/argo/resource_tracking.go)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.ownership.holder import Held, Holders, TrackingId, parse_tracking_id
from checks.policy.file import Policy, parse_policy
from gitops.applications.live import Live, LiveApplication, LiveCluster
from gitops.discovery.snapshot import OwnedId
from gitops.facts.owners import owners_of
from gitops.resources.resource import ResourceId
from tests.checks.story import NAMESPACE
from tests.scenarios import MATCHER, application, config_map, documents, evaluated, kustomization, of_rule, tree

SHOP = ResourceId("", "Namespace", "", "shop")
POLICY = ResourceId("networking.k8s.io", "NetworkPolicy", "shop", "deny")
OWNED = OwnedId("in-cluster", SHOP)
BOTH = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/n.yaml": NAMESPACE,
    "b/n.yaml": NAMESPACE,
}


@pytest.mark.parametrize(
    ("value", "rid", "found"),
    [
        ("a:/Namespace:shop/shop", SHOP, TrackingId("", "a")),
        ("a:/Namespace:elsewhere/shop", SHOP, TrackingId("", "a")),  # the destination's namespace, whatever it is
        ("a:/Namespace:/shop", SHOP, TrackingId("", "a")),
        ("team_a:/Namespace:shop/shop", SHOP, TrackingId("team", "a")),
        ("a:networking.k8s.io/NetworkPolicy:shop/deny", POLICY, TrackingId("", "a")),
        ("a:networking.k8s.io/NetworkPolicy:other/deny", POLICY, None),  # copied along from another object
        ("a:networking.k8s.io/NetworkPolicy:shop/allow", POLICY, None),
        ("a:/Namespace:shop/web", SHOP, None),
        ("a:networking.k8s.io/Namespace:shop/shop", SHOP, None),
        (":/Namespace:shop/shop", SHOP, None),
        ("a", SHOP, None),
        ("a:/Namespace", SHOP, None),
        ("", SHOP, None),
    ],
)
def test_tracking_ids(value: str, rid: ResourceId, found: TrackingId | None) -> None:
    assert parse_tracking_id(value, rid) == found


def cluster(
    tracking: str | None = None, *, label: str = "", absent: bool = False, listed: Sequence[ResourceId] = ()
) -> Live:
    """Argo CD with both Applications, and the Namespace with this tracking id (None: nobody could see it)."""
    status = LiveApplication("Synced", "Healthy", frozenset(listed))
    return Live(
        {
            "in-cluster": LiveCluster(
                "in-cluster",
                tracking={} if tracking is None or absent else {SHOP: tracking},
                labels={SHOP: label} if label else {},
                absent=frozenset({SHOP}) if absent else frozenset(),
                applications={("argocd", "a"): status, ("argocd", "b"): status},
                all_applications=True,
            )
        }
    )


@pytest.mark.parametrize(
    ("live", "by_a", "by_b"),
    [
        (cluster("a:/Namespace:shop/shop"), Held.YES, Held.NO),
        (cluster("argocd_a:/Namespace:shop/shop"), Held.YES, Held.NO),
        (cluster("team_a:/Namespace:shop/shop"), Held.NO, Held.NO),  # an Application of that name elsewhere
        (cluster("c:/Namespace:shop/shop"), Held.NO, Held.NO),
        (cluster(""), Held.NO, Held.NO),  # made by hand, or by CreateNamespace=true
        (cluster("a:/Namespace:shop/other"), Held.NO, Held.NO),
        (cluster("a:/Namespace:shop/shop", label="b"), Held.YES, Held.UNKNOWN),  # who tracks by labels?
        (cluster("", label="a"), Held.UNKNOWN, Held.NO),
        (cluster(absent=True), Held.ABSENT, Held.ABSENT),
        (cluster(), Held.UNKNOWN, Held.UNKNOWN),
        (cluster(listed=[SHOP]), Held.UNKNOWN, Held.UNKNOWN),
        (cluster(listed=[POLICY]), Held.NO, Held.NO),  # what Argo CD does not even list it cannot prune
        (None, Held.UNKNOWN, Held.UNKNOWN),
    ],
)
async def test_who_holds_a_live_object(engine: Engine, live: Live | None, by_a: Held, by_b: Held) -> None:
    snapshot = (await evaluated(engine, BOTH)).snapshot
    holders = Holders(snapshot, Policy(), live)
    by_name = {state.application.name: state.application for state in snapshot.states}
    assert holders.held_by(OWNED, by_name["a"]) is by_a
    assert holders.held_by(OWNED, by_name["b"]) is by_b
    copies = snapshot.once(owners_of)[OWNED]
    certain = by_a is Held.YES and by_b is Held.NO
    assert holders.holder(OWNED, copies) == (copies[0] if certain else None)


async def test_another_argo_cds_trackings_say_nothing(engine: Engine) -> None:
    """Two roots; the live one is `one`, and both have an Application that could be called `a`."""
    files = {
        "one/a.yaml": application("a", "a"),
        "two/b.yaml": application("b", "b"),
        "a/n.yaml": NAMESPACE,
        "b/n.yaml": NAMESPACE,
    }
    snapshot = (await evaluated(engine, files)).snapshot
    live = Live(
        {
            "in-cluster": LiveCluster(
                "in-cluster",
                tracking={SHOP: "b:/Namespace:shop/shop"},
                applications={("argocd", "a"): LiveApplication()},
                all_applications=True,
            )
        }
    )
    by_name = {state.application.name: state.application for state in snapshot.states}
    holders = Holders(snapshot, Policy(), live)
    assert holders.held_by(OWNED, by_name["a"]) is Held.NO
    assert holders.held_by(OWNED, by_name["b"]) is Held.UNKNOWN
    together = Holders(snapshot, parse_policy(b"instances: {prod: [one, two]}"), live)
    assert together.held_by(OWNED, by_name["b"]) is Held.YES


@pytest.mark.parametrize("holder", ["a", "b"])
async def test_where_nothing_else_tells_the_holder_keeps_it(engine: Engine, holder: str) -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        **{f"{app}/kustomization.yaml": kustomization("n.yaml", "own.yaml") for app in "ab"},
        **{f"{app}/n.yaml": NAMESPACE for app in "ab"},
        **{f"{app}/own.yaml": config_map(app) for app in "ab"},
    }
    live = cluster(f"{holder}:/Namespace:shop/shop")
    evaluation = await evaluate(engine, tree(files), None, MATCHER, Policy(), live=live)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.applications[0] == holder
    assert "the live object is tracked by it" in finding.topic.advice
    (plan,) = evaluation.plans
    assert plan.loser[2] != holder
    assert set(plan.held.values()) == {Held.NO}
