"""Real worker processes on one store, killed at random, beside an upstream that counts what they do to it."""
