"""The parts of `benchmarks/trust.py`: one file a section, each with `run(corpora)`."""
