"""Weight-file headers: bytes in, header out."""
