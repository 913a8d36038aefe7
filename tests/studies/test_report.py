import json
from pathlib import Path

import pytest
from tiny_scores import table

from mmpisr.studies.report import write_report
from mmpisr.studies.results import StudyResults, spread_of
from mmpisr.studies.study import Study, Variant
from mmpisr.studies.tables import spread_text

IOUS = {('base', 0): 0.5, ('base', 1): 0.6, ('PISR', 0): 0.7, ('PISR', 1): 0.7}
RECORD = dict(
    study='s',
    options={},
    commit='abc',
    dirty=True,
    data='d1',
    iterations=4,
    attempts=1,
    gmacs=1.25,
    parameters=1234567,
    seconds_per_iteration=0.5,
    training_seconds=2,
    peak_memory_mib=700,
    torch='2',
    machine='x86_64',
    cores=2,
    threads=1,
    gpu=None,
    date='2026-01-02',
)


@pytest.fixture
def study(tmp_path) -> Study:
    config = tmp_path / 'config.py'
    config.write_text('')
    variants = tuple(
        Variant(label, config, {}, control=label == 'conv', x=x, line='a')
        for label, x in (('base', None), ('conv', 5.0), ('PISR', 10.0))
    )
    file = tmp_path / 's.yaml'
    return Study('s', 'A study', variants, (0, 1), {}, ('conv',), 'K', None, file)


@pytest.fixture
def out(tmp_path, study) -> Path:
    """Everything but the runs of ``conv``."""
    out = tmp_path / 'out'
    lines = []
    for (label, seed), iou in IOUS.items():
        folder = out / label.lower() / f'seed{seed}'
        folder.mkdir(parents=True)
        table(iou, iou).save(folder / 'scores.npz')
        metrics = dict(PQ=100 * iou, AP=10.0 * seed)
        run = dict(label=label, seed=seed, config=str(study.base.config))
        lines.append(json.dumps({**RECORD, **run, 'metrics': metrics}) + '\n')
    (out / 'runs.jsonl').write_text(''.join(lines))
    return out


def test_the_tables_say_what_was_computed_by_hand(study, out, tmp_path):
    page = write_report(study, out=out, docs=tmp_path / 'docs').read_text()

    values = '55.00 ± 7.07 | - | - | - | - | - | - | 5.00 ± 7.07 |'
    assert f'| base | 2 | {values}' in page
    assert '| PISR | 2 | 70.00 ± 0.00 |' in page
    assert '| PISR | 2 | +15.00 [-30.84, +60.84] |' in page
    assert '+0.00 [+0.00, +0.00]* |' in page
    assert '| PISR | 1.250 | 1,234,567 | 0.500 | 2 | 700 |' in page


def test_an_incomplete_study_says_what_is_missing(study, out, tmp_path):
    page = write_report(study, out=out, docs=tmp_path / 'docs').read_text()

    assert '2 runs are missing**; seeds of conv: 0, 1.' in page
    assert "No run of 'conv' yet." in page


def test_the_report_says_where_it_is_from(study, out, tmp_path):
    page = write_report(study, out=out, docs=tmp_path / 'docs').read_text()

    for part in (
        f'study.py {study.file} --report',
        'seeds 0, 1; 4 runs of 4 iterations',
        'commit abc with changes',
        '2026-01-02',
        'x86_64, 2 cores',
        'data d1',
    ):
        assert part in page


def test_a_second_report_changes_no_byte(study, out, tmp_path):
    folders = [tmp_path / name for name in ('one', 'two')]
    for folder in folders:
        write_report(study, out=out, docs=folder)

    first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert first == second
    names = 'values', 'difference_to_base', 'pq_over_x'
    figures = {f'{name}.{kind}' for name in names for kind in ('svg', 'png')}
    assert set(first) == {'README.md', *figures}


def test_records_of_a_changed_study_are_refused(study, out, tmp_path):
    with pytest.raises(ValueError, match=r"options \{'a': None\}.*now has \{'a': 1\}"):
        write_report(study._replace(options={'a': 1}), out=out, docs=tmp_path)


def test_without_records_there_is_no_report(study, tmp_path):
    with pytest.raises(ValueError, match='has no run of study'):
        write_report(study, out=tmp_path, docs=tmp_path / 'docs')


def test_without_scores_the_interval_is_over_seeds(study, out):
    (out / 'base' / 'seed0' / 'scores.npz').unlink()

    found = StudyResults(study, out).compare('PISR', 'base')['PQ']

    assert found.difference == pytest.approx(15)
    assert not found.over_images


def test_one_seed_has_no_deviation():
    assert spread_text(spread_of([3.0])) == '3.00'
    assert spread_text(spread_of([])) == '-'
