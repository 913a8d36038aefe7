"""Studies of mmpisr: variants trained with several seeds, and what they show."""
