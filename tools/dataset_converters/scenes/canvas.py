"""An image and its segments, drawn together.

Coordinates are (x, y) fractions of width and height; lengths are in units, one unit
being one pixel of the default size 128 x 192.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike

DEFAULT_SIZE = (128, 192)
VOID = 0
Rng = np.random.Generator
Point = tuple[float, float]


class Canvas:
    """An image, the segment of each pixel, and functions that draw both.

    Attributes:
        image: ``(H, W, 3)`` uint8, RGB.
        owners: ``(H, W)`` int32: 0 = void, i + 1 = the i-th segment.
        segments: Class name and crowd flag of each segment.
        unit: Pixels per unit of length.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        height, width = size
        self.image = np.zeros((height, width, 3), dtype=np.uint8)
        self.owners = np.zeros((height, width), dtype=np.int32)
        self.segments: list[tuple[str, bool]] = []
        self.unit = min(height / DEFAULT_SIZE[0], width / DEFAULT_SIZE[1])

    def new_segment(self, name: str, *, crowd: bool = False) -> int:
        """Add a segment and return its value in ``owners``."""
        self.segments.append((name, crowd))
        return len(self.segments)

    def stuff(self, name: str) -> int:
        """Value of the segment of a stuff class, which is added if needed."""
        if (name, False) in self.segments:
            return self.segments.index((name, False)) + 1
        return self.new_segment(name)

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Convert fractions to pixels, (x, y)."""
        return x * self.image.shape[1], y * self.image.shape[0]

    def polygon(self, points: ArrayLike, color: ArrayLike, owner: int | None) -> None:
        """Fill a polygon given in pixels; ``owner`` None keeps the segments."""
        corners = [np.rint(points).astype(np.int32)]
        cv2.fillPoly(self.image, corners, np.asarray(color, dtype=float).tolist())
        if owner is not None:
            cv2.fillPoly(self.owners, corners, owner)

    def box(
        self, corner: Point, sides: Point, color: ArrayLike, owner: int | None
    ) -> None:
        """Fill an upright box, whose left upper corner and sides are in pixels."""
        left, top = corner
        right, bottom = left + sides[0], top + sides[1]
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.polygon(corners, color, owner)

    def ellipse(
        self, center: Point, radii: Point, color: ArrayLike, owner: int | None
    ) -> None:
        """Fill an ellipse given in pixels."""
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self.polygon(np.array(center) + circle * np.array(radii), color, owner)

    def add_texture(self, owner: int, texture: np.ndarray) -> None:
        """Add ``(H, W)`` grey levels to the pixels of a segment."""
        mask = self.owners == owner
        levels = self.image[mask] + texture[mask][:, None]
        self.image[mask] = np.clip(levels, 0, 255).astype(np.uint8)


def blotches(canvas: Canvas, rng: Rng, *, size: float, strength: float) -> np.ndarray:
    """Smooth random grey levels, ``(H, W)``; size in units."""
    height, width = canvas.owners.shape
    step = max(size * canvas.unit, 1)
    coarse = rng.normal(size=(int(height / step) + 2, int(width / step) + 2))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return strength * smooth


def stripes(canvas: Canvas, rng: Rng, *, size: float, strength: float) -> np.ndarray:
    """Wavy horizontal stripes, ``(H, W)``; size is the period in units."""
    height, width = canvas.owners.shape
    ys, xs = np.mgrid[:height, :width] / canvas.unit
    wobble = np.sin(xs / rng.uniform(8, 16) + rng.uniform(0, 6))
    phase = rng.uniform(0, 2 * np.pi)
    return strength * np.sin(2 * np.pi * ys / size + wobble + phase)
