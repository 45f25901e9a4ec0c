"""Neural networks whose products are those of an approximate multiplier.

A multiplier is a circuit, given as a truth table: the product of each activation code and each weight code. tfapprox
runs a network with it, and tells the accuracy that is left.

Packages:
    tfapprox.tf2: TensorFlow 2 and Keras 3. `approximate_model` converts a model, `calibrate` fixes its ranges,
        `set_multiplier` swaps multipliers, and `summary` shows what each layer multiplies. The layers are
        `FakeApproxConv2D`, `FakeApproxDense` and others; the operations are `approx_conv2d_with_min_max_vars`,
        `approx_matmul_with_min_max_vars` and others.
    tfapprox.tf1: `ax_conv2d`, the operation of ALWANN, on TensorFlow 1.14 and on TensorFlow 2.
    tfapprox.common: tables, multipliers, error figures and the operations without TensorFlow. `common.multipliers`
        imports circuits, and `common.reference` computes every operation in numpy.

Command line:
    tfapprox multiplier import circuit.c: makes a truth table of a circuit.
    tfapprox multiplier list: shows all multipliers with their errors.
    tfapprox doctor: says what is installed, and whether it works.
    python -m tfapprox.tf2 run script.py: runs a script of TFApprox; `tfapprox.tf1` runs those of TensorFlow 1.
    Every command explains itself with `--help`.

Documentation:
    The folder `docs` of this package has the guides, the equations and a tutorial. `tf1/README.md` and `tf2/README.md`
    are beside it.

Example:
    >>> from tfapprox.common import load_table, metrics
    >>> metrics.errors(load_table("mul8u_drum6")).wce
    2000.0
"""

__version__ = "0.1.0"
