"""Settings that nobody reads, and those that somebody does."""

from __future__ import annotations

import json

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import judged, messages, params, pretty, workload
from tests.scenarios import application

RULE = "argocd-param-without-effect"
INSECURE = {"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}}
SERVER = workload("argocd-server", env=INSECURE)


def test_a_key_with_a_word_missing_is_found_and_the_one_that_was_meant_is_named() -> None:
    (found,) = judged(RULE, SERVER, params(applicationsetcontroller__tokenref__strict__mode="true"))
    assert found.severity is Severity.ERROR
    assert found.message == (
        "`applicationsetcontroller.tokenref.strict.mode` has no effect: Argo CD v3.2.2 reads "
        "`applicationsetcontroller.enable.tokenref.strict.mode`"
    )


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("server.insecur", "`server.insecure`"),
        ("reposerver.parallelism.limits", "`reposerver.parallelism.limit`"),
        ("controller.processors.status", "no version"),
        ("server.session.max.cache.size", "no version"),
        ("controller.otlp.address", "`otlp.address`"),  # one for all programs
        ("server.metrics.port", "no version"),
        # What belongs into another ConfigMap.
        ("resource.customizations", "reads it from argocd-cm, not from argocd-cmd-params-cm"),
        ("resource.customizations.health.example.org_Web", "from argocd-cm"),
        ("application.resourceTrackingMethod", "from argocd-cm"),
        ("resource.exlusions", "reads `resource.exclusions` from argocd-cm"),
        ("policy.default", "from argocd-rbac-cm"),
    ],
)
def test_a_key_that_no_version_knows_needs_no_version_to_be_found(key: str, meant: str) -> None:
    """Not even the workloads: the ConfigMap alone is enough."""
    (found,) = judged(RULE, params(**{key: "1"}))
    assert found.message.startswith(f"`{key}` has no effect: ") and meant in found.message


def test_a_key_that_has_gone_and_one_that_is_to_come_are_found_by_the_version() -> None:
    def of(version: str, key: str) -> list[str]:
        env = {"ARGOCD_SERVER_LOGIN_ATTEMPTS_EXPIRATION": {"key": key}}
        return messages(judged(RULE, workload("argocd-server", version=version, env=env), params(**{key: "1h"})))

    gone = "server.login.attempts.expiration"
    assert of("v3.0.0", gone) == []
    assert of("v3.1.0", gone)[:1] == [
        f"`{gone}` has no effect: Argo CD v3.1.0 does not read it, the last version that does is 3.0"
    ]
    late = judged(
        RULE, workload("argocd-application-controller", version="v2.9.0"), params(commitserver__log__level="debug")
    )
    assert messages(late) == [
        "`commitserver.log.level` has no effect: Argo CD v2.9.0 does not read it, the first version that does is 2.14"
    ]
    assert judged(RULE, params(commitserver__log__level="debug"), workload("argocd-server", version="main")) == []


def test_a_key_counts_only_where_a_workload_is_handed_it() -> None:
    bare = workload("argocd-server")
    (found,) = judged(RULE, bare, params(server__insecure="true"))
    assert found.message == "`server.insecure` has no effect: no workload here takes it from argocd-cmd-params-cm"
    handed = [
        SERVER,
        workload("argocd-server", container={"envFrom": [{"configMapRef": {"name": "argocd-cmd-params-cm"}}]}),
        workload("argocd-server", pod={"volumes": [{"name": "v", "configMap": {"name": "argocd-cmd-params-cm"}}]}),
        # The same is said by an argument, which goes first.
        workload("argocd-server", "--insecure"),
        workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": "true"}),
        # Whoever reads it is not in git.
        workload("argocd-repo-server"),
        workload("argocd-server", image="acme/argocd"),
    ]
    for made in handed:
        assert messages(judged(RULE, made, params(server__insecure="true"))) == []


def test_keys_that_are_read_from_a_mounted_file_are_not_missed_as_variables() -> None:
    assert judged(RULE, SERVER, params(server__profile__enabled="true", commitserver__log__level="info")) == []


def test_a_value_that_is_no_text_is_an_error_since_the_whole_object_is_refused() -> None:
    (found,) = judged(RULE, SERVER, params(server__insecure=True))
    assert found.severity is Severity.ERROR
    assert "is no text: the API server refuses the whole ConfigMap" in found.message
    assert judged(RULE, SERVER, params(server__insecure="true", _example=None)) == []


def test_a_variable_that_the_program_does_not_read_is_found() -> None:
    (found,) = judged(RULE, workload("argocd-server", env={"ARGOCD_SERVER_GRPC_MAX_SIZE": "1"}))
    assert found.severity is Severity.WARNING
    assert found.message == "`argocd-server` v3.2.2 does not read `ARGOCD_SERVER_GRPC_MAX_SIZE`"
    (elsewhere,) = judged(RULE, workload("argocd-dex", "rundex", env={"ARGOCD_SERVER_INSECURE": "true"}))
    assert elsewhere.message.endswith("does not read `ARGOCD_SERVER_INSECURE`; `argocd-server` does")


@pytest.mark.parametrize(
    "made",
    [
        workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": "true", "HTTP_PROXY": "x", "MY_SETTING": "1"}),
        workload("argocd-repo-server", env={"ARGOCD_ENV_TEAM": "a"}),
        workload("argocd-repo-server", "--parallelismlimit=$(ARGOCD_LIMIT)", env={"ARGOCD_LIMIT": "1"}),
        workload(
            "argocd-repo-server",
            command=["sh", "-c", "argocd-repo-server --parallelismlimit=$ARGOCD_LIMIT"],
            env={"ARGOCD_LIMIT": "1"},
        ),
        workload("argocd-server", env={"ARGOCD_NO_SUCH": {"key": "server.no.such"}}),
        workload("argocd-server", version="v3.2.2-custom.1", env={"ARGOCD_NO_SUCH": "1"}),
        workload("argocd-server", image="acme/argocd", env={"ARGOCD_NO_SUCH": "1"}),
        workload("argocd-server", version="v9.0.0", env={"ARGOCD_NO_SUCH": "1"}),
        workload("argocd-cmp-server", image="acme/plugin", version="v3.2.2", env={"ARGOCD_NO_SUCH": "1"}),
    ],
)
def test_variables_that_somebody_may_read_are_left_alone(made: str) -> None:
    assert messages(judged(RULE, made)) == []


@pytest.mark.parametrize(
    ("component", "variable", "key", "version"),
    [
        (
            "argocd-repo-server",
            "ARGOCD_REPO_SERVER_LISTEN_METRICS_ADDRESS",
            "reposerver.metrics.listen.address",
            "3.5.1",
        ),
        ("argocd-repo-server", "ARGOCD_REPO_SERVER_OTLP_HEADERS", "otlp.headers", "3.4.0"),
        ("argocd-server", "ARGOCD_SERVER_METRICS_LISTEN_ADDRESS", "server.metrics.listen.address", "2.8.0"),
    ],
)
def test_what_upstream_itself_hands_on_for_nothing_is_never_more_than_a_notice(
    component: str, variable: str, key: str, version: str
) -> None:
    made = workload(component, version=f"v{version}", env={variable: {"key": key}})
    found = judged(RULE, made, params(**{key: "x"}))
    assert [one.severity for one in found] == [Severity.NOTICE]
    assert "Nothing is wrong here" in found[0].topic.message


def test_the_line_is_that_of_the_key_in_whatever_file_it_is_written() -> None:
    text = pretty(params(server__insecure="true", server__insecur="true"))
    (found,) = judged(RULE, SERVER, files={"argocd/params.yaml": text})
    line = next(number for number, each in enumerate(text.splitlines(), 1) if '"server.insecur"' in each)
    assert (found.span.path, found.span.line) == ("argocd/params.yaml", line)


def test_a_patch_of_an_application_that_cannot_be_rendered_is_judged_as_deployed() -> None:
    """A remote base, say: what git has of the keys is judged all the same."""
    files = {
        "apps.yaml": application("argocd", "argocd", namespace="argocd"),
        "argocd/kustomization.yaml": "resources: [https://example.com/a.yaml]\npatches: [{path: params.yaml}]\n",
        "argocd/params.yaml": params(server__insecur="true"),
    }
    (found,) = judged(RULE, files=files)
    assert found.severity is Severity.WARNING and found.span.path == "argocd/params.yaml"


def test_a_file_that_nobody_deploys_is_judged_one_step_lower() -> None:
    (found,) = judged(RULE, files={"ops/params.yaml": params(server__insecur="1")}, deployed=False)
    assert found.severity is Severity.NOTICE


def test_no_value_is_repeated() -> None:
    made = [workload("argocd-server", env={"ARGOCD_NO_SUCH": "s3cret"}), params(server__insecur="s3cret")]
    assert "s3cret" not in json.dumps(
        [[one.message, one.topic.message, one.topic.advice] for one in judged(RULE, *made)]
    )


VALUES = "configs:\n  params:\n    create: true\n    server.insecure: true\n    server.session.max.cache.size: 1000\n"


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("ops/argocd-values.yaml", VALUES, True),
        ("ops/argocd/values-prod.yml", VALUES.replace("configs:", "other: 1\nconfigs:"), True),
        ("argocd-umbrella/values.yaml", "argo-cd:\n  " + VALUES.strip().replace("\n", "\n  ") + "\n", True),
        ("ops/argocd-values.yaml", VALUES.replace("    server.session.max.cache.size: 1000\n", ""), False),
        ("ops/argocd-values.yaml", "configs: {params: {some.key: 1}}\n", False),  # of another chart
        ("ops/web-values.yaml", VALUES, False),
        ("examples/argocd-values.yaml", VALUES, False),
    ],
)
def test_values_that_nobody_renders_with_are_judged_one_step_lower(path: str, text: str, told: bool) -> None:
    found = judged(RULE, files={path: text}, deployed=False)
    assert [(one.severity, one.span.path) for one in found] == [(Severity.NOTICE, path)] * told


@pytest.mark.parametrize(
    "name", ["../ops/argocd-values.yaml", "/ops/argocd-values.yaml", "./../ops/argocd-values.yaml"]
)
def test_values_that_an_application_names_in_any_way_are_rendered_with(name: str) -> None:
    files = {"ops/argocd-values.yaml": VALUES, "web/Chart.yaml": "name: web\n"}
    for names, found in ([name], 0), (["../ops/others.yaml"], 1):
        apps = application("web", "web", source={"helm": {"valueFiles": names}})
        assert len(judged(RULE, files={**files, "apps.yaml": apps}, deployed=False)) == found
