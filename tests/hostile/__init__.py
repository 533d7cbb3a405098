"""What must hold against hostile models, files and faults: checks, and fixtures of our own.

The checks are used by the tests here over about ten texts of each kind, and by
`benchmarks/trust.py` over any corpus.
"""
