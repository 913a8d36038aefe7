"""What the tools call: run, compare, report."""
