"""Secret values do not survive in what kustomize says."""

from __future__ import annotations

import base64

import pytest

from gitops.redaction import HIDDEN, hide_secrets

VALUE = "s3cr3t-v4lue"
ENCODED = base64.b64encode(VALUE.encode()).decode()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("s.yaml", f"kind: Secret\nstringData: {{k: {VALUE}}}\n"),
        ("s.yaml", f"kind: Secret\ndata: {{k: {ENCODED}}}\n"),
        ("s.yaml", f"kind: Secret\nstringData: {VALUE}\n"),
        ("s.yaml", f"kind: List\nitems:\n- kind: Secret\n  data: {{k: {ENCODED}}}\n"),
        ("s.yaml", f"kind: Secret\nmetadata: {{annotations: {{kubectl.kubernetes.io/last: {VALUE}}}}}\n"),
        ("kustomization.yaml", f"secretGenerator:\n- name: x\n  literals: [k={VALUE}]\n"),
        ("kustomization.yaml", f"secretGenerator:\n- name: x\n  literals: [{VALUE}]\n"),
        ("kustomization.yaml", f"patches:\n- patch: |\n    kind: Secret\n    stringData: {{k: {VALUE}}}\n"),
        ("g.yaml", f"apiVersion: builtin\nkind: SecretGenerator\nliterals: ['k={VALUE}']\n"),
    ],
)
def test_values_are_hidden_wherever_they_are_written(path: str, content: str) -> None:
    said = f"cannot use {VALUE} nor {ENCODED}: line 12"
    assert hide_secrets(said, [(path, content.encode())]) == f"cannot use {HIDDEN} nor {HIDDEN}: line 12"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            f"literal sources [{VALUE}]: invalid literal source {VALUE}, expected key=value",
            f"literal sources {HIDDEN}: invalid literal source {HIDDEN}, expected key=value",
        ),
        (
            f"trouble configuring builtin PatchTransformer with config: `\npatch: {VALUE}\n`: unable to parse SM or "
            f'JSON patch from [patch: "{VALUE}"]',
            "trouble configuring builtin PatchTransformer with config: [hidden]: unable to parse SM or JSON patch "
            "from [hidden]",
        ),
        ("accumulating resources from 's.yaml': line 2", "accumulating resources from 's.yaml': line 2"),
    ],
)
def test_what_kustomize_quotes_whole_is_hidden_even_when_it_is_no_yaml(said: str, shown: str) -> None:
    assert hide_secrets(said, [("x.yaml", b"kind: Secret\n  bad: [")]) == shown


def test_short_values_leave_the_message_readable() -> None:
    assert hide_secrets("line 12: bad", [("s.yaml", b"kind: Secret\nstringData: {k: '12'}\n")]) == "line 12: bad"
