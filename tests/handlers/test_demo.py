"""`make demo` tells the whole story and ends by itself."""

from __future__ import annotations

import pytest

from demo.__main__ import play


async def test_the_demo_shows_checks_comment_and_fixes(capsys: pytest.CaptureFixture[str]) -> None:
    await play()
    out, progress = capsys.readouterr()
    assert "✗ argofix / ownership: failure" in out
    assert "failure apps/api-backend/kustomization.yaml:6" in out
    assert "#2 fixes what this pull request brings in; merge it into `self-contained`." in out
    main = out[out.index("The fix against main") :]
    assert "[draft]" in main
    assert "**Do not merge before steps 1 and 2 below are done.**" in main
    assert "-  - namespace.yaml" in main
    assert "done;" in progress
