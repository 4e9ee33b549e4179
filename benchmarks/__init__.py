"""Side-by-side measurements; every number is a ratio inside one run or the state of one run."""
