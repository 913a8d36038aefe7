"""A page that explains a trained model: what it gains from, what breaks it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from speed.origin import code_version, machine
from speed.page import markdown_table

from mmpisr.apis.trainings import last_checkpoint
from mmpisr.evaluation.measures.panoptic_quality import panoptic_quality
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.files import write_atomically

from .figures import draw_classes
from .reasons import Reasons, confused_pairs, find_reasons
from .records import identify, shown_path
from .scoring import ScoredModel, values_of
from .statistics import difference_text, paired_difference, spread_text
from .study import Study
from .swap import PARTS, score_with_swaps
from .told_classes import score_told_classes

METRICS = 'PQ', 'PQ_th', 'PQ_st', 'mIoU', 'relation_acc'
TOLD = 'told the classes'
SWAPPED = {
    'all': 'encodings of another image',
    'classes': 'class encodings of another image',
    'slots': 'instance encodings of another image',
}
LEGEND = """\
Percent: mean ± standard deviation over seeds. The last column is the difference of PQ
to the model named there, paired by seed, with 95 % intervals of Student's t.

- **told the classes**: predicted again with the classes that the truth of the image
  lacks ruled out at every layer that predicts classes. The gain is an upper estimate of
  what a relation can add by finding out which classes an image shows.
- **encodings of another image**: PISR's attention reads encodings of another test image
  (a fixed random cycle). Features, intermediate predictions and weights stay."""
PAIRS = 8
PAIRS_LEGEND = (
    "Share of two classes' pixels that is predicted as the other class, percent; the "
    f'{PAIRS} pairs that the first model confuses most.'
)
REWEIGHTING_LEGEND = (
    'Mean reweighting score (Sec. 3.3) of each group, and the probability that the '
    'score of what the image shows is above the score of what it does not (AUROC); '
    'percent.'
)


class TrainedSeeds(NamedTuple):
    """Trainings of one config.

    Attributes:
        label: Its name in the table.
        config: The config file.
        checkpoints: By seed.
        options: ``--cfg-options``.
    """

    label: str
    config: Path
    checkpoints: Mapping[int, Path]
    options: Mapping[str, Any]


Scores = dict[str, dict[int, ScoreTable]]
"""By row of the table and seed."""


def trained_seeds(study: Study, label: str, out: Path) -> TrainedSeeds:
    """Find what a study has trained under a label.

    Raises:
        ValueError: The study has no such label, or no seed of it is trained in ``out``.
    """
    variant = study.find(label)
    training, _ = identify(study, variant)
    found = {}
    for seed in study.seeds:
        folder = out / 'runs' / training / f'seed{seed}'
        if (folder / 'trained.json').is_file():
            found[seed] = last_checkpoint(folder)
    if not found:
        raise ValueError(
            f'{study.path}: no training of {label!r} is in {out}; records hold no '
            'models: train it with run.py, another --records and this --out'
        )
    return TrainedSeeds(label, variant.config, found, variant.test)


def examine(
    trained: TrainedSeeds, *, device: str = 'cpu'
) -> tuple[Scores, dict[int, Reasons]]:
    """Score each training as it is, told the classes, and with swapped encodings.

    Returns:
        The scores, and by seed what the predictions confuse.

    Raises:
        FileNotFoundError: A checkpoint is not there.
        RuntimeError: One does not fit the config.
        ValueError: There is a single image.
    """
    scores: Scores = {}
    reasons = {}
    for seed, checkpoint in trained.checkpoints.items():
        scored = ScoredModel(
            trained.config, checkpoint, options=trained.options, device=device
        )
        found = {trained.label: scored.score()}
        if told := score_told_classes(scored):
            found[f'{trained.label}, {TOLD}'] = told
        if pisr := scored.find_pisr():
            for part, table in score_with_swaps(scored, pisr).items():
                found[f'{trained.label}, {SWAPPED[part]}'] = table
        for row, table in found.items():
            scores.setdefault(row, {})[seed] = table
        reasons[seed] = find_reasons(scored)
    return scores, reasons


def write_explanation(
    models: Sequence[TrainedSeeds], *, page: Path, command: str, device: str = 'cpu'
) -> Path:
    """Examine models and write the page and its figure, beside it.

    Args:
        models: The model that is explained; then, if there is one, the model without
            its relation, on the same images.
        page: The Markdown file.
        command: That makes it.
        device: Where models run.

    Raises:
        ValueError: The two are of different images.
    """
    trained, base, models = models[0], models[-1], models[::-1]
    found = {one.label: examine(one, device=device) for one in models}
    scores = {label: one for label, (one, _) in found.items()}
    reasons = {label: one for label, (_, one) in found.items()}
    _check_images(scores)
    rows: Scores = {}
    references: dict[str, str] = {}
    for one in models:
        rows |= scores[one.label]
        references |= dict.fromkeys(scores[one.label], one.label)
    references[trained.label] = base.label
    changes = {
        f'{row} minus {references[row]}': (rows[row], rows[references[row]])
        for row in (trained.label, f'{trained.label}, {SWAPPED[PARTS[0]]}')
        if row in rows and row != references[row]
    }
    parts = [f'# Why it works: {trained.label}', _table(rows, references), LEGEND]
    if changes:
        gaps = {name: class_differences(*pair) for name, pair in changes.items()}
        figure = draw_classes(gaps, page.with_suffix('.svg'))
        parts += ['## PQ of each class', f'![PQ of each class]({figure.name})']
    names = [c['name'] for c in next(iter(rows[trained.label].values())).categories]
    pairs = _pairs_table(reasons, names)
    parts += ['## Which classes are confused', pairs, PAIRS_LEGEND]
    if scored := _reweighting_table(reasons[trained.label]):
        parts += ['## Reweighting scores', scored, REWEIGHTING_LEGEND]
    parts += ['## Origin', _origin(models, rows, command)]
    write_atomically(page, '\n\n'.join(parts) + '\n')
    return page


def class_differences(
    ours: Mapping[int, ScoreTable], theirs: Mapping[int, ScoreTable]
) -> pd.Series:
    """How much PQ of each class differs, percent, mean over seeds, by class name."""

    def mean_quality(tables: Mapping[int, ScoreTable]) -> np.ndarray:
        totals = [table.records['pq'].sum(axis=0) for table in tables.values()]
        return 100 * np.mean([panoptic_quality(total)[:, 0] for total in totals], 0)

    names = [category['name'] for category in next(iter(ours.values())).categories]
    gaps = pd.Series(mean_quality(ours) - mean_quality(theirs), index=names)
    return gaps.dropna()


def _table(rows: Scores, references: Mapping[str, str]) -> str:
    """Figures of each row, and its difference of PQ to its reference."""
    frames = {
        row: pd.DataFrame({seed: values_of(t) for seed, t in tables.items()}).T
        for row, tables in rows.items()
    }
    metrics = [m for m in METRICS if m in next(iter(frames.values()))]
    lines = []
    for row, frame in frames.items():
        reference = references[row]
        gap = paired_difference(frame['PQ'], frames[reference]['PQ'])
        text = '-' if row == reference else f'{difference_text(gap)} to {reference}'
        lines.append([row, *(spread_text(frame[m]) for m in metrics), text])
    header = ['predictions', *metrics, 'PQ, difference [95 %]']
    return '\n'.join(markdown_table(header, lines))


def _pairs_table(reasons: Mapping[str, Mapping[int, Reasons]], names: list[str]) -> str:
    """The pairs of classes that the first model confuses most; a column a model."""
    shares = {
        label: pd.DataFrame(
            {seed: confused_pairs(one.confusion, names) for seed, one in seeds.items()}
        )
        for label, seeds in reasons.items()
    }
    first, last = [*shares][0], [*shares][-1]
    worst = shares[first].mean(axis=1).nlargest(PAIRS).index
    lines = []
    for pair in worst:
        line = [pair, *(spread_text(frame.loc[pair]) for frame in shares.values())]
        if first != last:
            gap = paired_difference(shares[last].loc[pair], shares[first].loc[pair])
            line.append(difference_text(gap))
        lines.append(line)
    header = ['classes', *shares]
    return '\n'.join(
        markdown_table(header + ['difference [95 %]'] * (first != last), lines)
    )


def _reweighting_table(reasons: Mapping[int, Reasons]) -> str:
    """Mean score of each group over seeds; empty without scores."""
    frame = pd.DataFrame({seed: one.scores for seed, one in reasons.items()})
    if frame.empty:
        return ''
    lines = [[group, spread_text(values)] for group, values in frame.iterrows()]
    return '\n'.join(markdown_table(['group', 'score'], lines))


def _check_images(scores: Mapping[str, Scores]) -> None:
    ids = {
        label: [*next(iter(rows[label].values())).image_ids]
        for label, rows in scores.items()
    }
    if len({tuple(images) for images in ids.values()}) > 1:
        shown = {label: (len(images), images[:3]) for label, images in ids.items()}
        raise ValueError(f'different images (number, first ids): {shown}')


def _origin(models: Sequence[TrainedSeeds], rows: Scores, command: str) -> str:
    code, device = code_version(), machine()
    changed = ' with changes' if code['dirty'] else ''
    images = len(next(iter(next(iter(rows.values())).values())).image_ids)
    lines = [
        f'commit {code["commit"]}{changed}, {date.today()}, {images} images',
        f'{device["machine"]}, {device["cpu"]}, {device["cores"]} cores, GPU '
        f'{device["gpu"]}, torch {device["torch"]}',
        *(
            f'{one.label}: `{shown_path(one.config)}`, seeds '
            f'{", ".join(map(str, one.checkpoints))}'
            for one in models
        ),
    ]
    return f'```bash\n{command}\n```\n\n' + '\n'.join(f'- {line}' for line in lines)
