"""The simulated quay.io is held to what Quay documents, and says so when it, or a client, departs."""

from __future__ import annotations

import aiohttp
import pytest

from tests.quay import SimulatedQuay
from tests.quay.description import SAMPLE, TAGS, problems


def test_a_documented_answer_fits() -> None:
    assert problems(TAGS, SAMPLE) == []


@pytest.mark.parametrize("change", [{"image_id": "x"}, {"manifest_digest": "latest"}, {"last_modified": 3}])
def test_another_one_does_not(change: dict[str, object]) -> None:
    assert problems(TAGS, SAMPLE | {"tags": [SAMPLE["tags"][0] | change]})


async def test_limits_and_order_are_quays() -> None:
    async with SimulatedQuay(lambda: 1_700_000_000.0) as quay, aiohttp.ClientSession() as session:
        repository = quay.repository("argoproj/argocd")
        for number in range(60):
            repository.push(f"v1.0.{number}", at=1_600_000_000 + number)
        repository.push("latest", at=1_600_000_000)
        repository.delete("v1.0.59", at=1_650_000_000)
        url = f"{quay.url}/api/v1/repository/argoproj/argocd/tag/"

        async def names(query: str) -> tuple[list[str], bool]:
            async with session.get(f"{url}?{query}") as response:
                answer = await response.json()
                return [tag["name"] for tag in answer["tags"]], answer["has_additional"]

        everything, more = await names("")
        assert (len(everything), more, everything[0]) == (50, True, "v1.0.59")  # a page is 50, the dead are listed
        assert (await names("onlyActiveTags=true&limit=100"))[0][-2:] == ["latest", "v1.0.0"]
        assert await names("onlyActiveTags=true&limit=100&page=2") == ([], False)
        assert await names("specificTag=v1.0.7") == (["v1.0.7"], False)
        assert await names("filter_tag_name=like:0.5&limit=2&onlyActiveTags=true") == (["v1.0.58", "v1.0.57"], True)
        assert quay.violations == []
        async with session.get(f"{url}?limit=500") as response:
            assert response.status == 400
        assert quay.violations
