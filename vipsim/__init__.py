"""vipsim: one branch, its lobby, its customer book and its finite staff, simulated and scored."""

__version__ = "0.1.0"
