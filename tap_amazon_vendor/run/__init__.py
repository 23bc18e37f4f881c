"""One run: what it wires together, the loop that reads and writes, and the verdict at its end."""
