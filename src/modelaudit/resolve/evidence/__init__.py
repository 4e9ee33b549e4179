"""One file per kind of evidence; each is found by being here."""
