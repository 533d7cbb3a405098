"""The labelled sets of `benchmarks/requests.py`: a module each."""
