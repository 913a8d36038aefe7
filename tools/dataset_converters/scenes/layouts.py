"""The three layouts of a scene: its stuff, and where deciders may stand.

Deciders stand in the upper half, ambiguous things and regions in the lower half. A
layout takes the canvas, a random generator, and a second one for the snow (None: no
snow).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .canvas import Canvas, Point, Rng, blotches, stripes
from .objects import vary


class Stage(NamedTuple):
    """Where things stand, in pixels unless stated otherwise.

    Attributes:
        horizon: Height above which nothing stands on the ground, fraction of H.
        boat_foot: Foot point of a boat, (x, y).
        lamp_foot: Foot point of a lamp, (x, y); of its globe where it hangs.
        hanging: Whether a lamp hangs.
    """

    horizon: float
    boat_foot: Point
    lamp_foot: Point
    hanging: bool = False


class Look(NamedTuple):
    """Colour of a stuff class, and its texture with size and strength."""

    color: tuple[int, int, int]
    texture: Callable[..., np.ndarray]
    size: float
    strength: float


def draw_street(canvas: Canvas, rng: Rng, snow_rng: Rng | None) -> Stage:
    """Draw sky, mountains, houses, a canal, a road between lawns."""
    horizon = rng.uniform(0.36, 0.42)
    peak_x = rng.uniform(0.4, 0.6)
    _fill(canvas, rng, 'sky', (0, 0, 1, 1))
    _mountains(canvas, rng, horizon, peak_x, snow_rng=snow_rng)
    for left, right in ((0, rng.uniform(0.12, 0.22)), (rng.uniform(0.78, 0.88), 1)):
        _building(canvas, rng, left, right, rng.uniform(0.08, 0.2), horizon + 0.02)
    shore = horizon + rng.uniform(0.1, 0.13)
    _fill(canvas, rng, 'water', (0, horizon, 1, shore))
    _fill(canvas, rng, 'grass', (0, shore, 1, 1))
    _road(canvas, rng, shore)
    return Stage(
        shore,
        canvas.pixel(rng.uniform(0.1, 0.9), shore - 0.02),
        canvas.pixel(rng.uniform(0.25, 0.35) + rng.choice([0, 0.4]), horizon),
    )


def draw_water(canvas: Canvas, rng: Rng, snow_rng: Rng | None) -> Stage:
    """Draw sky, mountains, a lake, a lawn in front."""
    horizon = rng.uniform(0.3, 0.36)
    peak_x = rng.uniform(0.2, 0.8)
    _fill(canvas, rng, 'sky', (0, 0, 1, 1))
    _mountains(canvas, rng, horizon, peak_x, snow_rng=snow_rng)
    shore = rng.uniform(0.54, 0.66)
    _fill(canvas, rng, 'water', (0, horizon, 1, shore))
    _fill(canvas, rng, 'grass', (0, shore, 1, 1))
    lamp_x = (peak_x + rng.uniform(0.35, 0.65)) % 0.9 + 0.05
    return Stage(
        horizon + 0.08,
        canvas.pixel(rng.uniform(0.1, 0.9), horizon + rng.uniform(0.08, 0.13)),
        canvas.pixel(lamp_x, horizon + 0.02),
    )


def draw_indoor(canvas: Canvas, rng: Rng, snow_rng: Rng | None) -> Stage:
    """Draw a wall with a window and a shelf, a floor."""
    horizon = rng.uniform(0.46, 0.54)
    _fill(canvas, rng, 'wall', (0, 0, 1, 1))
    left = rng.choice([0.08, 0.62]) + rng.uniform(-0.03, 0.03)
    top, bottom = rng.uniform(0.06, 0.1), rng.uniform(0.36, 0.4)
    _fill(canvas, rng, 'sky', (left, top, left + 0.3, bottom))
    _mountains(
        canvas,
        rng,
        bottom,
        left + 0.15,
        extent=(left, left + 0.3),
        snow_rng=snow_rng,
    )
    shelf_left, shelf_y = 0.52 if left < 0.3 else 0.08, rng.uniform(0.34, 0.4)
    _shelf(canvas, shelf_left, shelf_y)
    _fill(canvas, rng, 'floor', (0, horizon, 1, 1))
    return Stage(
        horizon,
        canvas.pixel(shelf_left + rng.uniform(0.08, 0.32), shelf_y),
        canvas.pixel(0.48 + rng.uniform(-0.04, 0.04), rng.uniform(0.2, 0.26)),
        hanging=True,
    )


LAYOUTS = (draw_street, draw_water, draw_indoor)
LOOKS: dict[str, Look] = {
    'sky': Look((150, 195, 235), blotches, 24, 7),
    'grass': Look((85, 150, 60), blotches, 3, 12),
    'water': Look((35, 85, 160), stripes, 5, 10),
    'wall': Look((220, 200, 170), blotches, 30, 8),
    'floor': Look((150, 100, 55), stripes, 7, 12),
    'road': Look((95, 95, 98), blotches, 2, 7),
    'mountain': Look((115, 105, 130), blotches, 4, 9),
    'building': Look((165, 90, 70), stripes, 4, 7),
}


def _fill(
    canvas: Canvas, rng: Rng, name: str, box: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    _paint_stuff(canvas, rng, name, corners)


def _paint_stuff(canvas: Canvas, rng: Rng, name: str, corners: list[Point]) -> None:
    color, texture, size, strength = LOOKS[name]
    owner = canvas.stuff(name)
    canvas.polygon([canvas.pixel(*c) for c in corners], vary(rng, color, 6), owner)
    canvas.add_texture(owner, texture(canvas, rng, size=size, strength=strength))


def _mountains(
    canvas: Canvas,
    rng: Rng,
    base: float,
    peak_x: float,
    *,
    extent: tuple[float, float] = (0, 1),
    snow_rng: Rng | None,
) -> None:
    """Draw a ridge with one peak; with ``snow_rng`` the peak has snow."""
    left, right = extent
    half = (right - left) * rng.uniform(0.35, 0.5)
    peak = base - rng.uniform(0.22, 0.26)
    foot_left, foot_right = max(peak_x - half, left), min(peak_x + half, right)
    ridge = [(left, base), (left, base - 0.05), (foot_left, base - 0.06)]
    ridge += [(peak_x, peak), (foot_right, base - 0.06), (right, base - 0.05)]
    _paint_stuff(canvas, rng, 'mountain', [*ridge, (right, base)])
    if snow_rng is not None:
        low = peak + snow_rng.uniform(0.5, 0.6) * (base - 0.06 - peak)
        share = (low - peak) / (base - 0.06 - peak)
        cap_left = peak_x + share * (foot_left - peak_x)
        cap_right = peak_x + share * (foot_right - peak_x)
        cap = [(peak_x, peak), (cap_right, low), (peak_x, low - 0.02), (cap_left, low)]
        corners = [canvas.pixel(*corner) for corner in cap]
        canvas.polygon(corners, (250, 250, 255), canvas.stuff('snow'))


def _building(
    canvas: Canvas, rng: Rng, left: float, right: float, top: float, bottom: float
) -> None:
    _fill(canvas, rng, 'building', (left, top, right, bottom))
    color = vary(rng, (70, 80, 100))
    for x in np.arange(left + 0.03, right - 0.03, 0.06).tolist():
        for y in np.arange(top + 0.04, bottom - 0.05, 0.08).tolist():
            corner = canvas.pixel(x, y)
            canvas.box(corner, (4 * canvas.unit, 5 * canvas.unit), color, None)


def _road(canvas: Canvas, rng: Rng, top: float) -> None:
    middle, far, near = rng.uniform(0.4, 0.6), rng.uniform(0.06, 0.1), 0.42
    corners = [(middle - far, top), (middle + far, top)]
    _paint_stuff(canvas, rng, 'road', [*corners, (0.5 + near, 1), (0.5 - near, 1)])


def _shelf(canvas: Canvas, left: float, y: float) -> None:
    board = (canvas.pixel(0.4, 0)[0], 3 * canvas.unit)
    canvas.box(canvas.pixel(left, y), board, (110, 75, 45), None)
