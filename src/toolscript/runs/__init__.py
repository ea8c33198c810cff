"""Decisions about runs, without I/O: the log's entries, the machine that decides calls, and the shaping of results."""
