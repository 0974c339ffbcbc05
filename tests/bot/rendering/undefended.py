"""The command line without the walls between a kustomization and this machine: `python undefended.py ARGUMENT...`

The control of `test_closed`: what is refused there must be an attack that works. Only what our own reader and the
load restriction hold back is taken out; whether a sandbox stands behind them is the machine's affair.
"""

from __future__ import annotations

import sys
from unittest import mock

from bot.__main__ import main
from bot.rendering.kustomize import RendererBinary
from gitops.kustomize.closure import Closure
from gitops.kustomize.plugins import Plugins

_walked = Closure.__init__


def _believing(closure: Closure, *arguments: object, **named: object) -> None:
    """A closure in which every problem is forgotten, so that its files go to the renderer whatever they say."""
    _walked(closure, *arguments, **named)  # type: ignore[arg-type]
    closure.problems = _Forgetful()
    closure.refused = _Forgetful()
    closure.unsupported = _Forgetful()


class _Forgetful(list):  # type: ignore[type-arg]
    def append(self, _problem: object) -> None:
        pass

    def __iadd__(self, _problems: object) -> _Forgetful:  # type: ignore[misc]
        return self


if __name__ == "__main__":
    with (
        mock.patch.object(Closure, "__init__", _believing),
        mock.patch.object(RendererBinary, "shut_in", property(lambda _: True)),
        mock.patch("gitops.kustomize.walk.read_plugins", lambda *_: Plugins()),
        mock.patch("gitops.kustomize.kustomization.unread", lambda *_: ()),
    ):
        sys.exit(main(sys.argv[1:]))
