"""Whatever YAML surrounds a pin: bumping twice is bumping once, nothing else changes, and kustomize agrees."""

from __future__ import annotations

import contextlib
import json
from textwrap import indent

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.planning.bumps.plan import BumpPlan
from gitops.files.errors import GitopsError
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, K, after, bump, proven
from tests.scenarios import Files, kustomization, manifest

WORDS = st.text(alphabet="abcxyz0189 .:-#{}[]'\"&*!|>%@é\u2028", max_size=12)
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-99, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.map(lambda w: f"k{w}"), inner, max_size=3),
    max_leaves=6,
)
COMMENT = st.sampled_from(["", " # v3.2.2 was here", " #", "  # newTag: v9"])


@st.composite
def surrounded(draw: st.DrawFn) -> tuple[str, str]:
    """A kustomization with a pin among fields that kustomize would not even know, and what it must become."""
    fields = draw(st.dictionaries(st.sampled_from(["commonAnnotations", "x", "y y", "labels"]), VALUES, max_size=3))
    blocks = [
        f'"{key}": {json.dumps(value)}\n'
        if draw(st.booleans())
        else yaml.safe_dump({key: value}, default_flow_style=False)
        for key, value in fields.items()
    ]
    quote = draw(st.sampled_from(["", "'", '"']))
    dash = draw(st.sampled_from(["", "  "]))
    digest = draw(st.booleans())
    lines = [f"name: quay.io/argoproj/argocd{draw(COMMENT)}", f"newTag: {quote}X{quote}{draw(COMMENT)}"]
    lines += [f"digest: {quote}Y{quote}{draw(COMMENT)}"] if digest else []
    entry = f"{dash}- " + f"\n{dash}  ".join(draw(st.permutations(lines)))
    pinned = f"images:{draw(COMMENT)}\n{entry}\n"
    blocks.insert(draw(st.integers(0, len(blocks))), pinned)
    text = "".join(blocks)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    text = draw(st.sampled_from(["", "---\n", "\ufeff", "# first\n"])) + text
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (
        text.replace("X", OLD).replace("Y", OLD_DIGEST),
        text.replace("X", NEW).replace("Y", NEW_DIGEST),
    )


@given(surrounded())
@settings(max_examples=300)
def test_exactly_the_version_changes_and_twice_is_once(case: tuple[str, str]) -> None:
    before, expected = case
    plan = bump({K: before})
    if plan.blocked:  # line ends that git does not count
        assert "\u2028" in before
        assert plan.edits == ()
        return
    assert after({K: before}, plan).read(K).decode() == expected
    again = bump({K: expected})
    assert (again.edits, again.moves, again.reported) == ((), (), ())


@st.composite
def overlays(draw: st.DrawFn) -> Files:
    """A base with some workloads, shared or not, and pins in any of the places that can be rendered here."""
    name = draw(st.sampled_from(["quay.io/argoproj/argocd", "argoproj/argocd"]))
    tagged = draw(st.booleans())
    at = f"{name}:{OLD}" if tagged else name
    base = kustomization("a.yaml")
    overlay = kustomization("../../base")
    entry = f"images:\n- name: {name}\n  newTag: {OLD}\n"
    base += entry if draw(st.booleans()) else ""
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": f"{name}:{OLD}"}]}}},
    }
    if draw(st.booleans()):
        overlay += "patches:\n- patch: |-\n" + indent(yaml.safe_dump(patch), "    ")
    overlay += entry.replace(OLD, "v3.2.1") if draw(st.booleans()) else ""
    files: dict[str, str] = {
        "argocd/base/kustomization.yaml": base,
        "argocd/base/a.yaml": manifest(
            "Deployment",
            "a",
            api="apps/v1",
            spec={"template": {"spec": {"containers": [{"name": "c", "image": at}, {"name": "d", "image": "r:7"}]}}},
        ),
        K: overlay,
    }
    if draw(st.booleans()):
        files["argocd/overlays/production/kustomization.yaml"] = kustomization("../../base")
    return files


async def test_the_result_renders_with_exactly_the_new_version(engine: Engine) -> None:
    """One example of each shape, through the real kustomize."""
    cases: list[Files] = []

    @given(overlays())
    @settings(max_examples=40, database=None, derandomize=True)
    def collect(files: Files) -> None:
        if files not in cases:
            cases.append(files)

    collect()
    proven_cases = 0
    for files in cases:
        plan = bump(files)
        if not plan.pins.pins:
            continue
        proof = await proven(engine, files, plan)
        assert proof.holds, (proof.failure, files)
        assert {change.new.rpartition(":")[2] for change in proof.images} == {NEW}
        assert bump(_applied(files, plan)).edits == ()
        proven_cases += 1
    assert proven_cases > 10


def _applied(files: Files, plan: BumpPlan) -> Files:
    changed = after(files, plan)
    return {path: changed.read(path) for path in changed.paths()}


ODD = st.recursive(
    st.sampled_from(
        [
            "quay.io/argoproj/argocd",
            "quay.io/argoproj/argocd:v3.2.2",
            "quay.io/argoproj/argocd:v3.2.2@sha256:0",
            "https://github.com/argoproj/argo-cd?ref=v3.2.2",
            "https://argoproj.github.io/argo-helm",
            "argo-cd",
            "v3.2.2",
            "../../base",
            "a: [\n",
            "",
        ]
    )
    | st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "newName",
                    "newTag",
                    "digest",
                    "repo",
                    "version",
                    "patch",
                    "path",
                    "target",
                    "image",
                    "kind",
                    "<<",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "images",
        "helmCharts",
        "resources",
        "bases",
        "components",
        "patches",
        "patchesStrategicMerge",
        "openapi",
        "kind",
    ]
)


@given(st.dictionaries(FIELDS, ODD, max_size=4), ODD, st.binary(max_size=40))
@settings(max_examples=300)
def test_whatever_a_repository_holds_is_read(fields: object, base: object, rest: bytes) -> None:
    files: Files = {
        K: json.dumps(fields),
        "argocd/base/kustomization.yaml": json.dumps({"resources": ["a.yaml", "b.yaml"], "images": base}),
        "argocd/base/a.yaml": json.dumps({"kind": "Application", "apiVersion": "argoproj.io/v1", "spec": base}),
        "argocd/base/b.yaml": rest,
        "other/kustomization.yaml": kustomization("../argocd/base"),
    }
    with contextlib.suppress(GitopsError):  # a sentence for people; anything else fails the test
        plan = bump(files)
        assert bump(_applied(files, plan)).edits == ()
