"""Gradients that scripts register for this project's operations, beside the package's own."""

from __future__ import annotations

from typing import Any, Callable

from tensorflow.python.framework import ops
from tensorflow.python.framework.registry import Registry

PACKAGE = __name__.split(".")[0]


def _is_own(gradient: Any) -> bool:
    return getattr(gradient, "__module__", "").split(".")[0] == PACKAGE


class _GradientRegistry(Registry):
    """TensorFlow's registry, in which a gradient from outside of this package wins over one of the package."""

    __slots__ = ()

    def register(self, candidate: Callable[..., Any], name: str | None = None) -> None:
        if name in self._registry:
            if _is_own(candidate):
                return
            if _is_own(self.lookup(name)):
                del self._registry[name]
        super().register(candidate, name)


def let_scripts_register() -> None:
    """Lets a script register its own gradient for an operation that has one here, before or after this package.

    TensorFlow refuses a second gradient for an operation. With this function a gradient from outside of the package
    replaces that of the package, and that of the package does not replace one from outside. Two gradients from outside
    are an error, as always. TensorFlow has no public function that removes a gradient, so this changes the class of its
    internal registry.
    """
    ops.gradient_registry.__class__ = _GradientRegistry
