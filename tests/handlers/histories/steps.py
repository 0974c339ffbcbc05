"""What can happen next. A step is a name and three small numbers, which choose whom it happens to; what cannot happen
(a button that is not there) happens not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.github import Fault, PullRequest, faults
from tests.github.pulls import reopens
from tests.handlers.conftest import GATE, OWNERSHIP
from tests.handlers.histories.oracle import APPS, NAMES, Contents, content, path
from tests.handlers.histories.world import World, pulls

Step = tuple[str, int, int, int]
BRANCHES = ("copy", "move", "other")
COMMENTS = ("/argofix check", "/argofix fix", "/argofix order")
EFFECTS = (
    faults.server_error(502),
    faults.server_error(502, acts=True),
    faults.dropped(),
    faults.dropped(acts=True),
    faults.half_body(),
    faults.too_many_requests(retry_after=3),
    faults.secondary_limit(retry_after=3),
    faults.bad_credentials(),
)
PATHS = (r"/check-runs$", r"/check-runs/\d+$", r"/pulls$", r"git-upload-pack", r"/comments", "")


def change(a: int, b: int, c: int) -> Contents:
    """A ConfigMap comes, goes, or says something else."""
    app, name = APPS[a % len(APPS)], NAMES[b % len(NAMES)]
    return {path(app, name): None if c % 4 == 3 else content(name, data=str(c % 2))}


def _pull(world: World, a: int, *, open: bool = True) -> PullRequest | None:
    known = pulls(world, open=open)
    return known[a % len(known)] if known else None


def _open(world: World, head: str, base: str) -> bool:
    """GitHub opens one pull request for each pair of branches."""
    return any(pull.open and (pull.head_branch, pull.base_branch) == (head, base) for pull in world.repo.pulls)


def push(world: World, a: int, b: int, c: int) -> None:
    branch = BRANCHES[a % 3]
    if world.repo.branch(branch):
        world.repo.push(branch, change(b, c, a + b), author=world.user)


def force(world: World, a: int, b: int, c: int) -> None:
    branch = BRANCHES[a % 3]
    if world.repo.branch(branch):
        world.repo.push(branch, change(b, c, a), author=world.user, base="main", force=True)


def open_pull(world: World, a: int, b: int, c: int) -> None:
    """From one of three branches into one of two: twice from the same is two pull requests of one head."""
    branch, base = BRANCHES[a % 3], ("main", "main", "next")[(b + c) % 3]
    if world.repo.branch(branch) is None:
        world.repo.push(branch, change(b, c, a), author=world.user)
    if not _open(world, branch, base):
        world.github.open_pull(world.repo, branch, title=branch, user=world.user, base=base, draft=c == 5)


def base(world: World, a: int, b: int, c: int) -> None:
    world.repo.push("next" if a == 0 else "main", change(b, c, a), author=world.user)


def retarget(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is None:
        return
    other = "next" if pull.base_branch == "main" else "main"
    if not any(
        each.open and (each.head_branch, each.base_branch) == (pull.head_branch, other) for each in pulls(world)
    ):
        world.github.retarget(pull, other, world.user)


def draft(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None and pull.draft:
        world.github.ready_for_review(pull, world.user)
    elif pull is not None:
        world.github.convert_to_draft(pull, world.user)


def close(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None:
        world.github.close(pull, world.user)


def reopen(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a, open=False)
    if pull is None or not reopens(pull):
        return
    if not _open(world, pull.head_branch, pull.base_branch):
        world.github.reopen(pull, world.user)


def comment(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None:
        world.github.comment(pull, world.user, COMMENTS[b % len(COMMENTS)])


def rerun(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    run = pull.checks.get((GATE, OWNERSHIP)[b % 2]) if pull is not None else None
    if run is not None and run.status == "completed":
        world.github.rerequest(world.repo, run, world.user, resets=c % 2 == 1)


def click(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    run = pull.checks.get(OWNERSHIP) if pull is not None else None
    if run is not None and run.status == "completed" and run.actions:
        world.github.click(world.repo, run, "fix", world.user)


def merge(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None and world.protection.allows(pull):
        world.github.merge(pull, world.user, ("merge", "squash")[b % 2])


def enqueue(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None and world.queue.admits(pull):
        world.queue.enter(pull)


def dequeue(world: World, a: int, b: int, c: int) -> None:
    pull = _pull(world, a)
    if pull is not None:
        world.queue.leave(pull)


def redeliver(world: World, a: int, b: int, c: int) -> None:
    """Once more with the same guid, as a person may ask for within three days."""
    sent = [delivery for delivery in world.github.deliveries if delivery.done and not delivery.redelivery]
    if sent:
        world.github.redeliver(sent[-1 - (a * 6 + b) % len(sent)])


def hold(world: World, a: int, b: int, c: int) -> None:
    if world.github.held is None:
        world.github.hold_webhooks()


def release(world: World, a: int, b: int, c: int) -> None:
    """What was held up comes the last first, the first at the end, or some of it never."""
    if world.github.held is None:
        return
    if c % 3 == 2:
        world.lost = True
        world.github.release_webhooks(lambda held: held[::2])
    else:
        world.github.release_webhooks(lambda held: held[::-1] if c % 3 else held[1:] + held[:1])


def fault(world: World, a: int, b: int, c: int) -> None:
    effect = EFFECTS[(a + 6 * c) % len(EFFECTS)]
    twice = c % 2 or effect.status == 401  # what is refused once is asked for with another token
    broken = Fault(effect, path=PATHS[b % len(PATHS)], times=2 if twice else 1)
    world.broken.append(broken)
    world.github.faults.append(broken)


def trap(world: World, a: int, b: int, c: int) -> None:
    world.trap(a * 6 + b, acts=bool(c % 2))


async def outage(world: World, a: int, b: int, c: int) -> None:
    if not world.down and not world.traps:
        await world.kill()


async def quiet(world: World, a: int, b: int, c: int) -> None:
    await world.settled()


Act = Callable[[World, int, int, int], None]
ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        *(push, force, open_pull, base, retarget, draft, close, reopen, comment, rerun, click, merge),
        *(enqueue, dequeue, redeliver, hold, release, fault, trap),
    )
}
# Where things went wrong, or would if one thing were left out.
KNOWN: dict[str, list[Step]] = {
    "right alone and wrong together, one after the other": [
        ("open_pull", 0, 0, 3),
        ("open_pull", 1, 1, 3),
        ("quiet", 0, 0, 0),
        ("merge", 0, 0, 0),
    ],
    "right alone and wrong together in a queue": [
        ("open_pull", 0, 0, 3),
        ("open_pull", 1, 1, 3),
        ("quiet", 0, 0, 0),
        ("enqueue", 0, 0, 0),
        ("enqueue", 1, 0, 0),
    ],
    "two pull requests of one head": [("base", 0, 0, 1), ("open_pull", 0, 0, 1), ("open_pull", 0, 1, 1)],
    "the worse of two is closed": [
        ("base", 0, 0, 1),
        ("open_pull", 0, 0, 1),
        ("open_pull", 0, 1, 1),
        ("quiet", 0, 0, 0),
        ("close", 0, 0, 0),
    ],
    "pointed at another base and back": [
        ("base", 0, 0, 1),
        ("open_pull", 0, 0, 1),
        ("quiet", 0, 0, 0),
        ("retarget", 0, 0, 0),
        ("quiet", 0, 0, 0),
        ("retarget", 0, 0, 0),
    ],
    "pushed while the server was away": [
        ("open_pull", 1, 0, 0),
        ("quiet", 0, 0, 0),
        ("outage", 0, 0, 0),
        ("push", 1, 0, 1),
    ],
    "killed in the middle, and the base moves": [("open_pull", 0, 0, 1), ("trap", 1, 2, 1), ("base", 1, 2, 2)],
    "the token is refused twice": [("fault", 1, 4, 1), ("open_pull", 0, 0, 1)],
    "one run is asked for again": [("open_pull", 0, 0, 1), ("quiet", 0, 0, 0), ("rerun", 0, 1, 1)],
    "nothing new about what cannot be analysed": [
        ("open_pull", 3, 0, 0),
        ("quiet", 0, 0, 0),
        ("draft", 0, 0, 0),
        ("draft", 0, 0, 0),
    ],
    "webhooks the wrong way round": [
        ("open_pull", 1, 0, 0),
        ("quiet", 0, 0, 0),
        ("hold", 0, 0, 0),
        ("push", 1, 0, 1),
        ("push", 1, 0, 1),
        ("force", 1, 0, 0),
        ("release", 0, 0, 1),
    ],
}
WAITS = {act.__name__: act for act in (outage, quiet)}
# As often as in a day's work: more is pushed and opened than queued, held up or killed.
NAMES_OF_STEPS = (*ACTS, *WAITS, *("push", "open_pull", "open_pull", "base", "enqueue", "enqueue", "quiet", "quiet"))


async def play(world: World, history: Sequence[Step]) -> None:
    """Let it happen, step by step, and then let the server come to rest."""
    for name, a, b, c in history:
        if name in ACTS:
            ACTS[name](world, a, b, c)
            world.queue.work()
            world.changed()
        else:
            await WAITS[name](world, a, b, c)
    await world.settled()
    while world.queue.groups:  # what is answered is merged, and what was behind it is asked for
        before = len(world.queue.groups)
        world.queue.work()
        world.changed()
        await world.settled()
        if len(world.queue.groups) == before:
            world.wrong.append("the merge queue has stalled")
            break
