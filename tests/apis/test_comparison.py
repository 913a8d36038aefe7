from mmpisr.apis.comparison import Evaluation, comparison_table


def test_the_table_ends_with_the_last_ones_gain_over_the_first():
    lines = comparison_table(
        {'base': {'PQ': 50.0, 'mIoU': 60.0}, 'base + PISR': {'PQ': 52.25, 'mIoU': 59.0}}
    ).splitlines()

    assert lines[0].split() == ['PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU']
    assert lines[1].split() == ['base', '50.00', '-', '-', '-', '-', '60.00']
    assert lines[3].split() == ['difference', '+2.25', '-', '-', '-', '-', '-1.00']


def test_one_model_alone_has_no_difference():
    assert 'difference' not in comparison_table({'base': {'PQ': 1.0}})


def test_without_our_metric_pictures_have_the_name_only():
    found = Evaluation({'PQ': 1.0}, [], 1, {}, None)
    assert found.title('base', None) == 'base'
    assert found.class_pq() == {}
