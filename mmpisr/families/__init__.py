"""Which panoptic models take a relation, and how a config of one gets it."""

from .add import add_relation
from .config_file import write_config
from .table import Family, families, register_family

__all__ = ['Family', 'add_relation', 'families', 'register_family', 'write_config']
