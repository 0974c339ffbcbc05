"""Lists in chunks. Source: kubernetes.io/docs/reference/using-api/api-concepts, "Retrieving large results sets"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes_sim.conftest import METADATA_LIST, SECRETS, Client


def fill(client: Client, count: int = 5) -> list[str]:
    names = [f"s{index}" for index in range(count)]
    for name in reversed(names):
        client.cluster.secret("shop", name, {"a": "1"})
    client.cluster.secret("ops", "elsewhere", {})
    return names


def names_of(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


@pytest.mark.parametrize("accept", ["application/json", METADATA_LIST])
async def test_every_item_comes_once_and_in_order(client: Client, accept: str) -> None:
    names = fill(client)
    found: list[list[str]] = []
    remaining: list[int | None] = []
    revisions: set[str] = set()
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await client.get(SECRETS, accept, **query)).json
        found.append(names_of(page))
        remaining.append(page["metadata"].get("remainingItemCount"))
        revisions.add(page["metadata"]["resourceVersion"])
        if "continue" not in page["metadata"]:
            break
        query = {"limit": "2", "continue": page["metadata"]["continue"]}
    assert found == [names[:2], names[2:4], names[4:]]
    assert remaining == [3, 1, None]
    assert len(revisions) == 1


async def test_a_list_that_fits_has_no_continuation(client: Client) -> None:
    names = fill(client)
    for query in ({}, {"limit": "0"}, {"limit": "5"}, {"limit": "500"}):
        page = (await client.get(SECRETS, **query)).json
        assert names_of(page) == names
        assert page["metadata"].keys() == {"resourceVersion"}


async def test_what_changes_meanwhile_is_not_seen(client: Client) -> None:
    fill(client)
    first = (await client.get(SECRETS, limit="3")).json
    client.cluster.remove("v1", "Secret", "shop", "s4")
    client.cluster.secret("shop", "s9", {})
    rest = (await client.get(SECRETS, limit="3", **{"continue": first["metadata"]["continue"]})).json
    assert names_of(rest) == ["s3", "s4"]
    assert names_of((await client.get(SECRETS)).json) == ["s0", "s1", "s2", "s3", "s9"]


async def test_an_old_token_is_410_and_brings_another_for_the_rest(client: Client) -> None:
    fill(client)
    first = (await client.get(SECRETS, limit="3")).json
    client.cluster.pages.compact()
    client.cluster.secret("shop", "s9", {})
    gone = await client.get(SECRETS, limit="3", **{"continue": first["metadata"]["continue"]})
    assert gone.status == 410
    assert (gone.json["kind"], gone.json["reason"], gone.json["code"]) == ("Status", "Expired", 410)
    assert "continue parameter is too old" in gone.json["message"]
    rest = (await client.get(SECRETS, limit="5", **{"continue": gone.json["metadata"]["continue"]})).json
    assert names_of(rest) == ["s3", "s4", "s9"]


async def test_tokens_and_limits_that_make_no_sense_are_refused(client: Client) -> None:
    fill(client)
    first = (await client.get(SECRETS, limit="3")).json
    token = first["metadata"]["continue"]
    for query in ({"continue": "nonsense!"}, {"limit": "many"}, {"continue": token, "resourceVersion": "7"}):
        refused = await client.get(SECRETS, **query)
        assert (refused.status, refused.json["reason"]) == (400, "BadRequest"), query


async def test_selectors(client: Client) -> None:
    fill(client, 3)
    client.cluster.secret("shop", "labelled", {}, labels={"a": "b"})
    one = (await client.get(SECRETS, fieldSelector="metadata.name=s1", limit="1")).json
    assert names_of(one) == ["s1"]
    assert names_of((await client.get(SECRETS, labelSelector="a=b")).json) == ["labelled"]
    # How many remain is not counted then.
    page = (await client.get(SECRETS, fieldSelector="metadata.namespace=shop", limit="1")).json
    assert "continue" in page["metadata"]
    assert "remainingItemCount" not in page["metadata"]
    assert (await client.get(SECRETS, fieldSelector="data.a=1")).status == 400
