"""Persons over time: lasting ids, motion, body size and appearance of each."""
