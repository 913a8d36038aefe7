"""The page that explains a model: tables and figures in one folder."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from mmpisr.files import write_atomically
from mmpisr.studies.provenance import code_version, machine, shown_path
from mmpisr.studies.tables import difference_text

from . import charts, tables
from .counterfactual import flip_rate
from .examination import Examination
from .relation_cases import SEEN_SHARE
from .scores_section import scores_section
from .seed_means import seed_mean

SHORT = 'PQ', 'relation_acc'
SWAP = (
    'The encodings that the attention reads (after reweighting, with which slots are '
    'empty) are replaced by those of another image of the test set (a fixed random '
    'cycle) or by zeros. Features, intermediate predictions and weights stay. First '
    'row: values; others: difference to it, with 95 % intervals over seeds and images '
    '(bold: excludes zero).'
)
KNOWN = (
    'Each is predicted again with the classes that its truth lacks ruled out '
    'in the last layer: what knowing which classes are there is worth to that model. '
    'First row: values; second: difference, with 95 % intervals over seeds and images '
    '(bold: excludes zero).'
)
DONORS = (
    'Accuracy on the two classes that a decider tells apart, by whether the other '
    'image agrees with the own one about the decider. Encodings that carry it give '
    'right answers where the donor agrees, and wrong ones where it differs.'
)
CASES = (
    'Share of the pixels given the right one of the two classes, among those given '
    'one of the two. The first stage (the only one, of a model without a relation) '
    f'has found a class that wins at least {100 * SEEN_SHARE:g} % of the pixels. '
    'Means over seeds; cases without an image are left out.'
)
FLIPS = (
    'Each test scene is drawn twice, with the decider and without; no other pixel '
    'changes. Flip rate: of the objects found in both, those whose predicted class '
    'follows, percent, with a 95 % interval over images.'
)


def write_explanation(
    examined: Examination, base: Examination | None, *, out: Path, command: str
) -> Path:
    """Write ``README.md`` and the figures.

    Args:
        examined: Of the model that is explained.
        base: Of a model without its relation, on the same images.
        out: Folder of the page.
        command: That makes it.

    Returns:
        The page.

    Raises:
        ValueError: The two are of different images.
    """
    both = [one for one in (base, examined) if one is not None]
    _check_images(both)
    parts = [f'# Why it works: {examined.label}', _origin(both, command)]
    parts += _in_short(both)
    parts += scores_section(examined, out)
    parts += _swaps(examined, out)
    if all(one.known for one in both):
        present = examined.observed[0].present
        shown = f'{present.sum(axis=1).mean():.1f} of the {present.shape[1]} classes'
        parts += ['## Classes known', f'An image shows {shown} on average. {KNOWN}']
        parts.append(tables.known_table(both))
    parts += _relations(both, out)
    page = out / 'README.md'
    write_atomically(page, '\n\n'.join(parts) + '\n')
    return page


def _origin(both: Sequence[Examination], command: str) -> str:
    """Command, models, date, commit and machine."""
    code, device = code_version(), machine()
    changed = ' with changes' if code['dirty'] else ''
    lines = [f'- commit {code["commit"]}{changed}, {date.today().isoformat()}']
    lines.append(
        f'- machine: {device["machine"]}, {device["cpu"]}, {device["cores"]} cores, '
        f'GPU {device["gpu"]}; torch {device["torch"]}'
    )
    images = len(both[0].observed[0].table.image_ids)
    lines.append(f'- {images} test images')
    for one in both:
        files = ', '.join(f'`{shown_path(path)}`' for path in one.trained.checkpoints)
        config = shown_path(one.trained.config)
        lines.append(f'- {one.label}: `{config}`, checkpoints {files}')
    return f'```bash\n{command}\n```\n\n' + '\n'.join(lines)


def _in_short(both: Sequence[Examination]) -> list[str]:
    """The figures that say most, a line each."""
    examined = both[-1]
    lines = []
    for index, relation in enumerate(examined.relations):
        rates = [
            f'{one.label} '
            + tables.percent(seed_mean([f[:, index] for f in one.flips], flip_rate))
            for one in both
        ]
        pair = f'{relation["present"]} or {relation["absent"]}'
        lines.append(
            f'- {relation["decider"]} drawn or taken away: {pair} follows in '
            f'{", ".join(rates)} % of the objects'
        )
    if examined.swaps:
        found = tables.swap_differences(examined, 'all swapped')
        texts = [f'{m} {difference_text(found[m])}' for m in SHORT if m in found]
        lines.append(f"- another image's encodings: {', '.join(texts)}")
    return ['\n'.join(lines)] if lines else []


def _swaps(examined: Examination, out: Path) -> list[str]:
    """What breaks with other encodings."""
    if not examined.swaps:
        return ['## Swapped encodings', f'{examined.label} has no encodings.']
    values = {
        metric: {
            name: tables.condition_values(examined, name)[metric]
            for name in tables.conditions(examined)
        }
        for metric in ('PQ', 'relation_acc')
        if metric == 'PQ' or examined.relations
    }
    parts = ['## Swapped encodings', SWAP, tables.swap_table(examined)]
    parts.append(charts.figure_link(charts.draw_conditions(values, out / 'swap')))
    if examined.relations:
        parts += ['### Whom the classes follow', DONORS, tables.donor_table(examined)]
    parts.append('### PQ of each class')
    parts.append(tables.class_quality_table(examined))
    return parts


def _relations(both: Sequence[Examination], out: Path) -> list[str]:
    """Accuracy on the classes that only a relation tells apart."""
    relations = both[0].relations
    title = '## Classes that only a relation tells apart'
    if not relations:
        return [title, 'This data has none.']
    counts = {
        f'{relation["present"]} or {relation["absent"]}, by {relation["decider"]}': {
            one.label: tables.flip_counts(one, index) for one in both
        }
        for index, relation in enumerate(relations)
    }
    parts = [title, '### The decider drawn and taken away', FLIPS]
    parts.append(tables.flip_table(both))
    parts.append(charts.figure_link(charts.draw_outcomes(counts, out / 'flips')))
    parts += ['### Found or missed by the first stage', CASES, tables.case_table(both)]
    return parts


def _check_images(both: Sequence[Examination]) -> None:
    ids = [[*seed.table.image_ids] for one in both for seed in one.observed]
    for other in ids[1:]:
        if other != ids[0]:
            raise ValueError(
                f'models were given different images: {len(ids[0])} beginning with '
                f'{ids[0][:3]}, and {len(other)} beginning with {other[:3]}'
            )
