"""Draw each thing: silhouette and colours, one segment each.

Every function takes the canvas, a random generator, the foot point and the height in
pixels. Two classes that only a relation tells apart are drawn by the same function.
"""

import numpy as np
from numpy.typing import ArrayLike

from .canvas import Canvas, Point, Rng

DARK = (35, 35, 40)


def vary(rng: Rng, color: ArrayLike, spread: float = 12) -> np.ndarray:
    """Add Gaussian noise to a colour."""
    return np.clip(np.array(color) + rng.normal(0, spread, 3), 0, 255)


def draw_car(canvas: Canvas, rng: Rng, foot: Point, height: float) -> None:
    """A body of any colour with a cabin, two windows and two wheels."""
    owner = canvas.new_segment('car')
    x, y = foot
    width = height * rng.uniform(1.7, 2.1)
    hues = [(190, 30, 40), (40, 70, 190), (230, 230, 230), (30, 130, 120)]
    color = vary(rng, hues[rng.integers(len(hues))], 20)
    left, top = x - width / 2, y - height

    body = [(left, y - height * 0.15), (left, y - height * 0.55)]
    cabin = [(left + width * f, top) for f in (0.28, 0.72)]
    front = [(left + width, y - height * 0.55), (left + width, y - height * 0.15)]
    shoulders = (
        [(left + width * 0.15, y - height * 0.6)],
        [(left + width * 0.88, body[1][1])],
    )
    canvas.polygon([*body, *shoulders[0], *cabin, *shoulders[1], *front], color, owner)
    for at in (0.27, 0.53):
        corner = left + width * at, top + height * 0.12
        canvas.box(corner, (width * 0.2, height * 0.27), (60, 80, 100), owner)
    for at in (0.22, 0.78):
        wheel = (left + width * at, y - height * 0.15)
        canvas.ellipse(wheel, (height * 0.17, height * 0.17), DARK, owner)


def draw_person(
    canvas: Canvas,
    rng: Rng,
    foot: Point,
    height: float,
    *,
    owner: int | None = None,
) -> None:
    """Head, coat and legs; a given owner joins a crowd."""
    owner = canvas.new_segment('person') if owner is None else owner
    x, y = foot
    width = height * 0.34
    coat = vary(rng, (210, 60, 140), 35)
    leg = width * 0.3, height * 0.42
    canvas.box((x - width * 0.38, y - height * 0.42), leg, DARK, owner)
    canvas.box((x + width * 0.08, y - height * 0.42), leg, DARK, owner)
    canvas.box((x - width / 2, y - height * 0.8), (width, height * 0.42), coat, owner)
    head = (x, y - height * 0.88)
    canvas.ellipse(head, (height * 0.11, height * 0.12), (225, 175, 140), owner)


def draw_boat(canvas: Canvas, rng: Rng, foot: Point, height: float) -> None:
    """An orange hull with a pale sail: decides buoy against ball."""
    owner = canvas.new_segment('boat')
    x, y = foot
    half = height * rng.uniform(0.6, 0.75)
    deck = y - height * 0.38
    hull = [
        (x - half, deck),
        (x + half, deck),
        (x + half * 0.6, y),
        (x - half * 0.6, y),
    ]
    canvas.polygon(hull, vary(rng, (255, 120, 10)), owner)
    lean = rng.choice([-1, 1])
    sail = [(x, y - height), (x + lean * half * 0.8, deck), (x, deck)]
    canvas.polygon(sail, vary(rng, (255, 225, 190)), owner)
    mast = height * 0.08, height * 0.62
    canvas.box((x - height * 0.04, y - height), mast, DARK, owner)


def draw_lamp(
    canvas: Canvas,
    rng: Rng,
    foot: Point,
    height: float,
    *,
    hanging: bool = False,
) -> None:
    """A bright yellow globe on a post, or on a cord: decides carpet against sand."""
    owner = canvas.new_segment('lamp')
    x, y = foot
    radius = height * 0.27
    thick = height * 0.12
    globe_y = y if hanging else y - height + radius
    post_top = y - height if hanging else globe_y
    canvas.box((x - thick / 2, post_top), (thick, height - radius), DARK, owner)
    canvas.ellipse((x, globe_y), (radius, radius), vary(rng, (255, 235, 40), 8), owner)
    core = (radius * 0.5, radius * 0.5)
    canvas.ellipse((x, globe_y), core, (255, 255, 170), owner)


def draw_round(canvas: Canvas, rng: Rng, foot: Point, height: float, name: str) -> None:
    """A purple ball with a white belt: buoy or ball."""
    owner = canvas.new_segment(name)
    radius = height / 2
    center = (foot[0], foot[1] - radius)
    canvas.ellipse(center, (radius, radius), vary(rng, (140, 20, 150), 15), owner)
    belt = (foot[0] - radius * 0.9, center[1] - radius * 0.22)
    sides = radius * 1.8, radius * 0.44
    canvas.box(belt, sides, vary(rng, (240, 240, 235), 8), owner)


def draw_sled(canvas: Canvas, rng: Rng, foot: Point, height: float, name: str) -> None:
    """A turquoise crate on two runners: sledge or cart."""
    owner = canvas.new_segment(name)
    x, y = foot
    half = height * rng.uniform(0.75, 0.9)
    color = vary(rng, (20, 200, 190), 15)
    crate = [(x - half, y - height), (x + half, y - height)]
    crate += [(x + half * 0.75, y - height * 0.3), (x - half * 0.75, y - height * 0.3)]
    canvas.polygon(crate, color, owner)
    runners = 2 * half, height * 0.3
    canvas.box((x - half, y - height * 0.3), runners, (70, 40, 25), owner)
    slat = half * 1.6, height * 0.14
    canvas.box((x - half * 0.8, y - height * 0.75), slat, color * 0.6, owner)
