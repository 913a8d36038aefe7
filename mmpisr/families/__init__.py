"""Which panoptic models can get a relation, and how a config of one gets it."""

from .add import add_relation, write_config
from .table import FAMILIES, Family, register_family

__all__ = ['FAMILIES', 'Family', 'add_relation', 'register_family', 'write_config']
