"""Write the golden files."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bot.rendering.driver import Engine
from tests.golden.printing import DIRECTORY, printed


async def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        engine = await Engine.start(Path(state))
        try:
            files = await printed(engine)
        finally:
            await engine.close()
    DIRECTORY.mkdir(exist_ok=True)
    for old in DIRECTORY.iterdir():
        if old.name not in files:
            old.unlink()
    for name, content in files.items():
        (DIRECTORY / name).write_text(content, encoding="utf-8", newline="\n")


asyncio.run(main())
