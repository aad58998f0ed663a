"""Upkeep of a vehicle: what it costs, what it burns, when it is due, and what the statements of its cards say."""
