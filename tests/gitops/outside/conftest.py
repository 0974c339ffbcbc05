from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rendered import EngineProcess, needs_engine, program


@pytest.fixture(scope="package")
def engine() -> Iterator[EngineProcess]:
    needs_engine()
    found = program()
    assert found is not None
    process = EngineProcess(found)
    yield process
    process.close()
