"""Lineage from the weights: samples of matrices, compared; arrays in, numbers out."""
