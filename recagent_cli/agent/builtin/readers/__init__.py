"""Readers: each finds candidate readings of stretches of a turn, with a score."""
