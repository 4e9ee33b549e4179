"""From documents and digests to claims of lineage."""
