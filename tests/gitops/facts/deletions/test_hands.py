"""What passes from one Application to another, and what one of them has all along."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from tests.gitops.facts.deletions.stage import MAP, app, comment, obj
from tests.scenarios import URL, Files

SETTINGS = "`ConfigMap shop/settings`"
BY_HAND: Mapping[str, object] = {"automated": {"prune": False}}


def bringing(sync: object = None, *, cascades: bool = False, **owned: Sequence[str]) -> Files:
    """Applications of these names in one namespace, and the ConfigMaps that each brings beside one of its own."""
    files: dict[str, bytes | str] = {}
    for name, maps in owned.items():
        options = {} if sync is None else {"sync": sync}
        files[f"{name}.yaml"] = app(name, namespace="shop", cascades=cascades, **options)  # type: ignore[arg-type]
        files[f"apps/{name}/own.yaml"] = obj("ConfigMap", f"{name}-own")
        files |= {f"apps/{name}/{each}.yaml": obj("ConfigMap", each) for each in maps}
    return files


def synced(text: str) -> list[str]:
    return re.findall(r"argocd app sync (\S+)", text)


async def test_what_another_one_brings_now_is_taken_over(engine: Engine) -> None:
    text = await comment(engine, bringing(a=["settings"], b=[]), bringing(a=[], b=["settings"]))
    assert f"### What changes hands\n\n`b` takes over {SETTINGS} from `a`." in text
    assert synced(text) == ["b", "a"]


async def test_what_it_brought_before_is_not_taken_over(engine: Engine) -> None:
    both, one = bringing(a=["settings"], b=["settings"]), bringing(a=[], b=["settings"])
    text = await comment(engine, both, one)
    assert "takes over" not in text and "changes hands" not in text
    assert (
        f"### What another Application keeps\n\n`b` brings {SETTINGS} as before, and `a` lets go of it. Sync `b` "
        "**before you merge**, so that it carries its tracking id: `a` prunes by itself, and deletes what still "
        "carries its own."
    ) in text
    assert f"`b` brings {SETTINGS} as before, which `a` no longer brings" in text
    assert synced(text) == ["b", "a"]


async def test_without_prune_there_is_no_order_to_keep(engine: Engine) -> None:
    both = bringing(BY_HAND, a=["settings"], b=["settings"])
    text = await comment(engine, both, bringing(BY_HAND, a=[], b=["settings"]))
    assert text.endswith(f"`b` brings {SETTINGS} as before, and `a` lets go of it.")
    assert synced(text) == []


async def test_an_application_that_goes_leaves_it_to_the_other_one(engine: Engine) -> None:
    root: Files = {"root.yaml": app("root", "all", namespace="argocd")}
    both, one = [
        {**root, **{re.sub(r"^(\w\.yaml)", r"all/\1", path): data for path, data in files.items()}}
        for files in (
            bringing(cascades=True, a=["settings"], b=["settings"]),
            bringing(cascades=True, b=["settings"]),
        )
    ]
    text = await comment(engine, both, one)
    assert "takes over" not in text
    assert f"`b` brings {SETTINGS} as before, and `a` lets go of it. Sync `b` **before you merge**" in text
    assert "`a` is deleted with what still carries its own" in text


async def test_of_two_that_bring_it_now_the_one_counts_that_had_it(engine: Engine) -> None:
    text = await comment(
        engine, bringing(a=["settings"], b=[], z=["settings"]), bringing(a=[], b=["settings"], z=["settings"])
    )
    assert "takes over" not in text
    assert f"`z` brings {SETTINGS} as before" in text


@pytest.mark.parametrize("left", [0, 1])
async def test_one_of_several_sources_may_let_go_of_it(engine: Engine, left: int) -> None:
    sources = [{"repoURL": URL, "targetRevision": "main", "path": path} for path in ("one", "two")]
    files: Files = {"a.yaml": app("a", namespace="shop", sources=sources, source=None)}
    own = {f"{path}/own.yaml": obj("ConfigMap", path) for path in ("one", "two")}
    both = dict.fromkeys(("one/m.yaml", "two/m.yaml"), MAP)
    kept = ("one/m.yaml", "two/m.yaml")[left]
    assert await comment(engine, {**files, **own, **both}, {**files, **own, kept: MAP}) == ""


_MAPS = ("x", "y")
_OWNED = st.fixed_dictionaries({name: st.sets(st.sampled_from(_MAPS)) for name in ("a", "b", "c")})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_OWNED, after=_OWNED, prunes=st.booleans())
async def test_whoever_takes_over_had_it_not_and_whoever_is_named_let_go(
    engine: Engine, before: dict[str, set[str]], after: dict[str, set[str]], prunes: bool
) -> None:
    sync = None if prunes else BY_HAND
    base, head = [
        bringing(sync, a=sorted(each["a"]), b=sorted(each["b"]), c=sorted(each["c"])) for each in (before, after)
    ]
    text = await comment(engine, base, head)
    told = re.findall(r"^`(\w)` (takes over|brings) (.*?) (?:as before, and|from) `(\w)`", text, re.MULTILINE)
    told += [
        (k, v, what, lost) for k, v, what, lost in re.findall(r"`(\w)` (takes over|brings) (.*?), which `(\w)`", text)
    ]
    for keeper, verb, what, former in told:
        for name in re.findall(r"ConfigMap shop/(\w)", what):
            assert name in after[keeper] and name in before[former] and name not in after[former]
            assert (name in before[keeper]) == (verb == "brings")
    moved = {n for o in before for n in before[o] - after[o] if any(n in maps for maps in after.values())}
    assert moved == {n for _, _, what, _ in told for n in re.findall(r"ConfigMap shop/(\w)", what)}
