"""A project that stands on mmpisr: its own scope, its own hook, one config."""
