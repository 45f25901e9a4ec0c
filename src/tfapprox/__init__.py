"""Neural networks with approximate multipliers: see tfapprox.common and tfapprox.tf2."""

__version__ = "0.1.0"
