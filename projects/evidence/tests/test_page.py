import math

import pandas as pd
import pytest
from evidence.page import replace_block, write_page
from evidence.statistics import difference_text, paired_difference, spread_text

BASE = [dict(PQ=50.0, relation_acc_a=50), dict(PQ=52.0, relation_acc_a=49)]
PISR = [dict(PQ=60.0, relation_acc_a=90), dict(PQ=63.0, relation_acc_a=70)]


def series(*values, seeds=None):
    return pd.Series(values, index=seeds or range(len(values)), dtype=float)


def test_the_interval_is_students_t_of_the_differences_by_hand():
    found = paired_difference(series(11, 23, 33), series(10, 20, 30))

    # gaps 1, 3, 3: mean 7/3, s = 1.1547, t(0.975, 2) = 4.3027 from a table
    half = 4.3027 * 1.1547 / 3**0.5
    assert found.mean == pytest.approx(7 / 3)
    assert (found.low, found.high) == pytest.approx((7 / 3 - half, 7 / 3 + half), 1e-4)
    assert found.seeds == 3
    assert found.low < 0 < found.high


def test_only_seeds_of_both_count_and_one_has_no_interval():
    found = paired_difference(series(5, 9, seeds=[0, 1]), series(4, 1, seeds=[1, 2]))

    assert (found.mean, found.seeds) == (5, 1)
    assert math.isnan(found.low)
    assert difference_text(found) == '+5.00 (one seed)'
    assert difference_text(paired_difference(series(1), series(2, seeds=[7]))) == '-'


def test_bold_means_that_the_interval_excludes_zero():
    clear = paired_difference(series(5, 6), series(1, 2))
    assert difference_text(clear) == '**+4.00** [+4.00, +4.00]'
    assert '**' not in difference_text(paired_difference(series(5, 1), series(1, 2)))


def test_a_seed_without_a_figure_is_counted():
    assert spread_text(series(1, 3, math.nan)) == '2.00 ± 1.41 (1 lack it)'
    assert spread_text(series(1)) == '1.00'
    assert spread_text(series(math.nan)) == '-'


def test_the_page_has_one_table_with_what_the_records_say(
    tiny, write_records, tmp_path
):
    study = tiny.study(seeds=[0, 1, 2], title='Tiny study')
    records = write_records(study, {'base': BASE, 'PISR': PISR})

    page = write_page(study, records=records, results=tmp_path / 'results')

    text = page.read_text()
    rows = [line.split(' | ') for line in text.splitlines() if line.startswith('| ')]
    assert rows[0][:4] == ['| variant', 'seeds', 'PQ', 'relations learned']
    assert rows[2][:5] == ['| base', '2', '51.00 ± 1.41', '0/2', '-']
    assert rows[3][:4] == ['| PISR', '2', '61.50 ± 2.12', '1/2']
    # gaps 10, 11: 10.5 ± 12.706 * 0.7071 / 2 ** 0.5
    assert rows[3][4] == '**+10.50** [+4.15, +16.85]'
    assert rows[3][5:] == ['1.500', '2,000 |']
    assert len(rows) == 4
    assert '(**2 runs are missing**)' in text
    assert 'missing: PISR, seeds 2' in text
    assert 'commit aaaaaaaaaa, 2026-01-02' in text
    assert sorted(p.name for p in page.parent.iterdir()) == ['tiny.md', 'tiny.svg']


def test_the_same_records_make_the_same_bytes(tiny, write_records, tmp_path):
    more = [
        dict(label=f'K={k}', config='pisr.py', x=k, options={'model.slots': k})
        for k in (5, 10)
    ]
    study = tiny.study(*more, x_label='K')
    figures = {'base': BASE, 'K=5': PISR, 'K=10': PISR}
    records = write_records(study, figures)

    contents = []
    for name in ('a', 'b'):
        write_page(study, records=records, results=tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        contents.append({path.name: path.read_bytes() for path in files})

    assert contents[0] == contents[1]
    assert [*contents[0]] == ['tiny.md', 'tiny.svg', 'tiny_axis.svg']


def test_the_table_is_put_into_another_page_with_a_link(tiny, write_records, tmp_path):
    study = tiny.study()
    records = write_records(study, {'base': BASE, 'PISR': PISR})
    readme = tmp_path / 'README.md'
    readme.write_text('a\n<!-- study:tiny -->\nold\n<!-- /study -->\nb\n')

    write_page(study, records=records, results=tmp_path / 'results', into=[readme])

    text = readme.read_text()
    assert text.startswith('a\n<!-- study:tiny -->\n**tiny**\n\n| variant |')
    assert text.endswith('](results/tiny.md).\n<!-- /study -->\nb\n')
    assert 'old' not in text
    assert 'GMACs' not in text


@pytest.mark.parametrize(
    'text',
    ['', '<!-- study:a -->', '<!-- study:a --><!-- study:b --><!-- /study -->'],
)
def test_a_page_without_a_place_for_the_table_is_refused_and_kept(tmp_path, text):
    page = tmp_path / 'a.md'
    page.write_text(text)
    with pytest.raises(ValueError, match=r"a\.md: needs '<!-- study:a -->' once"):
        replace_block(page, 'a', 'table')
    assert page.read_text() == text


def test_runs_of_different_data_are_not_compared(tiny, write_records, tmp_path):
    study = tiny.study()
    path = write_records(study, {'base': BASE, 'PISR': PISR})
    path.write_text(path.read_text().replace('"data": "d"', '"data": "e"', 1))

    with pytest.raises(ValueError, match=r"tiny\.yaml: .*different data.*'d': 3"):
        write_page(study, records=path, results=tmp_path)


def test_a_study_without_records_has_no_page(tiny, write_records, tmp_path):
    study = tiny.study()
    records = write_records(tiny.study(options={'model.slots': 3}), {'base': BASE})
    with pytest.raises(ValueError, match=r'no run of .*tiny\.yaml, as it is now'):
        write_page(study, records=records, results=tmp_path)
