"""The vocabulary: frozen values that every step shares. It imports nothing of ours, does no I/O."""
