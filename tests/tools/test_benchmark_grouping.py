"""The benchmark of the grouping: its scenes and its page."""

import sys

import benchmark_grouping as tool
import pytest


@pytest.mark.parametrize('count', [1, 5, 20])
def test_all_drawn_instances_are_found(count):
    maps = tool.scene(count, (64, 128))
    assert len(tool.group_panoptic(*maps, **tool.CLASSES).labels) == count


def test_the_page_has_a_row_for_each_number_of_instances(monkeypatch, tmp_path):
    out = tmp_path / 'page.md'
    options = [
        '--shape',
        '64',
        '128',
        '--instances',
        '1',
        '5',
        '--turns',
        '2',
        '--device',
        'cpu',
        '--out',
    ]
    monkeypatch.setattr(sys, 'argv', ['benchmark_grouping.py', *options, str(out)])

    tool.main()

    assert [line for line in out.read_text().split('\n') if line.startswith('| 5 |')]
    assert 'benchmark_grouping.py --shape 64 128' in out.read_text()
