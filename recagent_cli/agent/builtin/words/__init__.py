"""Words: tokens, phrases, the lexicons in data files, a catalog's own vocabulary."""
