"""Measures what is promised. `python -m bench` prints a table, `--json` one object a line."""
