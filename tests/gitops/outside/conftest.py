from __future__ import annotations

import pytest

from tests.rendered import running

engine = pytest.fixture(scope="package", name="engine")(running)
