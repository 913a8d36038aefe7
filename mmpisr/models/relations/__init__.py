"""The relations of the paper and its alternatives."""
