"""Neural networks with approximate multipliers: see tfapprox.common, tfapprox.tf1 and tfapprox.tf2."""

__version__ = "0.1.0"
