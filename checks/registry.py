"""Finding the rules: every module below `checks/<group>/` with a `RULE` and a `check` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import checks
from checks.declaration import Declaration
from checks.model import Finding
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change

Check = Callable[[Change, Policy], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what its module declares, the check run it belongs to and its documentation.

    `quiet` tells that this check run is made only where it has something to say (`CheckReport.speaks`).
    """

    declared: Declaration
    check_name: str
    documentation: str
    check: Check
    quiet: bool = False

    @property
    def id(self) -> str:
        """The module's name in kebab-case."""
        return self.declared.id

    @property
    def summary(self) -> str:
        return self.documentation.partition("\n")[0]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by id. Raises `TypeError` for a `RULE` that is no declaration, or of another name."""
    found: list[Rule] = []
    for group in pkgutil.iter_modules(checks.__path__):
        if not group.ispkg:
            continue
        package = importlib.import_module(f"checks.{group.name}")
        for module_info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"checks.{group.name}.{module_info.name}")
            declared = getattr(module, "RULE", None)
            if declared is None:
                continue
            if not isinstance(declared, Declaration) or declared.id != module_info.name.replace("_", "-"):
                raise TypeError(f"{module.__name__}: RULE is {declared!r}, no declaration under the module's name")
            documentation, quiet = (module.__doc__ or "").strip(), getattr(package, "QUIET", False)
            found.append(Rule(declared, package.CHECK, documentation, module.check, quiet))
    return tuple(sorted(found, key=lambda rule: rule.id))
