"""Files of scores, their comparison, and the script that prints it."""

import errno
import json
import runpy
import sys

import numpy as np
import pytest
from random_scenes import META, evaluate, samples_of, write_scenes

from mmpisr import files
from mmpisr.apis.compare_results import read_result
from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.score_table import compare_tables, load_score_table

NAMES = ('a.npz', 'b.npz')


@pytest.fixture
def truth(tmp_path):
    return write_scenes(tmp_path, num_images=12)


@pytest.fixture
def save(truth, tmp_path):
    def call(name, noise, **options):
        metric = PanopticMetric(
            str(truth),
            scores_file=str(tmp_path / f'{name}.npz'),
            outfile_prefix=str(tmp_path / name),
            prefix='x',
            **(dict(miou=True, iiou=True) | options),
        )
        values = evaluate(metric, samples_of(truth, noise, seed=len(name)))
        return tmp_path / f'{name}.npz', values

    return call


def test_scores_read_back_give_the_values_of_the_metric(save):
    path, values = save('a', 0.2)
    table = load_score_table(path)

    assert table.image_ids == [f'im{i}' for i in range(12)]
    for name, measure in table.measures().items():
        found = measure.values(table.records[name].sum(axis=0))
        assert all(found[key] == values[f'x/{key}'] for key in found)
    assert sorted(table.records) == ['iiou', 'miou', 'pq']


def test_numbers_as_image_ids_stay_numbers(save, truth, tmp_path):
    metric = PanopticMetric(str(truth), scores_file=str(tmp_path / 'n.npz'))
    metric.dataset_meta = META
    table = metric.score_table([])._replace(image_ids=[np.int64(7), 8])
    table.save(tmp_path / 'n.npz')
    assert load_score_table(tmp_path / 'n.npz').image_ids == [7, 8]


def test_a_result_json_scores_as_the_metric_that_wrote_it(save, truth, tmp_path):
    path, _ = save('a', 0.2)
    from_npz = load_score_table(path)
    from_json = read_result(tmp_path / 'a.panoptic.json', ann_file=str(truth))

    assert from_json.image_ids == from_npz.image_ids
    assert from_json.categories == from_npz.categories
    for name, records in from_npz.records.items():
        np.testing.assert_array_equal(from_json.records[name], records)


def test_a_better_result_is_found_better(save):
    first, second = (load_score_table(save(*a)[0]) for a in (('a', 0.1), ('bb', 0.4)))
    found = compare_tables(first, second, names=NAMES)
    assert {'PQ', 'PQ_th', 'mIoU', 'iIoU'} < found.keys()
    assert found['PQ'].difference > 0
    assert found['PQ'].interval.low > 0
    assert found['PQ'].p_value < 0.05


def test_the_order_of_images_does_not_matter(save):
    first, second = (load_score_table(save(*a)[0]) for a in (('a', 0.1), ('bb', 0.4)))
    turned = second._replace(
        image_ids=second.image_ids[::-1],
        records={k: v[::-1] for k, v in second.records.items()},
    )
    assert compare_tables(first, turned, names=NAMES) == compare_tables(
        first, second, names=NAMES
    )


def test_other_images_are_refused(save):
    table = load_score_table(save('a', 0.1)[0])
    other = table._replace(image_ids=['new', *table.image_ids[1:]])
    with pytest.raises(ValueError, match=r'a\.npz and b\.npz .*images: 1 .*im0.*new'):
        compare_tables(table, other, names=NAMES)


def test_doubled_images_are_refused(save):
    table = load_score_table(save('a', 0.1)[0])
    doubled = table._replace(image_ids=['im0', 'im0', *table.image_ids[2:]])
    with pytest.raises(ValueError, match=r'b\.npz: 1 image ids occur more than once'):
        compare_tables(table, doubled, names=NAMES)


def test_no_images_are_refused(save):
    table = load_score_table(save('a', 0.1)[0])
    empty = table._replace(
        image_ids=[], records={k: v[:0] for k, v in table.records.items()}
    )
    with pytest.raises(ValueError, match=r'a\.npz and b\.npz have no images'):
        compare_tables(empty, empty, names=NAMES)


def test_other_categories_are_refused(save):
    table = load_score_table(save('a', 0.1)[0])
    other = table._replace(
        categories=[*table.categories[:3], dict(name='path', isthing=0)]
    )
    with pytest.raises(ValueError, match=r"categories.*'road', False.*'path', False"):
        compare_tables(table, other, names=NAMES)


def test_other_sizes_of_instances_are_refused(save):
    table = load_score_table(save('a', 0.1)[0])
    other = table._replace(instance_areas=dict(cat=1.0, dog=2.0))
    with pytest.raises(ValueError, match=r"'instance_areas'.*None and \{'cat': 1\.0"):
        compare_tables(table, other, names=NAMES)


def test_other_measures_are_refused(save):
    first, second = save('a', 0.1)[0], save('bb', 0.1, miou=False)[0]
    tables = load_score_table(first), load_score_table(second)
    with pytest.raises(ValueError, match=r"measures: \['iiou', 'miou', 'pq'\] and"):
        compare_tables(*tables, names=NAMES)


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'a\.npz: .*does not exist'):
        read_result(tmp_path / 'a.npz')


def test_a_file_that_is_truncated(save):
    path, _ = save('a', 0.1)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r'a\.npz: no complete npz'):
        read_result(path)


def test_an_npz_of_something_else(tmp_path):
    np.savez(tmp_path / 'a.npz', weights=np.ones(3))
    with pytest.raises(ValueError, match=r"a\.npz: .*'image_ids'.*\['weights'\]"):
        read_result(tmp_path / 'a.npz')


def test_a_result_json_without_its_truth(tmp_path):
    with pytest.raises(ValueError, match=r'r\.json: .*--ann-file'):
        read_result(tmp_path / 'r.json')


def test_a_result_json_without_annotations(truth, tmp_path):
    (tmp_path / 'r.json').write_text('{"images": []}')
    with pytest.raises(ValueError, match=r"r\.json: no field 'annotations'.*images"):
        read_result(tmp_path / 'r.json', ann_file=str(truth))


def test_a_result_json_with_a_category_that_the_truth_lacks(save, truth, tmp_path):
    save('a', 0.1)
    path = tmp_path / 'a.panoptic.json'
    content = json.loads(path.read_text())
    content['annotations'][0]['segments_info'][0]['category_id'] = 77
    path.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"'im0' has category ids \[77\].*\[1, 2, 3, 4"
    ):
        read_result(path, ann_file=str(truth))


def test_a_full_disk_leaves_no_file_of_scores(save, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(files.Path, 'write_bytes', full)
    with pytest.raises(OSError, match=r'disk is full'):
        save('a', 0.1)
    assert not [*tmp_path.glob('*.npz')]


@pytest.fixture
def script(repo, monkeypatch, capsys):
    def call(*arguments):
        path = str(repo / 'tools' / 'analysis_tools' / 'compare_results.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
        runpy.run_path(path, run_name='__main__')
        return capsys.readouterr().out

    return call


def test_the_script_prints_the_same_for_npz_and_json(save, truth, tmp_path, script):
    paths = save('a', 0.1)[0], save('bb', 0.4)[0]
    jsons = tmp_path / 'a.panoptic.json', tmp_path / 'bb.panoptic.json'

    table = script(*paths).split('12 images')[1]

    assert table == script(*jsons, '--ann-file', truth).split('12 images')[1]
    assert [row.split()[0] for row in table.splitlines()[2:]][::10] == ['PQ', 'iIoU']


def test_the_script_refuses_zero_resamples(script, capsys):
    with pytest.raises(SystemExit):
        script('a.npz', 'b.npz', '--resamples', '0')
    assert '--resamples is 0' in capsys.readouterr().err
