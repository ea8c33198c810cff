"""Measures what is promised: medians, each of the quietest of five batches.

`python -m bench` prints a table, `--json` one object a line.
"""
