import pytest
from tiny_scores import table

from mmpisr.studies.line_plot import lines_of
from mmpisr.studies.line_table import line_table
from mmpisr.studies.paired_difference import PairedDifference
from mmpisr.studies.records import RunRecords
from mmpisr.studies.report import write_report
from mmpisr.studies.results import StudyResults, spread_of
from mmpisr.studies.run_place import place_of
from mmpisr.studies.study import Study, Variant
from mmpisr.studies.table_block import replace_block
from mmpisr.studies.tables import difference_text, spread_text
from mmpisr.studies.time_ratios import write_time_ratios

IOUS = {('base', 0): 0.5, ('base', 1): 0.6, ('PISR', 0): 0.7, ('PISR', 1): 0.7}
RECORD = dict(
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
    cpu='Z 80',
    cores=2,
    threads=1,
    memory_gib=8,
    gpu=None,
    date='2026-01-02',
)
CURVES = {'base': {'2': 40, '4': 50}, 'PISR': {'2': 80, '4': 90}}


@pytest.fixture
def study(tmp_path) -> Study:
    config = tmp_path / 'config.py'
    config.write_text('model = dict()')
    variants = tuple(
        Variant(label, config, {'model.x': x}, control=label == 'conv', x=x, line='a')
        for label, x in (('base', None), ('conv', 5.0), ('PISR', 10.0))
    )
    return Study(
        name='s',
        title='A study',
        variants=variants,
        seeds=(0, 1),
        options={},
        compare_to=('conv',),
        x_label='K',
        x_from=(),
        file=tmp_path / 's.yaml',
    )


@pytest.fixture
def records(tmp_path, study) -> RunRecords:
    """Everything but the runs of ``conv``."""
    kept = RunRecords(tmp_path / 'runs')
    scores = tmp_path / 'scores.npz'
    for (label, seed), iou in IOUS.items():
        key = place_of(study, study.find(label), tmp_path).key(seed)
        table(iou, iou).save(scores)
        run = dict(metrics=dict(PQ=100 * iou, AP=10.0 * seed))
        run['curves'] = dict(PQ=CURVES[label], relation_acc_boat=CURVES[label])
        kept.append(key, {**RECORD, **run}, scores)
    return kept


def test_the_tables_say_what_was_computed_by_hand(study, records, tmp_path):
    page = write_report(study, records=records, docs=tmp_path / 'docs').read_text()

    assert '| variant | seeds | PQ | AP |' in page
    assert '| base | 2 | 55.00 ± 7.07 | 5.00 ± 7.07 |' in page
    assert '| PISR | 2 | 70.00 ± 0.00 |' in page
    assert '| PISR | 2 | +15.00 [-30.84, +60.84] |' in page
    assert '+0.00 [+0.00, +0.00]* |' in page
    assert '| PISR | 1.250 | 1,234,567 | 0.500 | 2 | 700 |' in page


def test_an_incomplete_study_says_what_is_missing(study, records, tmp_path):
    page = write_report(study, records=records, docs=tmp_path / 'docs').read_text()

    assert '2 runs are missing**; seeds of conv: 0, 1.' in page
    assert "No run of 'conv' yet." in page

    key = place_of(study, study.find('conv'), tmp_path).key(1)
    run = {**RECORD, 'metrics': {'PQ': 1.0}, 'curves': {}}
    records.append(key, run, tmp_path / 'scores.npz')
    page = write_report(study, records=records, docs=tmp_path / 'docs').read_text()
    assert '**Incomplete: 1 run is missing**; seeds of conv: 0.' in page


def test_the_report_says_where_it_is_from(study, records, tmp_path):
    page = write_report(study, records=records, docs=tmp_path / 'docs').read_text()

    for part in (
        f'study.py {study.file} --report',
        'seeds 0, 1; 4 runs of 4 iterations',
        'commit abc with changes',
        '2026-01-02',
        'x86_64, Z 80, 2 cores, 8 GiB',
        'data d1',
    ):
        assert part in page


def test_a_second_report_changes_no_byte(study, records, tmp_path):
    folders = [tmp_path / name for name in ('one', 'two')]
    for folder in folders:
        write_report(study, records=records, docs=folder)

    first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert first == second
    names = 'values', 'difference_to_base', 'pq_over_x', 'pq_over_iterations'
    figures = {f'{name}.{kind}' for name in names for kind in ('svg', 'png')}
    assert set(first) == {'README.md', *figures}


def test_each_measured_axis_has_its_figure(study, records, tmp_path):
    study = study._replace(x_from=('gmacs', 'predict_time', 'train_time'))
    ratios = dict(predict={'base': (1, 1, 1), 'PISR': (1.2, 1.25, 1.3)})
    write_time_ratios(records.times_file('s'), study, ratios, about={})

    page = write_report(study, records=records, docs=tmp_path / 'docs')

    names = {path.name for path in (tmp_path / 'docs').glob('pq_over_*.svg')}
    axes = 'gmacs', 'iterations', 'predict_time'
    assert names == {f'pq_over_{axis}.svg' for axis in axes}
    assert 'peak MiB | predict_time |' in page.read_text()
    assert '| 700 | x 1.00 |\n' in page.read_text()
    assert '| 700 | x 1.25 |\n' in page.read_text()


def test_times_of_a_variant_that_has_changed_are_not_found(study, records):
    ratios = dict(train={'base': (1, 1, 1), 'PISR': (1.2, 1.25, 1.3)})
    write_time_ratios(records.times_file('s'), study, ratios, about={})
    base, conv, pisr = study.variants
    changed = pisr._replace(options={'model.x': 11})

    results = StudyResults(study._replace(variants=(base, conv, changed)), records)

    assert results.time_ratio('base', 'train_time') == 1
    assert results.time_ratio('PISR', 'train_time') is None


def test_a_file_that_holds_no_times_is_named(study, records):
    path = records.times_file('s')
    path.parent.mkdir()
    path.write_text('{"rows": [{}]}')

    with pytest.raises(ValueError, match=r's\.json: no ratios .*training'):
        StudyResults(study, records)


def test_a_line_of_models_tested_otherwise_goes_through_their_own_test(study, records):
    base, conv, pisr = study.variants
    at_5 = pisr._replace(label='at 5', trained_as='PISR', x=5.0, line='tested')
    results = StudyResults(study._replace(variants=(base, conv, pisr, at_5)), records)
    results.runs['at 5'] = results.runs['PISR']

    lines = lines_of(results, None)

    labels = {name: [v.label for _, v in points] for name, points in lines.items()}
    assert labels == {'a': ['PISR'], 'tested': ['at 5', 'PISR']}


def test_records_of_a_changed_study_are_left_out(study, records, tmp_path):
    changed = study._replace(options={'train_cfg.max_iters': 9})

    with pytest.raises(ValueError, match="no run of study 's' as it is now"):
        write_report(changed, records=records, docs=tmp_path / 'docs')


def test_a_relation_is_learned_by_an_iteration_in_so_many_seeds(
    study, records, tmp_path
):
    page = write_report(study, records=records, docs=tmp_path / 'docs').read_text()

    assert '| variant | seeds | boat |' in page
    assert '| base | 2 | 0/2 |\n| PISR | 2 | 2/2, 2 |' in page


def without_axis(study):
    variants = tuple(variant._replace(x=None) for variant in study.variants)
    return study._replace(variants=variants)


def test_a_study_over_an_axis_has_a_row_a_line(study, records):
    base, _, pisr = study.variants
    at_5 = pisr._replace(label='at 5', trained_as='PISR', x=5.0, line='tested')
    results = StudyResults(study._replace(variants=(base, pisr, at_5)), records)
    results.runs['at 5'] = results.runs['PISR']

    found = line_table(results)

    assert found.splitlines() == [
        '| PQ, K = | 5 | 10 |',
        '| --- | --- | --- |',
        '| base | 55.00 ± 7.07 | 55.00 ± 7.07 |',
        '| a | - | 70.00 ± 0.00 |',
        '| relations learned | - | 2/2 |',
        '| tested | 70.00 ± 0.00 | 70.00 ± 0.00 |',
    ]


def test_the_tables_of_pages_are_replaced_and_nothing_else(study, records, tmp_path):
    study = without_axis(study)
    pages = tmp_path / 'README.md', tmp_path / 'more.md'
    for page in pages:
        page.write_text('a\n<!-- study:s -->\nold\n<!-- /study -->\nb\n')

    for _ in range(2):
        write_report(study, records=records, docs=tmp_path / 'docs', into=pages)

    text, more = (page.read_text() for page in pages)
    assert text == more
    assert text.startswith('a\n<!-- study:s -->\n**A study**\n')
    assert text.endswith('(docs/README.md).\n<!-- /study -->\nb\n')
    assert '| relations learned | PQ above base [95 %] |' in text
    row = '| PISR | 70.00 ± 0.00 | 5.00 ± 7.07 | 2/2 | +15.00 [-30.84, +60.84] |'
    assert row in text
    note = 'Seeds 0, 1 (**2 runs are missing**); 2026-01-02; commit abc with changes.'
    assert note in text


@pytest.mark.parametrize(
    'text',
    [
        'no mark',
        '<!-- study:s --> no end',
        '<!-- /study --> <!-- study:s -->',
        '<!-- study:s --> <!-- study:t --> <!-- /study -->',
        '<!-- study:s --> <!-- /study --> <!-- study:s --> <!-- /study -->',
    ],
)
def test_a_page_without_a_place_for_the_table_is_named(tmp_path, text):
    path = tmp_path / 'README.md'
    path.write_text(text)

    with pytest.raises(ValueError, match=r"README.md: needs '<!-- study:s -->' once"):
        replace_block(path, 's', 'new')
    assert path.read_text() == text
    with pytest.raises(FileNotFoundError, match=r'none\.md: no such file'):
        replace_block(tmp_path / 'none.md', 's', 'new')


def test_without_records_there_is_no_report(study, tmp_path):
    with pytest.raises(ValueError, match='has no run of study'):
        write_report(study, records=RunRecords(tmp_path), docs=tmp_path / 'docs')


def test_without_scores_the_interval_is_over_seeds(study, records):
    results = StudyResults(study, records)
    results.scores_file('base', 0).unlink()

    found = results.compare('PISR', 'base')['PQ']

    assert found.difference == pytest.approx(15)
    assert not found.over_images


def test_one_seed_has_no_deviation():
    assert spread_text(spread_of([3.0])) == '3.00'
    assert spread_text(spread_of([])) == '-'


def test_seeds_without_a_figure_are_said(study, records):
    results = StudyResults(study, records)
    results.runs['PISR'][0]['metrics']['AP'] = float('nan')

    assert spread_text(results.spread('PISR', 'AP')) == '10.00 (1 lack it)'


@pytest.mark.parametrize(
    ('found', 'text'),
    [
        (PairedDifference(3.0, (1.0, 5.0), 3, True), '**+3.00** [+1.00, +5.00]'),
        (PairedDifference(-3.0, (-5.0, -1.0), 2, False), '**-3.00** [-5.00, -1.00]*'),
        (PairedDifference(3.0, (-1.0, 7.0), 3, True), '+3.00 [-1.00, +7.00]'),
        (PairedDifference(3.0, (1.0, 5.0), 1, True), '+3.00 [+1.00, +5.00]'),
    ],
)
def test_a_difference_is_bold_beyond_zero_but_not_of_one_seed(found, text):
    assert difference_text(found) == text
