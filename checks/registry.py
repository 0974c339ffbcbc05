"""Finding the rules: every module below `checks/<group>/` with a `RULE` and a `check` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import checks
from checks.model import Finding
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change

Check = Callable[[Change, Policy], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id (the module's name in kebab-case), the check run it belongs to and its documentation.

    `quiet` tells that this check run is made only where it has something to say (`CheckReport.speaks`).
    """

    id: str
    check_name: str
    documentation: str
    check: Check
    quiet: bool = False

    @property
    def summary(self) -> str:
        return self.documentation.partition("\n")[0]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by id. Raises `TypeError` for a module whose `RULE` is not its own name."""
    found: list[Rule] = []
    for group in pkgutil.iter_modules(checks.__path__):
        if not group.ispkg:
            continue
        package = importlib.import_module(f"checks.{group.name}")
        for module_info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"checks.{group.name}.{module_info.name}")
            identifier = getattr(module, "RULE", None)
            if identifier is None:
                continue
            if identifier != module_info.name.replace("_", "-"):
                raise TypeError(f"{module.__name__}: RULE is {identifier!r}, which is not the module's name")
            documentation, quiet = (module.__doc__ or "").strip(), getattr(package, "QUIET", False)
            found.append(Rule(identifier, package.CHECK, documentation, module.check, quiet))
    return tuple(sorted(found, key=lambda rule: rule.id))
