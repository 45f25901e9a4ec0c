"""Retraining of networks with approximate multipliers: recipes, callbacks for `fit`, and checkpoints that resume."""
