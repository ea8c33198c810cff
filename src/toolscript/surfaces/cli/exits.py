"""The exit codes, as the help and the documentation list them."""

COMPLETED = 0
FAILED = 1
MISUSED = 2
PARKED = 3
SIGNALLED = 128  # and the signal's number, as shells count
INTERRUPTED = SIGNALLED + 2
PIPE_CLOSED = SIGNALLED + 13
