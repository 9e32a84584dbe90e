"""Prints every budget of the design that can be measured: `python -m tests.bench.run`."""
