"""Check runs and check suites."""

from typing import Any

from tests.github import check_payloads
from tests.github.handling import Answer, ApiError, Call, found, invalid, listed, operation
from tests.github.refs import check_suite
from tests.github.repos import revision
from tests.github.repository import CheckRun, CheckSuite, Repository
from tests.github.state import App, User
from tests.github.webhooks import emit

Json = dict[str, Any]

READ, WRITE = "checks:read", "checks:write"
TEXT_BYTES = 65_535
ANNOTATIONS = 50
MESSAGE_BYTES = 64 * 1024


def announce(
    repo: Repository, run: CheckRun, action: str, sender: User, only: App | None = None, **extra: Any
) -> None:
    fields = {"check_run": check_payloads.check_run(repo, run), **extra}
    emit(repo.state, "check_run", action, fields, repo, sender, only=only)
    repo.state.changed()


def check_limits(body: Json) -> None:
    """GitHub counts bytes where its description says characters."""
    output = body.get("output", {})
    for name in ("summary", "text"):
        if len(output.get(name, "").encode()) > TEXT_BYTES:
            raise invalid("CheckRun", name, "invalid", f"Only {TEXT_BYTES} bytes are allowed; {name} is too long")
    if len(output.get("annotations", ())) > ANNOTATIONS:
        raise invalid("CheckRun", "annotations", "invalid", "annotations exceeds a maximum quantity of 50")
    for item in output.get("annotations", ()):
        if max(len(item[name].encode()) for name in ("message", "raw_details") if name in item) > MESSAGE_BYTES:
            raise invalid("CheckRun", "annotations", "invalid", "message is too long")
        if len(item.get("title", "")) > 255:
            raise invalid("CheckRun", "annotations", "invalid", "title is too long")
        if item["start_line"] < 1 or item["end_line"] < item["start_line"]:
            raise invalid("CheckRun", "annotations", "invalid", "line range is not valid")
        if item["start_line"] != item["end_line"] and {"start_column", "end_column"} & item.keys():
            raise invalid("CheckRun", "annotations", "invalid", "columns need start and end on the same line")
    if body.get("status") == "completed" and "conclusion" not in body:
        raise invalid("CheckRun", "conclusion", "missing_field")
    if body.get("conclusion") == "stale":
        raise invalid("CheckRun", "conclusion")


def apply(call: Call, run: CheckRun) -> None:
    body, now = call.body, call.state.now()
    output = body.get("output", {})
    run.name = body.get("name", run.name)
    run.details_url = body.get("details_url", run.details_url)
    run.external_id = body.get("external_id", run.external_id)
    run.started_at = body.get("started_at", run.started_at)
    run.status = "completed" if "conclusion" in body else body.get("status", run.status)
    if run.status == "completed":
        run.conclusion = body.get("conclusion", run.conclusion)
        run.completed_at = body.get("completed_at", run.completed_at or now)
    else:
        run.conclusion = run.completed_at = None
    run.started_at = run.started_at or now
    run.title, run.summary = output.get("title", run.title), output.get("summary", run.summary)
    run.text = output.get("text", run.text)
    run.annotations += output.get("annotations", [])
    run.actions = body.get("actions", run.actions)
    run.suite.updated_at = now


@operation("checks/create", WRITE)
def create(call: Call) -> Answer:
    repo, sha = call.repo, call.body["head_sha"]
    check_limits(call.body)
    if repo.git.kind(sha) != "commit" or len(sha) != 40:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    run = CheckRun(next(call.state.ids), check_suite(repo, call.app, sha, None), call.body["name"], sha)
    apply(call, run)
    repo.check_runs[run.id] = run
    announce(repo, run, "created", call.bot)
    if run.status == "completed":
        announce(repo, run, "completed", call.bot)
    return Answer(201, check_payloads.check_run(repo, run))


@operation("checks/get", READ)
def get(call: Call) -> Answer:
    return Answer(200, check_payloads.check_run(call.repo, call.check_run()))


@operation("checks/update", WRITE)
def update(call: Call) -> Answer:
    run = call.check_run()
    if run.suite.app is not call.app:
        raise ApiError(
            403,
            f"Invalid app_id `{call.app.id}` - check run can only be modified by the GitHub App that created it.",
        )
    check_limits(call.body)
    was = run.status
    apply(call, run)
    if run.status == "completed" and was != "completed":
        announce(call.repo, run, "completed", call.bot)
    return Answer(200, check_payloads.check_run(call.repo, run))


@operation("checks/list-annotations", READ)
def list_annotations(call: Call) -> Answer:
    run = call.check_run()

    def show(item: Json) -> Json:
        html = f"{call.state.url}/{call.repo.full_name}/blob/{run.head_sha}/{item['path']}"
        return {
            "start_column": None,
            "end_column": None,
            "title": None,
            "raw_details": None,
            **item,
            "blob_href": html,
        }

    return listed(call, run.annotations, show)


def runs_listed(call: Call, runs: list[CheckRun]) -> Answer:
    query = call.query
    if "check_name" in query:
        runs = [run for run in runs if run.name == query["check_name"]]
    if "status" in query:
        runs = [run for run in runs if run.status == query["status"]]
    if "app_id" in query:
        runs = [run for run in runs if run.suite.app.id == query["app_id"]]
    if query.get("filter", "latest") == "latest":
        runs = list({(run.suite.id, run.name): run for run in runs}.values())
    return listed(call, list(reversed(runs)), lambda run: check_payloads.check_run(call.repo, run), "check_runs")


@operation("checks/list-for-ref", READ)
def list_for_ref(call: Call) -> Answer:
    sha = revision(call.repo, call.path["ref"])
    return runs_listed(call, [run for run in call.repo.check_runs.values() if run.head_sha == sha])


def suite_of(call: Call) -> CheckSuite:
    return found(call.repo.suites.get(int(call.path["check_suite_id"])))


@operation("checks/list-for-suite", READ)
def list_for_suite(call: Call) -> Answer:
    suite = suite_of(call)
    return runs_listed(call, [run for run in call.repo.check_runs.values() if run.suite is suite])


@operation("checks/get-suite", READ)
def get_suite(call: Call) -> Answer:
    return Answer(200, check_payloads.check_suite(call.repo, suite_of(call)))


@operation("checks/list-suites-for-ref", READ)
def list_suites(call: Call) -> Answer:
    sha, query = revision(call.repo, call.path["ref"]), call.query
    suites = [suite for suite in call.repo.suites.values() if suite.head_sha == sha]
    suites = [suite for suite in suites if query.get("app_id", suite.app.id) == suite.app.id]
    if "check_name" in query:
        named = {run.suite.id for run in call.repo.check_runs.values() if run.name == query["check_name"]}
        suites = [suite for suite in suites if suite.id in named]
    return listed(call, suites, lambda suite: check_payloads.check_suite(call.repo, suite), "check_suites")


@operation("checks/rerequest-run", WRITE)
def rerequest_run(call: Call) -> Answer:
    run = call.check_run()
    rerequest(call.repo, run, call.bot)
    return Answer(201, {})


@operation("checks/rerequest-suite", WRITE)
def rerequest_suite(call: Call) -> Answer:
    suite_rerequested(call.repo, suite_of(call), call.bot)
    return Answer(201, {})


def rerequest(repo: Repository, run: CheckRun, sender: User, *, resets: bool = False) -> None:
    """The Re-run button: GitHub tells the App that owns the run, and leaves the run as it is.

    Source: GitHub REST "Rerequest a check run": the suite's status becomes `queued`, "the check run itself is not
    updated". Older Enterprise Servers say that the run is what is reset to `queued` (`resets`).
    """
    if resets:
        run.status, run.conclusion, run.completed_at = "queued", None, None
    announce(repo, run, "rerequested", sender, only=run.suite.app)


def suite_rerequested(repo: Repository, suite: CheckSuite, sender: User) -> None:
    fields = {"check_suite": check_payloads.check_suite(repo, suite)}
    emit(repo.state, "check_suite", "rerequested", fields, repo, sender, only=suite.app)
    repo.state.changed()
