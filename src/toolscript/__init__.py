"""Code Mode for Python: a model writes one program that finds and calls tools, in a sandbox."""
