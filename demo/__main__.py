"""Play the story and print what GitHub shows."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from bot.cli.arguments import parser
from bot.cli.commands import doctor
from bot.formats.github import gate
from bot.process import logs
from bot.queue.deliveries import State
from bot.server.app import Running, serve
from bot.server.settings import Settings
from demo import elsewhere
from demo.argocd import ARGO_CD, EXPOSED, publish
from demo.cluster import fill
from demo.story import BEFORE, MIGRATION, PROPOSED, SETTINGS
from handlers.judging.runs import check_names
from tests.github import File, PullRequest, Repository, SimulatedGitHub, User, show
from tests.kubernetes import SimulatedCluster, allow, write_kubeconfig
from tests.quay import SimulatedQuay

READER = (  # what argofix asks of a cluster, and nothing else
    allow("get", "list", resources=["configmaps", "secrets"]),
    allow("get", resources=["namespaces", "serviceaccounts", "networkpolicies"], groups=["", "networking.k8s.io"]),
    allow("get", "list", resources=["applications"], groups=["argoproj.io"]),
)


class _Progress:
    """Lines on stderr, so that the story itself can be piped somewhere."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:5.1f} s] {text}", file=sys.stderr, flush=True)


async def play() -> None:
    say = _Progress()
    async with (
        SimulatedGitHub() as github,
        SimulatedCluster() as cluster,
        SimulatedQuay() as quay,
        elsewhere.registry() as charts,
    ):
        fill(cluster)
        with tempfile.TemporaryDirectory(prefix="argofix-demo-") as state:
            access = cluster.access(cluster.account("argofix", *READER))
            write_kubeconfig(Path(state) / "kubeconfig", {"in-cluster": access})
            await _story(github, quay, charts, Path(state), say)
        github.assert_no_violations()
        assert not quay.violations, quay.violations
    say("done; every request and answer fits GitHub's published description")


async def _story(github: SimulatedGitHub, quay: SimulatedQuay, charts: str, state: Path, say: _Progress) -> None:
    settings = Settings(
        app_id=github.app.id,
        private_key=github.app.private_key,
        webhook_secret=github.app.webhook_secret,
        api_url=github.api_url,
        quay_url=quay.url,
        poll_interval=0,  # alice does not wait for the schedule
        state_dir=state,
        database_url=f"sqlite:///{state / 'argofix.db'}",
        host="127.0.0.1",
        port=0,
        kubeconfig=str(state / "kubeconfig"),
        fetch_hosts=frozenset({urlsplit(charts).netloc}),  # its registry is on a private address
    )
    stop = asyncio.Event()
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(settings, stop=stop, started=ready.set_result))
    try:
        await asyncio.wait((server, ready), return_when=asyncio.FIRST_COMPLETED)
        if server.done():
            server.result()
        running = await ready
        say(f"simulated GitHub at {github.url}, simulated cluster beside it, argofix listens on port {running.port}")
        github.app.webhook_url = f"http://127.0.0.1:{running.port}/webhook"
        repo = github.repository("acme/platform", BEFORE | ARGO_CD)
        github.install(repo)
        alice = github.user("alice")
        github.collaborator(repo, alice)
        await github.settle()

        say("alice opens a pull request: api-backend becomes self-contained and migrates its database first")
        repo.push(
            "self-contained", PROPOSED | MIGRATION | SETTINGS, message="Make api-backend self-contained", author=alice
        )
        pull = github.open_pull(repo, "self-contained", title="Make api-backend self-contained", user=alice)
        await _checked(github, pull)
        _print("What GitHub shows on the pull request", show.pull_request(pull))

        say("she presses the Fix button of the ownership check")
        github.click(repo, pull.checks["argofix / ownership"], "fix", alice)
        fix = await _by_the_app(github, repo, 1)
        await github.wait_for(lambda: bool(_comments(pull, "<!-- argofix:fixes -->")), within=40)
        await _checked(github, fix)
        _print("The fix against her branch (its text left out here)", _short(fix))
        _print("The answer on her pull request", _comments(pull, "<!-- argofix:fixes -->")[0])

        say("she merges her own pull request all the same")
        github.merge(pull, alice)
        fix = await _by_the_app(github, repo, 2)
        await _checked(github, fix)
        _print("The fix against main, knowing who holds the live objects", show.pull_request(fix, diff=True))

        say("upstream has released new versions of Argo CD; alice does not wait for the hourly look")
        publish(github, quay)
        comment = github.comment(pull, alice, "/argofix bump")
        bump = await _open_from(github, repo, "argofix/bump/argo-cd-minor")
        await _checked(github, bump)
        await github.wait_for(lambda: "rocket" in [reaction.content for reaction in comment.reactions], within=40)
        _print("The answer to `/argofix bump`", _comments(pull, "<!-- argofix:answer:")[-1])
        _print("The bump of the staging overlay", show.pull_request(bump, diff=True))

        say("a tunnel takes Argo CD to the public, and nobody can log in")
        repo.push("main", EXPOSED, message="Reach Argo CD from everywhere", author=alice)
        loop = await _open_from(github, repo, "argofix/fix/argocd-redirect-loop-")
        await _checked(github, loop)
        await _doctor(repo, state)
        _print("The fix of the redirect loop", show.pull_request(loop, diff=True))

        await _elsewhere(github, running, alice, charts, say)
    finally:
        stop.set()
        await server


async def _doctor(repo: Repository, state: Path) -> None:
    """What `argofix doctor` says on a checkout of the default branch."""
    checkout = state / "checkout"
    for path in [
        "bootstrap/sets/argocd.yaml",
        *(path for path in (*ARGO_CD, *EXPOSED) if path.startswith("argocd/")),
    ]:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_bytes(repo.file(path) or b"")
    told = state / "doctor.txt"
    arguments = parser().parse_args(["doctor", str(checkout), "--offline", "--output", str(told)])
    await doctor(arguments)
    _print("What `argofix doctor` says on a checkout", told.read_text())


async def _elsewhere(github: SimulatedGitHub, running: Running, alice: User, charts: str, say: _Progress) -> None:
    say("another team deploys a chart of a registry, a remote base and manifests of a second repository")
    manifests = github.repository("umbrella/manifests", elsewhere.MANIFESTS)
    git = manifests.clone_url
    edge = github.repository("umbrella/edge", elsewhere.edge(git, charts))
    github.install(edge.owner, repositories=[edge, manifests])
    await _idle(github, running)  # by now argofix knows who reads the second one
    listed = elsewhere.kustomization(git, "flags.yaml", "cache-account.yaml")
    copied: dict[str, bytes | str | File | None] = {
        "web/kustomization.yaml": listed,
        "web/cache-account.yaml": elsewhere.ACCOUNT,
    }
    edge.push("account", copied, message="Give the cache its account", author=alice)
    pull = github.open_pull(edge, "account", title="Give the cache its account", user=alice)
    await _checked(github, pull)
    _print("A duplicate between a chart and a kustomization", _ownership(pull))

    say("in the second repository somebody copies what a kustomization of the first one brings")
    manifests.push("flags", elsewhere.COPIED_FLAGS, message="Bring the flags along", author=alice)
    other = github.open_pull(manifests, "flags", title="Bring the flags along", user=alice)
    await _checked(github, other)
    _print("What the pull request in the second repository shows", _ownership(other))


async def _idle(github: SimulatedGitHub, running: Running) -> None:
    """Wait until every delivery is worked on."""
    async with asyncio.timeout(40):
        while True:
            await github.settle()
            counts = await running.worker.store.counts()
            if not (counts[State.QUEUED] or counts[State.RUNNING]):
                return
            await asyncio.sleep(0.05)


def _ownership(pull: PullRequest) -> str:
    run = pull.checks["argofix / ownership"]
    return f"{run.name}: {run.conclusion} — {run.title}\n\n{run.summary}"


async def _open_from(github: SimulatedGitHub, repo: Repository, branch: str) -> PullRequest:
    """The open pull request from a branch whose name begins like this."""

    def found() -> list[PullRequest]:
        return [pull for pull in repo.pulls if pull.open and pull.head_branch.startswith(branch)]

    await github.wait_for(lambda: bool(found()), within=40)
    return found()[0]


async def _checked(github: SimulatedGitHub, pull: PullRequest) -> None:
    """Wait until every check run of the pull request is completed."""
    names = {gate.NAME, *check_names(quiet=False)}
    await github.wait_for(
        lambda: names <= set(pull.checks) and all(run.status == "completed" for run in pull.checks.values()),
        within=40,
    )


async def _by_the_app(github: SimulatedGitHub, repo: Repository, count: int) -> PullRequest:
    """The `count`-th pull request that the App has opened."""

    def opened() -> list[PullRequest]:
        return [pull for pull in repo.pulls if pull.issue.user == github.app.bot]

    await github.wait_for(lambda: len(opened()) >= count, within=40)
    return sorted(opened(), key=lambda pull: pull.number)[count - 1]


def _comments(pull: PullRequest, mark: str) -> list[str]:
    return [comment.body for comment in pull.issue.comments if mark in comment.body]


def _short(pull: PullRequest) -> str:
    runs = "\n".join(f"  {name}: {run.conclusion} — {run.title}" for name, run in sorted(pull.checks.items()))
    return f"#{pull.number} {pull.issue.title}  [{show.state_of(pull)}]\n{runs}\n\n{pull.diff()}"


def _print(title: str, text: str) -> None:
    print(f"\n{'=' * 100}\n{title}\n{'=' * 100}\n{text}", flush=True)


def main() -> int:
    logs.configure(level="warning", secrets=())
    logging.captureWarnings(True)
    asyncio.run(play())
    return 0


if __name__ == "__main__":
    sys.exit(main())
