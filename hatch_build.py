"""Puts argofix-engine into the wheel where it can be built, which makes it one for this platform; else it is pure."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EngineHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatch finds it by this file's name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the program for a wheel; `make setup` puts it beside an editable one."""
        if self.target_name != "wheel" or version == "editable":
            return
        script = Path(self.root, "engine", "build.py")
        if not script.is_file():
            return  # the image builds it in a stage of its own
        spec = importlib.util.spec_from_file_location("argofix_engine_build", script)
        if spec is None or spec.loader is None:
            return
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        program = Path(self.root, "build", "wheel", "argofix-engine")
        try:
            module.build(program)
        except module.NotBuilt as reason:
            sys.stderr.write(f"the engine is not in this wheel: {reason}\n")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["shared_scripts"] = {str(program): "argofix-engine"}
