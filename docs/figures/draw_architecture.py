"""Draw ``architecture.svg``: one forward pass of a base model with a relation.

python docs/figures/draw_architecture.py
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

OUT = Path(__file__).with_name('architecture.svg')
WIDTH, HEIGHT = 14.4, 5.0  # in the units of all positions below
INK, QUIET, PAGE = '#1f2328', '#57606a', 'white'
BASE, ADDED, PANEL, MAP = '#dbe6f4', '#ffd9a8', '#fff6e9', '#eceff2'
FEATURES, HEADS, LOSSES = 3.45, 1.85, 0.55  # heights of the three rows
TEXTS = {'svg.hashsalt': 'mmpisr', 'font.size': 10, 'mathtext.fontset': 'cm'}


def main(out: Path = OUT) -> None:
    """Draw and write the figure; the same fonts make the same bytes."""
    with matplotlib.rc_context(TEXTS):
        figure, axes = new_page(WIDTH, HEIGHT)
        draw_base(axes)
        draw_relation(axes)
        draw_final_stage(axes)
        draw_losses(axes)
        write_svg(figure, out)


def new_page(width: float, height: float) -> tuple:
    """Return a figure with a framed page of this size, and its axes."""
    figure = Figure(figsize=(width * 0.8, height * 0.8))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect='equal')
    axes.axis('off')
    _box(axes, width / 2, height / 2, width - 0.1, height - 0.1, PAGE, edge=MAP)
    return figure, axes


def write_svg(figure: Figure, out: Path) -> None:
    """Write a figure without its date, and without spaces at the ends of lines."""
    figure.savefig(out, metadata={'Date': None}, transparent=True)
    lines = (line.rstrip() for line in out.read_text().splitlines())
    out.write_text('\n'.join(lines) + '\n')


def draw_base(axes) -> None:
    """Image, backbone, F, the base's heads, S and I."""
    _box(axes, 0.65, FEATURES, 0.9, 0.7, MAP, 'image')
    _box(axes, 2.1, FEATURES, 1.3, 0.9, BASE, 'backbone,\nneck')
    _box(axes, 3.55, FEATURES, 0.6, 0.7, MAP, '$F$', size=14)
    _box(axes, 3.55, HEADS, 1.5, 0.9, BASE, 'intermediate\nheads')
    _box(axes, 5.15, HEADS + 0.32, 0.6, 0.5, MAP, '$S$', size=14)
    _box(axes, 5.15, HEADS - 0.32, 0.6, 0.5, MAP, '$I$', size=14)
    _arrow(axes, (1.1, FEATURES), (1.45, FEATURES))
    _arrow(axes, (2.75, FEATURES), (3.25, FEATURES))
    _arrow(axes, (3.55, FEATURES - 0.35), (3.55, HEADS + 0.45))
    for height in HEADS + 0.32, HEADS - 0.32:
        _arrow(axes, (4.3, height), (4.85, height))
    _note(axes, 5.15, HEADS + 0.7, '$N$ classes')
    _note(axes, 5.15, HEADS - 0.72, '$K$ instances')


def draw_relation(axes) -> None:
    """What ``mmpisr/models/relations`` computes."""
    _box(axes, 8.05, 2.8, 4.5, 3.2, PANEL, edge='#d29922')
    _note(axes, 5.85, 4.6, 'relation (PISR)', ha='left', color=INK, weight='bold')
    _box(axes, 6.8, HEADS, 1.5, 1.0, ADDED, 'encodings\n$E = [S; I]\\,F^T$')
    _box(
        axes,
        9.1,
        HEADS,
        1.7,
        1.0,
        ADDED,
        'reweighting\n$w = \\sigma(\\mathrm{MLP}(E))$',
    )
    _box(axes, 8.35, FEATURES, 1.5, 0.9, ADDED, 'attention')
    axes.plot(9.95, FEATURES, 'o', markersize=13, color=ADDED, markeredgecolor=QUIET)
    axes.text(9.95, FEATURES - 0.01, '+', ha='center', va='center', size=12, color=INK)

    _arrow(axes, (3.85, FEATURES), (7.6, FEATURES))
    _arrow(axes, (6.8, FEATURES), (6.8, HEADS + 0.5))
    for height in HEADS + 0.32, HEADS - 0.32:
        _arrow(axes, (5.45, height), (6.05, height))
    _arrow(axes, (7.55, HEADS), (8.25, HEADS))
    _note(axes, 7.9, HEADS + 0.18, '$E$', size=11, color=INK)
    _arrow(axes, (8.7, HEADS + 0.5), (8.7, FEATURES - 0.45))
    _note(axes, 8.8, 2.68, '$wE$', ha='left', size=11, color=INK)
    _arrow(axes, (9.1, FEATURES), (9.78, FEATURES))
    _note(axes, 9.42, FEATURES + 0.2, '$F_{pan}$', size=11, color=INK)
    above = FEATURES + 0.68
    axes.plot((7.2, 7.2, 9.95), (FEATURES, above, above), color=QUIET, linewidth=1.2)
    _arrow(axes, (9.95, above), (9.95, FEATURES + 0.16))


def draw_final_stage(axes) -> None:
    """F', the final heads, the panoptic map."""
    _box(axes, 10.95, FEATURES, 0.6, 0.7, MAP, "$F\\,'$", size=14)
    _box(axes, 12.15, FEATURES, 0.9, 0.9, ADDED, 'final\nheads')
    _box(axes, 13.55, FEATURES, 1.1, 0.8, MAP, 'panoptic\nmap')
    _arrow(axes, (10.12, FEATURES), (10.65, FEATURES))
    _arrow(axes, (11.25, FEATURES), (11.7, FEATURES))
    _arrow(axes, (12.6, FEATURES), (13.0, FEATURES))


def draw_losses(axes) -> None:
    """Eq. (1), where its terms come from, and what the colours mean."""
    first = '$\\gamma\\,(L^{\\,\\prime}_{sem} + L^{\\,\\prime}_{ins})$'
    _note(axes, 3.55, LOSSES, first, size=12, color=INK)
    _note(axes, 8.05, LOSSES, '+', size=12, color=INK)
    _note(axes, 12.15, LOSSES, '$L_{sem} + L_{ins}$', size=12, color=INK)
    _note(axes, 0.35, LOSSES, 'loss, eq. (1)', ha='left')
    _arrow(axes, (3.55, HEADS - 0.45), (3.55, LOSSES + 0.25), style=':')
    _arrow(axes, (12.15, FEATURES - 0.45), (12.15, LOSSES + 0.25), style=':')
    for height, color, text in (
        (HEADS + 0.3, BASE, 'base model'),
        (HEADS - 0.1, ADDED, 'added'),
    ):
        _box(axes, 0.55, height, 0.3, 0.24, color)
        _note(axes, 0.85, height, text, ha='left')


def _box(axes, x, y, width, height, color, text='', *, size=10, edge=QUIET) -> None:
    """A rounded box around ``(x, y)``."""
    corner = x - width / 2, y - height / 2
    shape = 'round,pad=0,rounding_size=0.1'
    box = FancyBboxPatch(corner, width, height, shape, facecolor=color, edgecolor=edge)
    axes.add_patch(box)
    axes.text(x, y, text, ha='center', va='center', size=size, color=INK)


def _note(axes, x, y, text, *, size=9, ha='center', color=QUIET, **font) -> None:
    axes.text(x, y, text, ha=ha, va='center', size=size, color=color, **font)


def _arrow(axes, start, end, *, style='-') -> None:
    look = dict(arrowstyle='-|>', color=QUIET, lw=1.2, ls=style, shrinkA=0, shrinkB=0)
    axes.annotate('', end, start, arrowprops=look)


if __name__ == '__main__':
    main()
