"""``ci=True``: intervals over images as result keys and in the log."""

import numpy as np
import pytest
from random_scenes import META, evaluate, samples_of, write_scenes

from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.resampling import Interval, interval_table


def score(path, noise=0.3, **options):
    metric = PanopticMetric(str(path), prefix='x', miou=True, iiou=True, **options)
    values = evaluate(metric, samples_of(path, noise))
    return {key.removeprefix('x/'): value for key, value in values.items()}


def test_every_additive_value_gets_an_interval_around_it(tmp_path):
    path = write_scenes(tmp_path, num_images=12)
    values = score(path, ci=True, mask_ap=True)

    with_interval = {k.removesuffix('_ci_low') for k in values if k.endswith('_ci_low')}
    assert with_interval == {
        *(f'{k}{group}' for k in ('PQ', 'SQ', 'RQ') for group in ('', '_th', '_st')),
        *('mIoU', 'iIoU'),
    }
    for key in with_interval:
        assert values[f'{key}_ci_low'] <= values[key] <= values[f'{key}_ci_high']
    assert values['PQ_ci_low'] < values['PQ_ci_high']


def test_intervals_change_no_value_and_are_the_same_each_time(tmp_path):
    path = write_scenes(tmp_path, num_images=5)
    values = score(path, ci=True)
    assert values == score(path, ci=True)
    assert score(path).items() < values.items()


def test_the_interval_narrows_with_the_number_of_images(tmp_path):
    widths = []
    for count in (5, 60):
        (tmp_path / str(count)).mkdir()
        values = score(write_scenes(tmp_path / str(count), num_images=count), ci=True)
        widths.append(values['PQ_ci_high'] - values['PQ_ci_low'])
    assert widths[1] < 0.6 * widths[0]


def test_one_image_gives_no_width_and_none_give_nan(tmp_path):
    values = score(write_scenes(tmp_path, num_images=1), ci=True)
    assert values['PQ_ci_low'] == values['PQ_ci_high'] == values['PQ']
    metric = PanopticMetric(str(tmp_path / 'truth.json'), ci=True)
    assert all(np.isnan(v) for v in evaluate(metric, []).values())


def test_the_table_names_value_low_and_high():
    lines = interval_table(dict(PQ=50.0), dict(PQ=Interval(40.0, 61.25))).splitlines()
    assert lines[0].split() == ['value', 'low', 'high']
    assert lines[1].split() == ['PQ', '50.000', '40.000', '61.250']


def test_published_sizes_of_instances_come_from_the_dataset(tmp_path):
    path = write_scenes(tmp_path, num_images=5)
    found = []
    for areas in (None, dict(cat=1e6, dog=1e6)):
        metric = PanopticMetric(str(path), iiou=True, prefix='x')
        samples = [*samples_of(path, 0.3)]
        metric.dataset_meta = META | (dict(instance_areas=areas) if areas else {})
        metric.process({}, samples)
        found.append(metric.evaluate(size=5)['x/iIoU'])
    assert found[1] > found[0]  # false pixels hardly count beside heavy instances


def test_a_missing_size_is_an_error_that_names_the_class(tmp_path):
    path = write_scenes(tmp_path, num_images=1)
    metric = PanopticMetric(str(path), iiou=True)
    metric.dataset_meta = META | dict(instance_areas=dict(cat=1.0))
    with pytest.raises(ValueError, match=r"\['dog'\].*\['cat'\]"):
        metric.process({}, [*samples_of(path, 0.3)])
