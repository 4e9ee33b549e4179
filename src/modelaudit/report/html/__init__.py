"""The parts of the HTML report: one file, no request, readable without JavaScript."""
