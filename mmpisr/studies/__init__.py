"""Studies: variants times seeds, each a real training; records; reports."""
