import json
import runpy
import sys

import pytest

CATEGORIES = [
    dict(id=1, name='road', isthing=0),
    dict(id=2, name='car', isthing=1),
    dict(id=3, name='sky', isthing=0),
    dict(id=4, name='man', isthing=1),
]


@pytest.fixture
def sort(repo, tmp_path, monkeypatch):
    """Run the tool in this process on ``a.json``; gives the new json's content."""
    script = str(repo / 'tools/dataset_converters/sort_categories.py')
    (tmp_path / 'a.json').write_text(json.dumps(dict(x=1, categories=CATEGORIES)))

    def run(*options, out='out.json'):
        paths = [str(tmp_path / 'a.json'), str(tmp_path / out)]
        monkeypatch.setattr(sys, 'argv', [script, *paths, *options])
        runpy.run_path(script, run_name='__main__')
        return json.loads((tmp_path / out).read_text())

    return run


def names(content):
    return [category['name'] for category in content['categories']]


def test_things_come_first_and_all_else_stays(sort, capsys):
    content = sort()

    assert names(content) == ['car', 'man', 'road', 'sky']
    assert content['x'] == 1
    assert content['categories'][0] == CATEGORIES[1]
    assert 'data_prefix' in capsys.readouterr().out


def test_another_json_gives_the_order(sort, tmp_path):
    like = tmp_path / 'like.json'
    like.write_text(json.dumps(dict(categories=CATEGORIES[::-1])))

    assert names(sort('--like', str(like))) == ['man', 'sky', 'car', 'road']


def test_other_names_are_refused_by_name(sort, tmp_path):
    like = tmp_path / 'like.json'
    like.write_text(json.dumps(dict(categories=CATEGORIES[:3])))

    with pytest.raises(SystemExit, match=r"a\.json and .*like\.json .*\['man'\]"):
        sort('--like', str(like))
    assert not (tmp_path / 'out.json').exists()


def test_nothing_is_overwritten(sort):
    with pytest.raises(SystemExit, match=r'a\.json exists'):
        sort(out='a.json')
