"""One run: its wiring, the loop that reads and writes, and the verdict at its end."""
