"""What runs in a program's own process, beside the program: nothing in here is trusted by the host."""
