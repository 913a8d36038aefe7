import json
from math import isnan

import pytest

from mmpisr.studies.records import RunRecords
from mmpisr.studies.run_place import RunKey

RUN = RunKey('base-0', 'test-0', 3)
NAN = float('nan')
RECORD = dict(
    gpu=None,
    cpu='Z 80',
    metrics=dict(PQ=50.0, AP_l=NAN),
    curves=dict(relation_acc={'2': NAN, '4': 60.0}),
)


@pytest.fixture
def folder(tmp_path):
    """Holds one record, with its scores."""
    (tmp_path / 'scores.npz').write_bytes(b'scores')
    RunRecords(tmp_path / 'runs').append(RUN, RECORD, tmp_path / 'scores.npz')
    return tmp_path


def refuse(constant):
    raise ValueError(f'{constant} is no json')


def test_what_is_no_number_is_null_in_the_file(folder):
    text = (folder / 'runs' / 'runs.jsonl').read_text()

    line = json.loads(text, parse_constant=refuse)
    assert line['metrics'] == dict(PQ=50.0, AP_l=None)
    assert line['curves'] == dict(relation_acc={'2': None, '4': 60.0})


def test_null_is_read_as_nan_where_figures_stand_only(folder):
    found = RunRecords(folder / 'runs').find(RUN)

    assert found['gpu'] is None
    assert found['metrics']['PQ'] == 50.0
    assert isnan(found['metrics']['AP_l'])
    assert isnan(found['curves']['relation_acc']['2'])
    assert found['curves']['relation_acc']['4'] == 60.0


def test_a_repeated_run_that_lacks_the_same_figure_is_equal(folder):
    before = (folder / 'runs' / 'runs.jsonl').read_bytes()

    RunRecords(folder / 'runs').append(RUN, RECORD, folder / 'scores.npz')

    assert (folder / 'runs' / 'runs.jsonl').read_bytes() == before


def test_a_figure_instead_of_none_is_another_result(folder):
    other = {**RECORD, 'metrics': dict(PQ=50.0, AP_l=7.0)}

    with pytest.raises(ValueError, match=r'AP_l nan \(recorded\) 7.0 \(now\)'):
        RunRecords(folder / 'runs').append(RUN, other, folder / 'scores.npz')


@pytest.mark.parametrize('line', ['3', '[]', '{}', 'null', '<<<<<<< HEAD'])
def test_a_line_that_is_no_record_is_named(folder, line):
    path = folder / 'runs' / 'runs.jsonl'
    path.write_text(path.read_text() + line + '\n')

    with pytest.raises(ValueError, match=r'runs\.jsonl: line 2: no record of a run'):
        RunRecords(folder / 'runs')
