"""Dialogue: the gate that tells the kind of turn, and what holds from turn to turn."""
