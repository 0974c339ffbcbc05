"""`make demo` tells the whole story and ends by itself."""

from __future__ import annotations

import pytest

from demo.__main__ import play


async def test_the_demo_shows_checks_comment_and_fixes(capsys: pytest.CaptureFixture[str]) -> None:
    await play()
    out, progress = capsys.readouterr()
    assert "✗ argofix / ownership: failure" in out
    assert "failure apps/api-backend/kustomization.yaml:6" in out
    keys = out[out.index("✗ argofix / secret-keys: failure") : out.index("<!-- argofix:changes -->")]
    changes = out[out.index("<!-- argofix:changes -->") : out.index("<!-- argofix:sync-order -->")]
    assert "**Merging this:** 1 object changed, 5 objects new." in changes
    order = out[out.index("<!-- argofix:sync-order -->") : out.index("The fix against her branch")]
    assert order.index("argocd app sync infrastructure") < order.index("argocd app sync api-backend")
    assert "Secret shop/shop-secrets has no keys supabase-url and supabase-jwt-secret\n" in keys.partition("###")[0]
    assert keys.count("###") == 1  # and nothing else
    assert "Init container `db-migrate` of `Deployment api-backend` needs them." in keys
    assert "as the cluster holds it" in keys
    assert "kubectl patch secret shop-secrets -n shop --type=json" in keys
    assert "#2 fixes what this pull request brings in; merge it into `self-contained`." in out
    main = out[out.index("The fix against main") :]
    assert "[draft]" in main
    assert "**Do not merge before steps 1 and 2 below are done.**" in main
    assert "`api-backend` does not hold the live `Namespace shop` now" in main
    assert "-  - namespace.yaml" in main
    bump = out[out.index("The answer to `/argofix bump`") :]
    assert "takes `argocd/overlays/staging` to `v3.5.1`" in bump
    assert "-    newTag: v3.4.6  # staging goes first\n  +    newTag: v3.5.1  # staging goes first" in bump
    # What the version would not start without moves along.
    assert "TLS is switched off, and `--client-ca-path`" in bump
    assert "+        value: --client-ca-path=" in bump
    assert "`--repo-server-strict-tls` is deprecated" in bump
    assert "Left for you" not in bump
    assert "never-to-be-seen" not in out + progress
    assert "done;" in progress
    doctor = out[out.index("What `argofix doctor` says") : out.index("The fix of the redirect loop")]
    assert "`https://argocd.example.com` redirects without end  [argocd-redirect-loop]" in doctor
    loop = out[out.index("The fix of the redirect loop") : out.index("A duplicate between a chart")]
    assert "Have argocd-server in argocd speak plain HTTP behind what ends TLS" in loop
    # In the overlay that is exposed, and not in the base that production uses too.
    assert "diff --git a/argocd/overlays/staging/kustomization.yaml" in loop and "❌" not in loop
    assert '+        value: "--insecure"' in loop
    chart = out[out.index("A duplicate between a chart and a kustomization") :]
    assert "`cache` and `web` both own ServiceAccount shop/cache" in chart
    second = out[out.index("What the pull request in the second repository shows") :]
    assert "`orders` and `web` both own ConfigMap shop/feature-flags" in second
    assert "These Applications are declared in umbrella/edge, which reads this repository" in second
    assert "**Fix** above" not in second  # its lines are in the other repository
