"""Values come in with answers, whatever argofix asks for, and go out nowhere.

Every answer that may carry a value carries a marked one here, and every exit is searched for it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.cluster.errors import NoCluster, Unseen
from bot.cluster.limits import Limits
from bot.formats.github import check_run
from bot.formats.reports import html, sarif, text
from bot.formats.reports import json as json_format
from bot.process.logs import JsonFormatter
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import SETTINGS, judged
from tests.checks.secret_keys.stage import deployment
from tests.kubernetes import Effect, Fault, SimulatedCluster, garbage, half_body
from tests.kubernetes.objects import managed
from tests.scenarios import Files, application, config_map, documents

VALUE = "marked-4711-value"
ENCODED = base64.b64encode(VALUE.encode()).decode()
MARKS = (VALUE, ENCODED, ENCODED.rstrip("="))

FILES: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/web.yaml": deployment(("db", "url"), ("db", "password"), volumes=[SETTINGS]),
    "a/shared.yaml": config_map("shared"),
    "b/shared.yaml": config_map("shared"),
}
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"url": VALUE}, "b": ENCODED})}
SECRET = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "db", "namespace": "shop"}, "data": {}}


def secret(cluster: SimulatedCluster) -> None:
    """Nobody manages its fields, so the object has to be read."""
    cluster.secret("shop", "db", {"other": VALUE, "url": VALUE}, managed_fields=[])


def configuration(cluster: SimulatedCluster) -> None:
    cluster.config_map("shop", "settings", {"other": VALUE}, {"binary": ENCODED}, managed_fields=[])


def last_applied(cluster: SimulatedCluster) -> None:
    cluster.secret("shop", "db", {"url": VALUE, "password": VALUE}, annotations=APPLIED)


def managed_fields(cluster: SimulatedCluster) -> None:
    entry = managed({**SECRET, "data": {"url": "", "password": ""}}, VALUE)
    entry["fieldsV1"]["f:data"]["f:url"] = {f'v:"{VALUE}"': {}, ".": VALUE}
    cluster.secret("shop", "db", {"url": VALUE}, managed_fields=[entry, {"fieldsV1": VALUE}, VALUE])  # type: ignore[list-item]


def tracked(cluster: SimulatedCluster) -> None:
    cluster.config_map("shop", "shared", {"a": VALUE}, annotations=APPLIED)


def argocd_cm(cluster: SimulatedCluster) -> None:
    cluster.config_map("argocd", "argocd-cm", {"dex.config": VALUE, "installationID": "ours"})
    cluster.config_map("shop", "shared", {"a": VALUE})


def application_parameters(cluster: SimulatedCluster) -> None:
    helm = {"parameters": [{"name": "password", "value": VALUE}], "values": VALUE}
    found = cluster.application("a", path="a", spec={"source": {"path": "a", "helm": helm}})
    found["status"]["operationState"] = {"message": VALUE, "syncResult": {"resources": [{"message": VALUE}]}}
    found["status"]["conditions"] = [{"type": "ComparisonError", "message": VALUE}]


def faulty(effect: Effect, path: str) -> Callable[[SimulatedCluster], None]:
    def arrange(cluster: SimulatedCluster) -> None:
        secret(cluster)
        cluster.faults.append(Fault(effect, path=path, times=None))

    return arrange


def refusal(code: int, reason: str) -> Effect:
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    about = {"name": VALUE, "causes": [{"message": VALUE, "field": ENCODED}]}
    return garbage(json.dumps({**said, "message": f"Secret is {VALUE}", "details": about}).encode(), code)


def answer(**fields: Any) -> Effect:
    return garbage(json.dumps({**SECRET, **fields}).encode())


REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired", 500: "InternalError"}
LIST, GET = r"/shop/secrets\?", "/shop/secrets/db"
ANSWERS: Mapping[str, tuple[Callable[[SimulatedCluster], None], str]] = {
    # name: what the cluster answers, what must have been asked for that
    "data": (secret, GET),
    "data of a ConfigMap": (configuration, "/configmaps/settings"),
    "stringData": (faulty(answer(stringData={"url": VALUE}, data={"other": ENCODED}), GET), GET),
    "data that is no mapping": (faulty(answer(data=[VALUE, ENCODED]), GET), GET),
    "unknown fields": (faulty(answer(data={"other": ENCODED}, immutable=VALUE, extra={"a": VALUE}), GET), GET),
    "last-applied": (last_applied, "/shop/secrets?"),
    "managedFields": (managed_fields, "/shop/secrets?"),
    "a tracked object": (tracked, "/configmaps/shared"),
    "argocd-cm": (argocd_cm, "/configmaps/argocd-cm"),
    "an Application": (application_parameters, "/applications/a"),
    **{
        f"{code} on {what}": (faulty(refusal(code, reason), path), path.replace("\\", ""))
        for code, reason in (
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "NotFound"),
            (410, "Expired"),
            (500, "x"),
        )
        for what, path in (("a list", LIST), ("an object", GET))
    },
    "cut JSON in a list": (faulty(garbage(f'{{"items": [{{"data": {{"url": "{VALUE}"'.encode()), LIST), "secrets?"),
    "cut JSON in an object": (faulty(garbage(f'{{"kind": "Secret", "data": {{"a": "{VALUE}"'.encode()), GET), GET),
    "bytes that are no text": (faulty(garbage(VALUE.encode() + b"\xff" + ENCODED.encode()), GET), GET),
    "a JSON string": (faulty(garbage(json.dumps(VALUE).encode()), GET), GET),
    "half a body": (faulty(half_body(), GET), GET),
    "not compressed as said": (
        faulty(Effect(200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, VALUE.encode()), GET),
        GET,
    ),
    "headers": (faulty(Effect(503, {"Retry-After": VALUE, "Warning": f'299 - "{VALUE}"'}), GET), GET),
    "a redirection": (faulty(Effect(302, {"Location": f"http://127.0.0.1:1/{VALUE}"}), GET), GET),
    "more than is read": (faulty(answer(data={"url": ENCODED * 10_000}), GET), GET),
}


class _Keeping(logging.Handler):
    """Everything that anybody logs, in every form that a formatter could give it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [record.getMessage(), repr(vars(record)), JsonFormatter(()).format(record)]


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    names = [name for name, it in logging.root.manager.loggerDict.items() if isinstance(it, logging.Logger)]
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    levels = [logger.level for logger in loggers]
    handler = _Keeping()
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def told(error: BaseException) -> str:
    """All that a handler of this exception can print, the values of locals too."""
    forms = [str(error), repr(error), repr(error.args), repr(getattr(error, "__notes__", ""))]
    for with_locals in (False, True):
        report = traceback.TracebackException.from_exception(error, capture_locals=with_locals)
        forms.append("".join(report.format()))
    return "\n".join(forms)


def check_runs(evaluation: Evaluation) -> str:
    def link(span: object) -> str:
        return f"https://example.com/{span}"

    return "".join(repr(check_run.completed(evaluation, each, Policy(), link)) for each in evaluation.reports)


def kept(directory: Path) -> str:
    """What lies in the state directory, but for the renderer's binary."""
    files = [file for file in sorted(directory.rglob("*")) if file.is_file() and not file.stat().st_mode & 0o100]
    return b"".join(file.read_bytes() for file in files).decode("latin-1")


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Every exception that the reader makes."""
    made: list[BaseException] = []
    for kind in (Unseen, NoCluster):

        def remember(self: Any, *args: Any, known: Any = kind.__init__) -> None:
            known(self, *args)
            made.append(self)

        monkeypatch.setattr(kind, "__init__", remember)
    return made


@pytest.mark.parametrize(("arrange", "path"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_no_value_goes_out(
    engine: Engine,
    engine_directory: Path,
    cluster: SimulatedCluster,
    reading: Reading,
    errors: list[BaseException],
    arrange: Callable[[SimulatedCluster], None],
    path: str,
) -> None:
    cluster.application("a", path="a")
    arrange(cluster)
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(body=100_000, attempts=2))
    asyncio.get_running_loop().set_debug(True)
    with everything_logged() as lines:
        evaluation = await judged(engine, reader, FILES)
    asyncio.get_running_loop().set_debug(False)
    assert cluster.asked(path), "the test is about nothing: the value was never asked for"
    exits = {
        "logs": "\n".join(lines),
        "exceptions": "\n".join(told(error) for error in errors),
        "live": repr(evaluation.live),
        "text": text.render(evaluation, colour=False),
        "json": json_format.render(evaluation, None),
        "sarif": sarif.render(evaluation, None),
        "html": html.render(evaluation, None),
        "check runs": check_runs(evaluation),
        "state directory": kept(engine_directory),
    }
    assert "shop" in exits["live"]
    assert all(said for name, said in exits.items() if name != "exceptions")
    # Places only: the message of a failed assertion must not be an exit either.
    leaks = {name: said.find(mark) for name, said in exits.items() for mark in MARKS if mark in said}
    assert leaks == {}
