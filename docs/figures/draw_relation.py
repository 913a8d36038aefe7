"""Draw ``relation.svg``: what the relation computes for one picture.

python docs/figures/draw_relation.py
"""

import sys
from pathlib import Path

import matplotlib
from matplotlib.patches import Circle, Polygon, Rectangle

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from draw_architecture import (
    ADDED,
    INK,
    MAP,
    PAGE,
    PANEL,
    QUIET,
    TEXTS,
    _arrow,
    _box,
    _note,
    new_page,
    write_svg,
)

OUT = Path(__file__).with_name('relation.svg')
WIDTH, HEIGHT = 15.2, 5.9
GROUND, LAMP, WALL = '#b9b4a6', '#e0a526', '#dbe6f4'
ROWS = (  # name, what its mask covers, encoding, score
    ('class: carpet', 'ground', (0.3, 0.5, 0.2, 0.6, 0.4), 0.8),
    ('class: lamp', 'lamp', (0.9, 0.2, 0.7, 0.1, 0.8), 0.9),
    ('class: snow', '', (0.4, 0.4, 0.5, 0.5, 0.4), 0.1),
    ('instance 1: lamp', 'lamp', (0.9, 0.3, 0.7, 0.2, 0.8), 0.9),
)
TOP, STEP = 4.35, 1.02
POINT = -0.25, -0.45  # of the pixel, from the middle of a picture


def main(out: Path = OUT) -> None:
    """Draw and write the figure; the same fonts make the same bytes."""
    with matplotlib.rc_context(TEXTS):
        figure, axes = new_page(WIDTH, HEIGHT)
        draw_question(axes)
        draw_categories(axes)
        draw_answer(axes)
        write_svg(figure, out)


def draw_question(axes) -> None:
    """The picture, and the pixel that its surroundings do not decide."""
    _note(axes, 1.5, 5.35, 'picture', color=INK, weight='bold')
    picture(axes, 1.5, 3.3, 1.2)
    axes.plot(1.5 + 1.2 * POINT[0], 3.3 + 1.2 * POINT[1], 'X', color=INK, markersize=9)
    _note(axes, 1.5, 1.6, 'sand or carpet? Around the\npixel both look the same.')


def draw_categories(axes) -> None:
    """For each category: its mask, its encoding, its score."""
    _box(axes, 7.35, 2.88, 7.7, 5.4, PANEL, edge='#d29922')
    for x, title in (
        (4.85, '1. first prediction:\nmasks S and I'),
        (7.6, '2. encode: mean\nfeature, $E$'),
        (10.1, '3. reweight:\nscores $w$'),
    ):
        _note(axes, x, 5.2, title, color=INK, weight='bold')
    for index, (name, covered, encoding, score) in enumerate(ROWS):
        y = TOP - STEP * index
        mask(axes, 4.85, y - 0.05, 0.38, covered)
        _note(axes, 4.85, y - 0.57, name, color=INK)
        _arrow(axes, (5.5, y), (6.65, y))
        for cell, value in enumerate(encoding):
            shade = matplotlib.colormaps['viridis'](value)
            axes.add_patch(
                Rectangle((6.75 + 0.34 * cell, y - 0.17), 0.34, 0.34, fc=shade, ec=PAGE)
            )
        _arrow(axes, (8.5, y), (9.5, y))
        axes.add_patch(Rectangle((9.6, y - 0.12), 1.0, 0.24, fc=MAP, ec=QUIET, lw=0.6))
        axes.add_patch(Rectangle((9.6, y - 0.12), score, 0.24, fc=ADDED, ec=QUIET))
        _note(axes, 10.85, y, f'{score}', color=INK)


def draw_answer(axes) -> None:
    """The pixel gets a mixture of the weighted encodings."""
    x, y = 13.4, 3.3
    _note(
        axes, x, 5.2, '4. attend, 5. add,\n6. predict again', color=INK, weight='bold'
    )
    picture(axes, x, y, 1.2, ground='#b5623f')
    goal = x + 1.2 * POINT[0], y + 1.2 * POINT[1]
    for index, (*_, score) in enumerate(ROWS):
        start = 11.2, TOP - STEP * index
        axes.annotate(
            '',
            goal,
            start,
            arrowprops=dict(
                arrowstyle='-|>', color='#b06000', lw=0.3 + 3 * score**2, alpha=0.75
            ),
        )
    axes.plot(*goal, 'X', color=INK, markersize=9)
    _note(axes, x, 1.6, 'carpet, because the encodings\nof the lamp take part.')


def picture(axes, x, y, half, *, ground=GROUND) -> None:
    """A room: wall, ground, a lamp."""
    axes.add_patch(Rectangle((x - half, y - half), 2 * half, 2 * half, fc=WALL))
    axes.add_patch(Rectangle((x - half, y - half), 2 * half, 1.2 * half, fc=ground))
    lamp(axes, x, y, half, LAMP)
    frame(axes, x, y, half)


def mask(axes, x, y, half, covered) -> None:
    """A small mask, white where the category is."""
    axes.add_patch(Rectangle((x - half, y - half), 2 * half, 2 * half, fc='#30363d'))
    if covered == 'ground':
        axes.add_patch(Rectangle((x - half, y - half), 2 * half, 1.2 * half, fc=PAGE))
        lamp(axes, x, y, half, '#30363d')
    elif covered == 'lamp':
        lamp(axes, x, y, half, PAGE)
    frame(axes, x, y, half)


def lamp(axes, x, y, half, color) -> None:
    """A standing lamp at the right."""
    corners = ((0.3, 0.25), (0.8, 0.25), (0.66, 0.75), (0.44, 0.75))
    axes.add_patch(
        Polygon([(x + half * a, y + half * b) for a, b in corners], fc=color)
    )
    stand = (x + half * 0.52, y - half * 0.45), half * 0.06, half * 0.7
    axes.add_patch(Rectangle(*stand, fc=color))
    axes.add_patch(Circle((x + half * 0.55, y - half * 0.45), half * 0.12, fc=color))


def frame(axes, x, y, half) -> None:
    """The outline of a picture."""
    corner = x - half, y - half
    axes.add_patch(Rectangle(corner, 2 * half, 2 * half, fc='none', ec=QUIET))


if __name__ == '__main__':
    main()
