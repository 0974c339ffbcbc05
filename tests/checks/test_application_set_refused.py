"""What Argo CD refuses of an ApplicationSet is an error at its line; what only argofix does not know is not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.applicationsets import Refusal
from tests.scenarios import URL, application, config_map, documents, evaluated, of_rule, text

RULE = "application-set-refused"
FILES = {"apps/web/m.yaml": config_map("m"), "apps/api/m.yaml": config_map("n"), "bad.yaml": "a: [\n"}
HEAD = """
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: set, namespace: argocd}
    spec:
"""
LIST = "generators: [{list: {elements: [{name: web, path: apps/web}]}}]"
TWO = "generators: [{list: {elements: [{name: web, path: apps/web}, {name: web, path: apps/api}]}}]"
GIT = f"generators: [{{git: {{repoURL: '{URL}', directories: [{{path: 'apps/*'}}]}}}}]"


def made(*spec: str, name: str = "{{name}}", path: str = "{{path}}", destination: str = "{name: in-cluster}") -> str:
    template = f"""
      template:
        metadata: {{name: '{name}'}}
        spec:
          project: default
          source: {{repoURL: '{URL}', targetRevision: HEAD, path: '{path}'}}
          destination: {destination}
"""
    return text(HEAD) + "".join(f"  {line}\n" for part in spec for line in part.split("\n")) + text_of(template)


def text_of(template: str) -> str:
    return "".join(f"  {line}\n" for line in text(template).splitlines())


MATRIX = "generators: [{{matrix: {{generators: [{}, {}]}}}}]"
MERGE = "generators: [{{merge: {{mergeKeys: {}, generators: [{}, {}]}}}}]"
DIRECTORIES = f"{{git: {{repoURL: '{URL}', directories: [{{path: 'apps/*'}}]}}}}"
ONE = "{list: {elements: [{name: web, path: apps/web}]}}"

REFUSED: dict[str, tuple[str, int, str]] = {
    "two of one name": (made(TWO), 5, "second Application"),
    "a function that is no parameter": (made("goTemplate: true", GIT, name="{{path.basename}}"), 8, "not defined"),
    "the other dialect": (made(GIT, name="{{.path.basename}}"), 7, "invalid name"),
    "both dialects": (made("goTemplate: true", LIST, name="{{.name}}", path="{{path}}"), 11, "not defined"),
    "a missing key": (
        made("goTemplate: true", "goTemplateOptions: ['missingkey=error']", LIST, name="{{.nam}}", path="a"),
        9,
        "nam",
    ),
    "an unknown option": (made("goTemplate: true", "goTemplateOptions: [x]", LIST), 5, "goTemplateOptions"),
    "a template that does not end": (made("goTemplate: true", LIST, name="{{if .name}}x"), 8, ""),
    "a tag that is not closed": (made(LIST, name="{{name}}-{{x"), 7, "not closed"),
    "capitals": (made("generators: [{list: {elements: [{name: Web, path: a}]}}]"), 7, "invalid name 'Web'"),
    "an underscore": (made("generators: [{list: {elements: [{name: a_b, path: a}]}}]"), 7, "invalid name 'a_b'"),
    "no name": (made("generators: [{list: {elements: [{name: '', path: a}]}}]"), 7, "invalid name"),
    "a destination of the other dialect": (made(LIST, destination="{name: '{{.cluster}}'}"), 11, "destination"),
    "matrix children that contradict": (made(MATRIX.format(DIRECTORIES, ONE)), 5, "different values"),
    "a matrix of one": (made(f"generators: [{{matrix: {{generators: [{ONE}]}}}}]"), 5, "exactly two"),
    "a merge without keys": (made(MERGE.format("[]", ONE, ONE)), 5, "mergeKeys"),
    "a merge of equal keys": (made(MERGE.format("[x]", ONE, TWO.split("[", 1)[1][:-1])), 5, "same merge keys"),
    "a number without Go templates": (made("generators: [{list: {elements: [{name: 3, path: a}]}}]"), 5, "no text"),
    "a selector": (
        made(LIST.replace("[{list", "[{selector: {matchExpressions: [{key: a, operator: X}]}, list")),
        5,
        "",
    ),
    "a file that is no YAML": (
        made(f"generators: [{{git: {{repoURL: '{URL}', files: [{{path: bad.yaml}}]}}}}]"),
        5,
        "bad.yaml",
    ),
    "a patch that is no YAML": (made("templatePatch: '{{name}}: ['", LIST), 5, "templatePatch"),
}


@pytest.mark.parametrize(("source", "line", "words"), REFUSED.values(), ids=REFUSED)
async def test_it_is_an_error_at_its_line(engine: Engine, source: str, line: int, words: str) -> None:
    evaluation = await evaluated(engine, {**FILES, "sets/set.yaml": source})
    (finding,) = of_rule(evaluation, RULE)
    assert (finding.severity, finding.span.path) == (Severity.ERROR, "sets/set.yaml")
    assert (finding.span.line, words in finding.message) == (line, True), finding
    assert evaluation.gaps == ()
    assert evaluation.report("argofix / render").failed


UNKNOWN: dict[str, str] = {
    "clusters": made("generators: [{clusters: {}}]", name="{{name}}"),
    "pull requests": made("generators: [{pullRequest: {}}]"),
    "another repository": made("generators: [{git: {repoURL: 'https://x.example/a/b', directories: [{path: '*'}]}}]"),
    "a matrix with clusters": made(MATRIX.format(DIRECTORIES, "{clusters: {}}"), name="{{name}}-{{path.basename}}"),
    "a generator of a later Argo CD": made("generators: [{unheardOf: {}}]"),
    "the clock": made("goTemplate: true", LIST, name='{{now | date "2006"}}'),
    "a function that argofix lacks": made("goTemplate: true", LIST, name="{{derivePassword 1 .name}}"),
}


@pytest.mark.parametrize("source", UNKNOWN.values(), ids=UNKNOWN)
async def test_what_git_does_not_tell_is_no_error(engine: Engine, source: str) -> None:
    evaluation = await evaluated(engine, {**FILES, "sets/set.yaml": source})
    assert of_rule(evaluation, RULE) == []
    assert [unknown.refused for unknown in evaluation.snapshot.unknown] == [None]
    assert evaluation.gaps


@pytest.mark.parametrize(
    ("source", "reach"),
    [
        (REFUSED["a missing key"][0], Refusal.SET),
        (REFUSED["capitals"][0], Refusal.DELETIONS),
        (REFUSED["two of one name"][0], Refusal.APPLICATIONS),
    ],
)
async def test_how_far_it_reaches(engine: Engine, source: str, reach: Refusal) -> None:
    evaluation = await evaluated(engine, {**FILES, "sets/set.yaml": source})
    (unknown,) = evaluation.snapshot.unknown
    (made_set,) = evaluation.snapshot.sets
    assert unknown.refused is reach
    assert unknown.deletes_nothing == made_set.refused == (reach is not Refusal.APPLICATIONS)
    assert reach.value in of_rule(evaluation, RULE)[0].topic.message


async def test_a_change_that_breaks_a_set_fails(engine: Engine) -> None:
    good, bad = made(LIST), made(LIST, name="{{name}}-{{x")
    broken = await evaluated(engine, {**FILES, "s.yaml": bad}, base={**FILES, "s.yaml": good})
    assert [finding.introduced for finding in of_rule(broken, RULE)] == [True]
    known = await evaluated(engine, {**FILES, "s.yaml": "# moved\n" + bad}, base={**FILES, "s.yaml": bad})
    assert [finding.introduced for finding in of_rule(known, RULE)] == [False]


async def test_more_elements_are_no_new_problem(engine: Engine) -> None:
    def listed(count: int) -> str:
        elements = ", ".join(f"{{name: A_{i}, path: a}}" for i in range(count))
        return made(f"generators: [{{list: {{elements: [{elements}]}}}}]", name="X_{{x}}")

    evaluation = await evaluated(engine, {"s.yaml": listed(3)}, base={"s.yaml": listed(2)})
    assert [finding.introduced for finding in of_rule(evaluation, RULE)] == [False]


SPEC: list[tuple[dict[str, Any], str]] = [
    ({"path": None}, "neither `path` nor `chart`"),
    ({"repoURL": None}, "no `repoURL`"),
    ({"path": "/apps/web"}, "absolute"),
    ({"path": None, "chart": "redis", "targetRevision": None}, "no `targetRevision`"),
    ({"directory": {"recurse": True}, "kustomize": {"namePrefix": "a-"}}, "`kustomize` and `directory`"),
]


@pytest.mark.parametrize(("source", "words"), SPEC)
async def test_an_application_that_argo_cd_refuses(engine: Engine, source: dict[str, Any], words: str) -> None:
    refused = application("web", "apps/web", source=source)
    evaluation = await evaluated(engine, {**FILES, "a.yaml": documents(refused, application("b", "apps/web"))})
    (finding,) = of_rule(evaluation, "render-failed")
    assert words in finding.message
    assert of_rule(evaluation, "duplicate-owner") == []


async def test_destinations_and_names_that_are_refused(engine: Engine) -> None:
    plain = application("web", "apps/web")
    for old, new, words in (
        ('"server": "https://kubernetes.default.svc"', '"server": "https://a", "name": "b"', "both"),
        (', "server": "https://kubernetes.default.svc"', "", "neither `server` nor `name`"),
        ('"name": "web"', '"name": "Web_1"', "no name that Kubernetes takes"),
    ):
        assert old in plain
        evaluation = await evaluated(engine, {**FILES, "a.yaml": plain.replace(old, new)})
        rule = "render-failed" if "Web_1" in new else "destination-refused"
        (finding,) = [one for one in evaluation.findings if one.severity is Severity.ERROR]
        assert finding.rule == rule and words in finding.message


async def test_the_repository_s_root_is_a_path(engine: Engine) -> None:
    evaluation = await evaluated(engine, {"m.yaml": config_map("m"), "x/a.yaml": application("web", ".")})
    assert of_rule(evaluation, "render-failed") == []
