"""What every store does, whichever database is behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.queue.deliveries import DeliveryStore, State
from bot.queue.uses import User
from tests.bot.queue.beds import Bed
from tests.bot.queue.samples import delivery


async def state(store: DeliveryStore, name: str) -> tuple[str, str]:
    found = await store.get(name)
    assert found is not None
    return found.state.value, found.result


async def taken(store: DeliveryStore, bed: Bed, limit: int = 5) -> list[str]:
    return [each.id for each in await store.take(limit, bed.now())]


async def end(store: DeliveryStore, bed: Bed, name: str, how: State = State.DONE, result: str = "ok") -> None:
    await store.finish(name, how, now=bed.now(), result=result)


async def test_a_delivery_goes_through_its_states(store: DeliveryStore, bed: Bed) -> None:
    given = delivery("d1", at=bed.now())
    assert not (await store.store(given)).already_processed
    assert await store.get("d1") == given
    (running,) = await store.take(5, bed.now())
    assert running == replace(given, state=State.RUNNING)
    assert await taken(store, bed) == []
    ended = bed.now()
    await store.finish("d1", State.DONE, now=ended, result="ok")
    done = await store.get("d1")
    assert done is not None
    assert (done.state, done.payload, done.finished_at) == (State.DONE, b"", ended)


async def test_it_is_known_again_only_once_it_was_processed(store: DeliveryStore, bed: Bed) -> None:
    for _ in range(3):
        assert not (await store.store(delivery("d1"))).already_processed
    assert await taken(store, bed) == ["d1"]
    assert not (await store.store(delivery("d1"))).already_processed
    await end(store, bed, "d1")
    assert (await store.store(delivery("d1"))).already_processed
    assert await taken(store, bed) == []
    assert sum((await store.counts()).values()) == 1


async def test_the_same_delivery_many_times_at_once_is_one(store: DeliveryStore, bed: Bed) -> None:
    await asyncio.gather(*(store.store(delivery("d1", at=bed.now())) for _ in range(20)))
    assert (await store.counts())[State.QUEUED] == 1
    assert await taken(store, bed) == ["d1"]


async def test_a_redelivery_of_a_dead_one_is_worked_on(store: DeliveryStore, bed: Bed) -> None:
    given = delivery("d1", at=bed.now())
    await store.store(given)
    await taken(store, bed)
    await end(store, bed, "d1", State.DEAD, "it cannot be")
    assert [d.id for d in await store.listed([State.DEAD])] == ["d1"]
    assert (await store.listed([State.DEAD]))[0].payload == b""
    assert not (await store.store(given)).already_processed
    (again,) = await store.take(1, bed.now())
    assert again.attempts == 0
    await end(store, bed, "d1", State.DEAD, "still not")
    assert await store.retry("d1")
    assert not await store.retry("d1")
    assert not await store.retry("unknown")
    assert (await store.take(1, bed.now()))[0].payload == given.payload


async def test_one_at_a_time_for_a_repository_in_order_and_several_repositories_at_once(
    store: DeliveryStore, bed: Bed
) -> None:
    for i, (repo, number) in enumerate([(1, 1), (1, 2), (2, 1), (3, 1)]):
        await store.store(delivery(f"d{i}", repo=repo, number=number, at=bed.now()))
    assert await taken(store, bed, 2) == ["d0", "d2"]
    assert await taken(store, bed) == ["d3"]
    assert await taken(store, bed) == []
    assert await store.next_due(bed.now()) is None
    await end(store, bed, "d0")
    assert await store.next_due(bed.now()) is not None
    assert await taken(store, bed) == ["d1"]


async def test_a_newer_head_supersedes_what_waits_and_names_what_runs(store: DeliveryStore, bed: Bed) -> None:
    for given in (delivery("old"), delivery("other", number=2), delivery("closed", action="closed")):
        await store.store(given)
    assert (await store.store(delivery("new"))).overtaken == ()
    assert await state(store, "old") == ("done", "superseded")
    assert (await state(store, "other"))[0] == (await state(store, "closed"))[0] == "queued"
    for name in ("other", "closed"):
        assert await taken(store, bed) == [name]
        await end(store, bed, name)
    assert await taken(store, bed) == ["new"]
    assert (await store.store(delivery("newest"))).overtaken == ("new",)
    # Its next attempt would do again what the newer one does anyway.
    await store.give_back("new", not_before=bed.now() + 5, attempts=1, result="busy")
    assert await state(store, "new") == ("done", "superseded")
    assert await taken(store, bed) == ["newest"]


async def test_of_many_heads_at_once_only_the_last_stays(store: DeliveryStore, bed: Bed) -> None:
    await asyncio.gather(*(store.store(delivery(f"d{i}", at=bed.now())) for i in range(30)))
    assert (await store.counts()) == {State.QUEUED: 1, State.RUNNING: 0, State.DONE: 29, State.DEAD: 0}
    assert await taken(store, bed) == ["d29"]


async def test_what_waits_for_its_time_holds_up_nobody(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("d1", at=bed.now()))
    await store.store(delivery("d2", number=2, at=bed.now()))
    assert await taken(store, bed) == ["d1"]
    await store.give_back("d1", not_before=bed.now() + 60, attempts=1, result="busy")
    assert await taken(store, bed) == ["d2"]
    await end(store, bed, "d2")
    assert await taken(store, bed) == []
    due = await store.next_due(bed.now())
    assert due is not None
    assert 59 < due - bed.now() <= 60
    # Something new of that lane does not wait for it either.
    await store.store(delivery("d3", number=3, at=bed.now()))
    assert await taken(store, bed) == ["d3"]
    await end(store, bed, "d3")
    await bed.later(60)
    (again,) = await store.take(5, bed.now())
    assert (again.id, again.attempts, again.result) == ("d1", 1, "busy")


async def test_storage_is_bounded(store: DeliveryStore, bed: Bed) -> None:
    for name, how in (("a", State.DONE), ("b", State.DEAD)):
        await store.store(delivery(name, number=ord(name)))
        await taken(store, bed)
        await end(store, bed, name, how, "")
    await bed.later(100)
    await store.store(delivery("c", number=3))
    await taken(store, bed)
    await end(store, bed, "c")
    await store.store(delivery("waits"))
    limit = bed.now() - 50
    assert await store.expire(done_before=limit, dead_before=limit - 100) == 1
    assert {d.id for d in await store.listed(list(State))} == {"b", "c", "waits"}
    assert await store.expire(done_before=limit, dead_before=limit) == 1
    assert {d.id for d in await store.listed(list(State), 1)} == {"waits"}


async def test_a_result_may_hold_what_a_database_does_not_take(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("d1"))
    await taken(store, bed)
    await store.give_back("d1", not_before=bed.now(), attempts=1, result="a\0b\udc80c" + "x" * 5000)
    assert (await state(store, "d1"))[1][:6] == "a\ufffdb?cx"
    await taken(store, bed)
    await end(store, bed, "d1", State.DEAD, "\0")
    assert await state(store, "d1") == ("dead", "\ufffd")


async def test_figures(store: DeliveryStore, bed: Bed) -> None:
    assert await store.oldest_queued() is None
    assert await store.next_due(bed.now()) is None
    at = bed.now()
    await store.store(delivery("d1", at=at))
    await store.store(delivery("d2", number=2, at=at + 1))
    await taken(store, bed)
    assert await store.oldest_queued() == at + 1
    assert await store.counts() == {State.QUEUED: 1, State.RUNNING: 1, State.DONE: 0, State.DEAD: 0}


async def test_a_backlog_of_one_repository_holds_up_no_other(store: DeliveryStore, bed: Bed) -> None:
    await asyncio.gather(*(store.store(delivery(f"d{i}", number=i, at=bed.now())) for i in range(300)))
    await store.store(delivery("other", repo=7, at=bed.now()))
    assert await taken(store, bed) == ["d0", "other"]
    order = []
    for i in range(300):
        await end(store, bed, f"d{i}")
        order += await taken(store, bed, 1)
    assert order == [f"d{i}" for i in range(1, 300)]


async def test_installations_take_turns_however_much_one_of_them_has(store: DeliveryStore, bed: Bed) -> None:
    at = bed.now()
    for i in range(12):
        await store.store(delivery(f"big{i:02}", repo=i, at=at))
    for i in range(3):
        await store.store(delivery(f"small{i}", repo=100 + i, installation=12, at=at))
    await store.store(delivery("third", repo=200, installation=13, at=at))
    assert sorted(await taken(store, bed, 4)) == ["big00", "big01", "small0", "third"]
    # The fewest running first, whoever came first.
    await end(store, bed, "small0")
    assert await taken(store, bed, 1) == ["small1"]
    await end(store, bed, "third")
    assert await taken(store, bed, 1) == ["small2"]
    assert await taken(store, bed, 1) == ["big02"]
    for name in ("big00", "big01", "big02", "small1"):
        await end(store, bed, name)
    await store.store(delivery("late", repo=300, installation=13, at=at))
    assert sorted(await taken(store, bed, 3)) == ["big03", "big04", "late"]


async def test_with_one_at_a_time_installations_take_turns_too(store: DeliveryStore, bed: Bed) -> None:
    for i in range(6):
        await store.store(delivery(f"a{i}", repo=i, at=bed.now()))
    for i in range(2):
        await store.store(delivery(f"b{i}", repo=100 + i, installation=12, at=bed.now()))
    order = []
    for _ in range(8):
        (name,) = await taken(store, bed, 1)
        order.append(name)
        await end(store, bed, name)
    assert order == ["a0", "b0", "a1", "b1", "a2", "a3", "a4", "a5"]


async def test_an_installation_whose_work_is_not_due_gets_no_turn(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("limited", installation=12, at=bed.now()))
    await taken(store, bed)
    await store.give_back("limited", not_before=bed.now() + 60, attempts=0, result="rate limit")
    await store.store(delivery("due", repo=7, at=bed.now()))
    assert await taken(store, bed) == ["due"]
    assert await taken(store, bed) == []
    await bed.later(61)
    assert await taken(store, bed) == ["limited"]


async def test_what_has_a_rank_comes_after_all_that_is_due_of_its_lane(store: DeliveryStore, bed: Bed) -> None:
    at = bed.now()
    await store.store(delivery("running", number=99, at=at))
    await taken(store, bed)
    for i in range(3):
        await store.store(delivery(f"wish{i}", number=50 + i, action="closed", at=at, rank=1))
    for i in range(2):
        await store.store(delivery(f"pull{i}", number=i, at=at))
    await store.store(delivery("back", number=9, at=at))
    await end(store, bed, "running")
    order = []
    for i in range(6):
        (name,) = await taken(store, bed, 1)
        order.append(name)
        if name == "back" and i == 2:
            await store.give_back("back", not_before=bed.now() + 3600, attempts=1, result="busy")
        else:
            await end(store, bed, name)
    # What is not due holds nothing up, whatever its rank.
    assert order[:6] == ["pull0", "pull1", "back", "wish0", "wish1", "wish2"]


async def test_deliveries_move_to_another_store_as_they_are(store: DeliveryStore, bed: Bed) -> None:
    at = bed.now()
    kept = [
        replace(delivery("done", number=1, at=at), state=State.DONE, payload=b"", result="ok", finished_at=at),
        replace(delivery("dead", number=2, at=at), state=State.DEAD, attempts=8, result="no", finished_at=at),
        replace(delivery("later", number=3, at=at), attempts=3, not_before=at + 600, result="busy"),
        delivery("due", number=4, at=at),
    ]
    await store.store(delivery("here", number=5, at=at - 1))
    await store.adopt(kept)
    await store.adopt([replace(kept[3], attempts=7)])
    assert [await store.get(each.id) for each in kept] == kept
    assert (await store.store(kept[0])).already_processed
    assert await taken(store, bed) == ["here"]
    await end(store, bed, "here")
    assert [each.id for each in await store.oldest(2)] == ["here", "done"]
    assert (await store.oldest(3))[2] == kept[1]
    await store.forget(["here", "done", "due", "unknown"])
    assert [each.id for each in await store.oldest(9)] == ["dead", "later"]
    assert await taken(store, bed) == []
    await bed.later(601)
    assert await taken(store, bed) == ["later"]
    await store.forget(["later"])
    assert await state(store, "later") == ("running", "busy")


async def test_what_was_superseded_while_its_server_died_is_remembered(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("old", at=bed.now()))
    await taken(store, bed)
    await store.store(delivery("new", at=bed.now()))
    await store.close()
    store = await bed.open()
    assert await state(store, "old") == ("done", "superseded")
    await store.expire(done_before=bed.now() - 3600, dead_before=bed.now() - 3600)
    assert (await store.store(delivery("old"))).already_processed
    assert await taken(store, bed) == ["new"]


async def test_what_a_server_left_running_is_taken_up(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("d1", at=bed.now()))
    await taken(store, bed)
    await store.close()
    (again,) = await (await bed.open()).take(5, bed.now())
    assert (again.id, again.attempts, again.result) == ("d1", 1, "the server ended while it ran")


async def test_who_reads_a_repository_is_known_until_it_reads_others(store: DeliveryStore) -> None:
    await store.keep_uses(1, User(10, "acme/apps"), ["h/acme/a", "h/acme/b", "h/acme/a"])
    await store.keep_uses(1, User(11, "acme/more"), ["h/acme/a"])
    await store.keep_uses(2, User(12, "other/apps"), ["h/acme/a"])
    assert list(await store.users_of(1, "h/acme/a", 5)) == [User(10, "acme/apps"), User(11, "acme/more")]
    assert list(await store.users_of(1, "h/acme/a", 1)) == [User(10, "acme/apps")]
    await store.keep_uses(1, User(10, "acme/renamed"), ["h/acme/b"])
    assert list(await store.users_of(1, "h/acme/a", 5)) == [User(11, "acme/more")]
    assert list(await store.users_of(1, "h/acme/b", 5)) == [User(10, "acme/renamed")]
    await store.keep_uses(1, User(10, "acme/renamed"), [])
    assert list(await store.users_of(1, "h/acme/b", 5)) == []
