"""What can render: kustomize or kubectl, once for each request, and the engine, which lives on."""

from __future__ import annotations

import os

import pytest

from bot.rendering.kustomize import find_binary
from bot.rendering.living import find_engine

ENGINE = find_engine()
# The engine comes last; where it could not be built there is no such test.
RENDERERS = [str(find_binary(None)), *([str(ENGINE)] if ENGINE is not None else [])]
EXPECTED = bool(os.environ.get("TESTS_NEED_ENGINE"))  # whoever could build it has it
NEEDS_THE_ENGINE = pytest.mark.skipif(ENGINE is None and not EXPECTED, reason="the engine could not be built")
