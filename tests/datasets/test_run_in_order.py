import pytest

from mmpisr.datasets.run_in_order import run_in_order


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match='workers must be at least 1, got 0'):
        next(run_in_order('Nothing', abs, [1], workers=0))


@pytest.mark.parametrize('workers', [1, 2])
def test_results_keep_the_order_of_the_items(workers, capsys):
    items = range(-100, 0)

    results = [*run_in_order('Absolute values', abs, items, workers=workers)]

    assert results == [*range(100, 0, -1)]
    assert 'Absolute values: 100' in capsys.readouterr().err


@pytest.mark.parametrize('workers', [1, 2])
def test_an_error_ends_it(workers):
    with pytest.raises(TypeError):
        list(run_in_order('Absolute values', abs, [1, 'a', 2], workers=workers))


def test_no_items_print_nothing(capsys):
    assert list(run_in_order('Absolute values', abs, [])) == []
    assert capsys.readouterr().err == ''
