"""From a platform's catalogue to domain values; one file per platform."""
