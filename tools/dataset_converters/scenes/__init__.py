"""Drawing of the embedded scenes."""

from .canvas import DEFAULT_SIZE
from .render import Scene, draw_scene

__all__ = ['DEFAULT_SIZE', 'Scene', 'draw_scene']
