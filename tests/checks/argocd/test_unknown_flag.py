"""A program of Argo CD is known by what a container starts, and its arguments are judged by its version's own."""

from __future__ import annotations

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import judged, messages, pretty, workload

RULE = "argocd-unknown-flag"


@pytest.mark.parametrize(
    "made",
    [
        workload("argocd-repo-server", "--timeout", "60"),
        workload("argocd-repo-server", "--timeout=60", name="another-name"),
        workload("argocd-repo-server", command=["argocd-repo-server", "--timeout", "60"]),
        workload("argocd-repo-server", command=["entrypoint.sh", "argocd-repo-server", "--timeout=60"]),
        workload("argocd-repo-server", "--timeout=60", command=["/usr/bin/tini", "--", "argocd-repo-server"]),
        workload("argocd-repo-server", command=["sh", "-c", "exec argocd-repo-server --timeout 60"]),
        workload("argocd-repo-server", "--timeout=60", image="mirror.example.com/argoproj/argocd"),
        workload("x", "--timeout=60", command=["argocd"], env={"ARGOCD_BINARY_NAME": "argocd-repo-server"}),
        workload("argocd-repo-server", "--timeout=60", kind="StatefulSet"),
    ],
)
def test_a_flag_that_the_program_does_not_have_is_found_however_it_is_started(made: str) -> None:
    (found,) = judged(RULE, made)
    assert found.severity is Severity.ERROR
    assert found.message == "`argocd-repo-server` v3.2.2 has no flag `--timeout`"


@pytest.mark.parametrize(
    "made",
    [
        workload("argocd-repo-server", "--parallelismlimit", "10", "--metrics-port=8085", "--disable-tls"),
        workload("argocd-repo-server", "--timeout=60", version="v3.2.2-custom.1"),
        workload("argocd-repo-server", "--timeout=60", image="ghcr.io/acme/argocd"),
        workload("argocd-repo-server", "--timeout=60", version="latest"),
        workload("argocd-repo-server", "--timeout=60", version=f"@sha256:{'0' * 64}"),
        workload("argocd-repo-server", "--timeout=60", version="v9.9.9"),
        workload("argocd-repo-server", "--timeout=60", version="v2.6.0"),
        workload("argocd-repo-server", "$(MORE)"),
        workload("argocd-repo-server", command=["sh", "-c", "argocd-repo-server $OPTIONS --timeout=60; sleep 1"]),
        # Refused from 3.5 on, and taken with a warning before; never unknown.
        workload("argocd-server", "--repo-server-strict-tls", version="v3.5.1"),
        # A word too many is passed over by programs without commands of their own.
        workload("argocd-repo-server", "argocd-repo-server"),
        workload("argocd-dex", "rundex"),
        workload("argocd", "app", "list", "--no-such-flag"),
        # In a volume there may be any program.
        workload("x", command=["/shared/argocd-metrics"]),
        workload("argocd-metrics", image="acme/tools"),
        # What Kubernetes fills in may be any value.
        workload("argocd-repo-server", "--parallelismlimit=$(LIMIT)"),
    ],
)
def test_what_the_program_takes_or_nobody_can_tell_is_left_alone(made: str) -> None:
    assert messages(judged(RULE, made)) == []


@pytest.mark.parametrize(
    ("version", "known"), [("v2.13.9", False), ("v2.14.0", True), ("v3.1.0-rc1", True), ("v2.8.0", False)]
)
def test_the_version_decides(version: str, known: bool) -> None:
    found = judged(RULE, workload("argocd-application-controller", "--sync-timeout=60", version=version))
    assert (found == []) is known


def test_a_patch_may_bring_a_flag_and_one_that_is_newer_than_the_data_may_have_those_of_later_minors() -> None:
    def of(version: str) -> list[str]:
        return messages(judged(RULE, workload("argocd-repo-server", "--enable-builtin-git-config", version=version)))

    assert of("v3.2.0") == ["`argocd-repo-server` v3.2.0 has no flag `--enable-builtin-git-config`"]
    assert of("v3.2.1") == []
    later = judged(
        RULE, workload("argocd-application-controller", "--hydration-processors=3", "--x", version="v3.4.99")
    )
    assert [(one.message, one.severity) for one in later] == [
        ("`argocd-application-controller` v3.4.99 has no flag `--x`", Severity.WARNING)
    ]


def test_the_new_name_or_the_program_that_knows_the_flag_is_told() -> None:
    old = workload("argocd-application-controller", "--repo-server-timeout", "60", "--insecure")
    assert messages(judged(RULE, old)) == [
        "`argocd-application-controller` v3.2.2 has no flag `--repo-server-timeout`; it is "
        "`--repo-server-timeout-seconds`",
        "`argocd-application-controller` v3.2.2 has no flag `--insecure`; `argocd-server` has",
    ]


def test_a_value_is_judged_by_the_type_of_its_flag_and_is_not_repeated() -> None:
    made = workload(
        "argocd-repo-server", "--parallelismlimit=s3cret", "--repo-cache-expiration", "20", "--disable-tls=on"
    )
    found = messages(judged(RULE, made))
    assert found == [
        "`--parallelismlimit` takes a whole number, and its value is none",
        "`--repo-cache-expiration` takes a duration with its unit, such as `30s`, and its value is none",
        "`--disable-tls` takes `true` or `false`, and its value is none",
    ]


def test_a_program_named_by_the_command_and_by_the_arguments_is_refused_where_there_are_commands() -> None:
    old = ["argocd-server", "--insecure"]
    (found,) = judged(RULE, workload("argocd-server", "/usr/local/bin/argocd-server", command=old))
    assert found.message == "`/usr/local/bin/argocd-server` is no command of `argocd-server`"
    assert "take it out, so that `args` begins with `/usr/local/bin/argocd-server`" in found.topic.advice
    (separate,) = judged(RULE, workload("argocd-server", "--insecure", "true"))
    assert separate.message == "`true` is no command of `argocd-server`"


def test_a_program_that_the_image_does_not_have_is_found_by_its_name() -> None:
    (found,) = judged(RULE, workload("argocd-metrics", command=["argocd-metrics", "--x"]))
    assert found.message == "the image of Argo CD v3.2.2 has no program `argocd-metrics`"
    (early,) = judged(RULE, workload("argocd-commit-server", version="v2.13.0"))
    assert early.message == "the image of Argo CD v2.13.0 has no program `/usr/local/bin/argocd-commit-server`"


def test_a_file_that_nobody_deploys_is_judged_one_step_lower_at_its_line() -> None:
    made = pretty(workload("argocd-repo-server", "--timeout", "60"))
    (found,) = judged(RULE, files={"ops/argocd.yaml": made}, deployed=False)
    assert found.severity is Severity.WARNING
    assert "No Application of this repository deploys this file." in found.topic.message
    line = next(number for number, text in enumerate(made.splitlines(), 1) if "--timeout" in text)
    assert (found.span.path, found.span.line) == ("ops/argocd.yaml", line)


@pytest.mark.parametrize("path", ["examples/argocd.yaml", "docs/a.yaml", "tests/fixtures/a.yaml", "archive/x/a.yaml"])
def test_files_that_are_there_to_be_read_are_left_alone(path: str) -> None:
    assert judged(RULE, files={path: workload("argocd-repo-server", "--timeout=1")}, deployed=False) == []


def test_a_file_that_a_kustomization_takes_in_is_not_judged_by_what_it_says_itself() -> None:
    """Another image and other arguments may come to it."""
    files = {
        "ops/argocd.yaml": workload("argocd-repo-server", "--timeout", "60"),
        "ops/kustomization.yaml": "resources: [argocd.yaml]\n",
    }
    assert judged(RULE, files=files, deployed=False) == []


def test_all_of_one_container_is_told_once() -> None:
    found = judged(RULE, workload("argocd-repo-server", "--one", "1", "--two=2", "--three"))
    assert len(found) == 3 and len({one.topic.key for one in found}) == 1
    assert "refuses `--one`, `--two` and `--three` and ends" in found[0].topic.message
