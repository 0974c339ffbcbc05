"""Check runs. Source: GitHub REST "Check runs"; limits of `output` are in bytes and enforced here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.github.client import GitHub
from bot.github.made_once import made_once
from bot.github.model import CheckRun
from bot.http.fields import Fields

ANNOTATIONS_A_REQUEST = 50
TEXT_BYTES = 65_535
MESSAGE_BYTES = 64 * 1024 - 1
TITLE_CHARACTERS = 255
log = logging.getLogger(__name__)

_CUT = "\n\n… cut here: GitHub takes no more. `argofix check` shows everything."


@dataclass(frozen=True, slots=True)
class Annotation:
    """Lines are 1-based, `end_line` inclusive; columns 1-based and kept only where both are on one line."""

    path: str
    start_line: int
    end_line: int
    level: str  # notice, warning, failure
    message: str
    title: str = ""
    raw_details: str = ""
    start_column: int | None = None
    end_column: int | None = None

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "path": _encodable(self.path),
            "start_line": self.start_line,
            "end_line": max(self.start_line, self.end_line),
            "annotation_level": self.level,
            "message": clip(self.message, MESSAGE_BYTES) or "-",
        }
        if self.title:
            data["title"] = _encodable(self.title)[:TITLE_CHARACTERS]
        if self.raw_details:
            data["raw_details"] = clip(self.raw_details, MESSAGE_BYTES)
        if self.start_column is not None and self.end_column is not None and self.start_line == self.end_line:
            data |= {"start_column": self.start_column, "end_column": self.end_column}
        return data


@dataclass(frozen=True, slots=True)
class Action:
    """A button on the check run: label 20, description 40, identifier 20 characters at most."""

    label: str
    description: str
    identifier: str

    def as_json(self) -> dict[str, str]:
        assert len(self.label) <= 20
        assert len(self.description) <= 40
        assert len(self.identifier) <= 20
        return {"label": self.label, "description": self.description, "identifier": self.identifier}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check run shows. `conclusion` None means: in progress, or queued while it is `waiting`."""

    title: str
    summary: str  # Markdown
    conclusion: str | None = None
    text: str = ""  # Markdown, below the summary
    annotations: Sequence[Annotation] = field(default=())
    beyond: int = 0  # more problems, for which there are no annotations
    actions: Sequence[Action] = field(default=())
    waiting: bool = False


async def create(
    github: GitHub,
    repository: str,
    *,
    name: str,
    head_sha: str,
    report: Report,
    external_id: str = "",
    details_url: str | None = None,
    now: float,
    app_id: int,
    newer_than: int = 0,
) -> CheckRun:
    """Create a check run on `head_sha` (`repository` is `owner/name`, `now` seconds since the epoch).

    When the answer is lost, a run of this App's counts as what was asked for if its id is above `newer_than`, the id
    of the latest run of this name before.
    """
    batches = list(_batches(report.annotations))
    data: dict[str, Any] = {"name": name, "head_sha": head_sha, "started_at": _iso(now)}
    if external_id:
        data["external_id"] = external_id
    if details_url:
        data["details_url"] = details_url
    # It becomes `completed` with the last batch: a run that is complete has all its annotations.
    data |= _state(report, batches[0], now, last=len(batches) == 1)

    async def made() -> CheckRun:
        return CheckRun.parse(Fields(await github.post(f"/repos/{repository}/check-runs", data)))

    async def there() -> CheckRun | None:
        found = await for_ref(github, repository, head_sha, app_id=app_id, name=name)
        return next((run for run in found if run.id > newer_than and run.external_id == external_id), None)

    run = await made_once(made, there)
    _tell(repository, run)
    return await _append(github, repository, run.id, report, batches[1:], now, len(batches[0])) or run


async def update(
    github: GitHub,
    repository: str,
    run_id: int,
    *,
    report: Report,
    now: float,
    external_id: str | None = None,
    sent: int = 0,
) -> CheckRun:
    """Bring a check run to `report`. GitHub *appends* annotations: the run has the first `sent` of them already."""
    batches = list(_batches(report.annotations[sent:]))
    named = {} if external_id is None else {"external_id": external_id}
    run = await _append(github, repository, run_id, report, batches, now, sent, named)
    assert run is not None  # there is always a batch
    return run


async def sent(github: GitHub, repository: str, run_id: int, report: Report) -> int | None:
    """How many annotations a run has, when they are the first of those in `report`; None when they are others."""
    path = f"/repos/{repository}/check-runs/{run_id}/annotations{{?per_page}}"
    shown = [_told(item) async for item in github.getiter(path, {"per_page": 100})]
    wanted = [_told(annotation.as_json()) for annotation in report.annotations[: len(shown)]]
    return len(shown) if shown == wanted else None


async def add_text(github: GitHub, repository: str, run_id: int, text: str) -> None:
    """Put `text` (Markdown) below the summary of a run, in place of what was there; all else stays."""
    path = f"/repos/{repository}/check-runs/{run_id}"
    shown = Fields(await github.getitem(path)).inner("output")
    output = {"title": shown.text_or_none("title") or "-", "summary": shown.text_or_none("summary") or "-"}
    await github.patch(path, {"output": output | {"text": clip(text, TEXT_BYTES)}}, repeatable=True)


async def for_ref(
    github: GitHub, repository: str, ref: str, *, app_id: int | None = None, name: str | None = None
) -> list[CheckRun]:
    """The latest check run of each name on a commit or ref, of one App when `app_id` is given."""
    path = f"/repos/{repository}/commits/{{ref}}/check-runs{{?check_name,app_id,filter,per_page}}"
    values: dict[str, str | int] = {"ref": ref, "filter": "latest", "per_page": 100}
    if app_id is not None:
        values["app_id"] = app_id
    if name is not None:
        values["check_name"] = name
    return [CheckRun.parse(Fields(item)) async for item in github.getiter(path, values, key="check_runs")]


async def get(github: GitHub, repository: str, run_id: int) -> CheckRun:
    return CheckRun.parse(Fields(await github.getitem(f"/repos/{repository}/check-runs/{run_id}")))


def says(run: CheckRun, report: Report) -> bool:
    """Whether a completed run shows what bringing it to `report` would show; annotations and buttons are not looked
    at."""
    told = _state(report, [], 0.0, last=True)
    output = told["output"]
    shown = (run.conclusion, run.title, run.summary, run.text)
    return shown == (told.get("conclusion"), output["title"], output["summary"], output.get("text", ""))


def clip(text: str, limit: int, pointer: str = _CUT) -> str:
    """`text` in at most `limit` bytes of UTF-8, cut between characters and ending in `pointer` when it was cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode()
    room = limit - len(pointer.encode())
    return data[:room].decode("utf-8", "ignore") + pointer


async def _append(
    github: GitHub,
    repository: str,
    run_id: int,
    report: Report,
    batches: Sequence[Sequence[Annotation]],
    now: float,
    sent: int,
    also: Mapping[str, str] | None = None,
) -> CheckRun | None:
    """Send these batches to a run that has `sent` annotations, with other fields (`also`) in each."""
    run = None
    for i, batch in enumerate(batches):
        sent += len(batch)
        run = await _patch(
            github, repository, run_id, _state(report, batch, now, last=i == len(batches) - 1), sent, also
        )
    return run


async def _patch(
    github: GitHub,
    repository: str,
    run_id: int,
    state: Mapping[str, Any],
    annotations: int,
    also: Mapping[str, str] | None,
) -> CheckRun:
    """`annotations` is how many the run has afterwards."""
    # Repeating is safe only where nothing is appended.
    repeatable = not state["output"].get("annotations")

    async def made() -> CheckRun:
        path = f"/repos/{repository}/check-runs/{run_id}"
        return CheckRun.parse(Fields(await github.patch(path, {**state, **(also or {})}, repeatable=repeatable)))

    async def there() -> CheckRun | None:
        run = await get(github, repository, run_id)
        return run if not repeatable and run.annotations >= annotations else None

    run = await made_once(made, there)
    _tell(repository, run)
    return run


def _tell(repository: str, run: CheckRun) -> None:
    """One line for each judgement that people now see, whoever made it."""
    if run.status == "completed":
        what = {"check": run.name, "head": run.head_sha[:7], "conclusion": run.conclusion}
        log.info("check run completed", extra={"repository": repository, **what})


def _told(annotation: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells an annotation from another, as it was sent or as GitHub shows it."""
    names = ("path", "start_line", "end_line", "annotation_level")
    return (*(annotation[name] for name in names), annotation["message"].replace("\r\n", "\n").strip())


def _state(report: Report, annotations: Sequence[Annotation], now: float, *, last: bool) -> dict[str, Any]:
    output: dict[str, Any] = {
        "title": _encodable(report.title)[:TITLE_CHARACTERS],
        "summary": clip(report.summary, TEXT_BYTES),
    }
    if report.text:
        output["text"] = clip(report.text, TEXT_BYTES)
    if annotations:
        output["annotations"] = [annotation.as_json() for annotation in annotations]
    data: dict[str, Any] = {"output": output}
    if last and report.conclusion is not None:
        data |= {"status": "completed", "conclusion": report.conclusion, "completed_at": _iso(now)}
    else:
        data["status"] = "queued" if report.waiting else "in_progress"
    if report.actions and last:
        data["actions"] = [action.as_json() for action in report.actions[:3]]
    return data


def _batches(annotations: Sequence[Annotation]) -> Iterator[list[Annotation]]:
    yield list(annotations[:ANNOTATIONS_A_REQUEST])
    for start in range(ANNOTATIONS_A_REQUEST, len(annotations), ANNOTATIONS_A_REQUEST):
        yield list(annotations[start : start + ANNOTATIONS_A_REQUEST])


def _encodable(text: str) -> str:
    """File names that are not UTF-8 come with lone surrogates, which JSON parsers refuse."""
    return text.encode("utf-8", "replace").decode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
