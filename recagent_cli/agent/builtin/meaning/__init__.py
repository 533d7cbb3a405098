"""Meaning: polarity, references and joints of the chosen stretches make a turn's reading."""
