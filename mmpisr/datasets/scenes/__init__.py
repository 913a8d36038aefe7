"""The embedded scenes: drawn, not downloaded."""

from .classes import METAINFO, RELATIONS, Relation
from .render import Scene, draw_scene
from .writer import generate_scenes

__all__ = [
    'METAINFO',
    'RELATIONS',
    'Relation',
    'Scene',
    'draw_scene',
    'generate_scenes',
]
