"""Hosts: where the relation reads from and writes to."""
