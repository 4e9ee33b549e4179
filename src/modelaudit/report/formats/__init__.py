"""One file per output format; each is found by being here."""
