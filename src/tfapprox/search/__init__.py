"""Which multiplier in which layer: energy, sensitivity, and the search for the front of assignments."""

from .additive import additive_front
from .costs import Costs, multiplier_costs, read_costs
from .energy import energy
from .engine import Search
from .front import Point, front_of, hypervolume
from .sensitivity import Sensitivity, predicted_changes, sensitivity
from .settings import Settings
from .space import Space, make_space

__all__ = [
    "Costs",
    "Point",
    "Search",
    "Sensitivity",
    "Settings",
    "Space",
    "additive_front",
    "energy",
    "front_of",
    "hypervolume",
    "make_space",
    "multiplier_costs",
    "predicted_changes",
    "read_costs",
    "sensitivity",
]
