"""Every way in which a submission can be wrong has a message that names it."""

import json
import re
import runpy
import struct
import zipfile

import numpy as np
import pytest
from spoiled_submission import gray, refuse, rewrite

from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.submissions import validate_submission

NAME = 'panoptic_test-dev2017_a_results'


@pytest.fixture
def coco(written, coco_list, tmp_path):
    return written(tmp_path / f'{NAME}.zip', coco_list)


@pytest.fixture
def cityscapes(written, cityscapes_list, tmp_path):
    return written(tmp_path / 'c.zip', cityscapes_list)


def bomb(side):
    """A png that says that it has ``side`` x ``side`` pixels; its data is short."""
    png = bytearray(encode_segment_ids(np.ones((6, 8), int)))
    png[16:24] = struct.pack('>II', side, side)
    return bytes(png)


def change_json(path, change):
    """Let a function change the annotations of a panoptic archive."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith('.json'))
        content = json.loads(archive.read(name))
    change(content['annotations'])
    rewrite(path, {name: json.dumps(content)})


def test_what_the_writer_writes_is_valid_and_its_table_says_what_is_in_it(coco):
    report = validate_submission(coco)

    assert report.ok
    assert report.counts['images'] == report.counts['pngs'] == 3
    assert report.counts['segments'] == 12
    assert re.search(r'verdict +\| valid', report.table())


def test_each_archive_of_cityscapes_finds_the_list_beside_the_first(cityscapes):
    kinds = {}
    for name in 'c.zip', 'c-pixel.zip', 'c-instance.zip':
        report = validate_submission(cityscapes.with_name(name))
        kinds[report.counts['kind']] = report.ok

    assert kinds == dict(panoptic=True, pixel=True, instance=True)


def test_an_official_list_goes_before_the_one_beside_it(coco, coco_list, tmp_path):
    images = [image._asdict() for image in coco_list.images]
    images.append(dict(id=77, file_name='000000000077.jpg', height=6, width=8))
    content = dict(images=images, categories=[dict(id=1, name='person')])
    path = tmp_path / 'image_info_test-dev2017.json'
    path.write_text(json.dumps(content))

    refuse(
        coco, r'4 images.* 3 annot.*images without annotation \[77\]', image_info=path
    )
    coco.with_name(f'{NAME}.images.json').unlink()
    with pytest.raises(
        ValueError, match=r"image_info.*categories\[0\] lacks field 'isthing'"
    ):
        validate_submission(coco, path)


def test_without_any_list_the_flag_is_named_and_a_missing_file_is(coco):
    coco.with_name(f'{NAME}.images.json').unlink()

    with pytest.raises(FileNotFoundError, match=r'a_results\.images\.json.*--image-i'):
        validate_submission(coco)
    with pytest.raises(FileNotFoundError, match=r'nowhere\.zip'):
        validate_submission('nowhere.zip')


def test_what_an_archive_is_can_be_seen_without_the_list_beside_it(
    cityscapes, tmp_path
):
    info = cityscapes.with_name('c.images.json').rename(tmp_path / 'cs_test.json')
    content = json.loads(info.read_text()) | dict(format='')
    info.write_text(json.dumps(content))

    for name in 'c.zip', 'c-pixel.zip', 'c-instance.zip':
        report = validate_submission(cityscapes.with_name(name), info)
        assert report.ok, report.summary()


def test_a_truncated_zip_file_is_refused(coco):
    coco.write_bytes(coco.read_bytes()[:-100])

    with pytest.raises(ValueError, match=r'a_results\.zip: not a complete zip'):
        validate_submission(coco)


def test_a_damaged_member_is_named(coco):
    content = bytearray(coco.read_bytes())
    content[content.index(b'IDAT') + 6] ^= 255
    coco.write_bytes(content)

    refuse(coco, r'a_results\.zip: member .*000000000002\.png. is damaged')


def test_the_size_limit_names_both_sizes(coco):
    refuse(coco, r'has 0\.0 MB, more than the 0\.0001 MB', max_megabytes=1e-4)


def test_a_json_of_another_name_and_one_cut_in_half_are_named(coco):
    with zipfile.ZipFile(coco) as archive:
        content = archive.read(f'{NAME}.json')

    rewrite(coco, {f'{NAME}.json': content[:90]})
    refuse(coco, rf"{NAME}\.json: no complete json with 'annotations'")
    rewrite(coco, {f'{NAME}.json': None, 'results.json': content})
    refuse(coco, rf"{NAME}\.json is missing.*\['results\.json'\]")


@pytest.mark.parametrize(
    ('change', 'pattern'),
    [
        (lambda a: a.pop(1), r'3 images.* 2 annotations.*without annotation \[2\]'),
        (lambda a: a.append(a[0]), r'image_id must be unique, but .*\{9: 2\}'),
        (lambda a: a[0].update(image_id=77), r'annotations without image \[77\]'),
        (lambda a: a[0].pop('file_name'), r"annotations\[0\] lacks field 'file_name'"),
        (
            lambda a: a[0]['segments_info'][0].pop('category_id'),
            r"segments_info of image_id 9 \[0\] lacks field 'category_id'",
        ),
        (
            lambda a: a[0].update(file_name='9.png'),
            r"image_id=9\]\.file_name is '9\.png', not '000000000009\.png'",
        ),
        (
            lambda a: a[0]['segments_info'][0].update(category_id=200),
            r'category_id 200, which .* lacks: \[1, 3, 149, 187\]',
        ),
        (
            lambda a: a[0]['segments_info'][3].update(id=1001),
            r'image_id 9, id must be unique, .*\{1001: 2\}',
        ),
        (
            lambda a: a[0]['segments_info'][3].update(id=5),
            r'ids that the json lacks: \[2001\], .* that the png lacks: \[5\]',
        ),
    ],
)
def test_a_wrong_entry_is_named_with_both_values(coco, change, pattern):
    change_json(coco, change)

    refuse(coco, pattern)


@pytest.mark.parametrize(
    ('changes', 'pattern'),
    [
        ({f'{NAME}/000000000005.png': None}, r'1 of 3 pngs are missing.*05\.png'),
        ({'readme.txt': 'hello'}, r'1 files do not belong here.*readme\.txt'),
        (
            {f'{NAME}/000000000005.png': encode_segment_ids(np.ones((8, 6), int))},
            r'05\.png: it has 8 x 6 pixels \(height, width\), image 5 has 6 x 8',
        ),
        (
            {f'{NAME}/000000000005.png': bomb(60000)},
            r'05\.png: it has 60000 x 60000 pixels \(height, width\), '
            r'image 5 has 6 x 8',
        ),
        (
            {f'{NAME}/000000000005.png': encode_segment_ids(np.ones((6, 8), int))[:50]},
            r'05\.png: not a complete png \(50 bytes\)',
        ),
        (
            {f'{NAME}/000000000005.png': gray(6, 8)},
            r'05\.png: it is 8-bit gray, segment ids must be in 8-bit RGB',
        ),
    ],
)
def test_a_wrong_file_is_named_with_both_values(coco, changes, pattern):
    rewrite(coco, changes)

    refuse(coco, pattern)


def test_a_member_that_is_there_twice_is_named(coco):
    with zipfile.ZipFile(coco, 'a') as archive, pytest.warns(UserWarning, match='Dupl'):
        archive.writestr(f'{NAME}.json', archive.read(f'{NAME}.json'))

    refuse(coco, rf'{NAME}\.json is there more than once')


def test_many_problems_are_counted_but_not_all_kept(coco):
    change_json(coco, lambda a: a[0].update(segments_info=a[0]['segments_info'] * 30))
    for entry_id in 2, 5:
        change_json(
            coco,
            lambda a, i=entry_id: a[0]['segments_info'].extend(
                dict(id=number, category_id=500 + i) for number in range(40)
            ),
        )

    report = validate_submission(coco)

    assert report.num_problems > len(report.problems) == 50
    assert re.search(r'\.\.\. and \d+ more$', report.summary())


def test_the_tool_prints_tables_and_leaves_with_1_for_any_wrong_file(
    repo, coco, cityscapes, capsys
):
    main = runpy.run_path(str(repo / 'tools' / 'validate_submission.py'))['main']
    main([str(coco), str(cityscapes)])
    assert capsys.readouterr().out.count('valid') == 2

    rewrite(coco, {'x.txt': ''})
    with pytest.raises(SystemExit, match='1'):
        main([str(coco), str(cityscapes), 'nowhere.zip'])
    out, err = capsys.readouterr()
    assert '1 problems' in out
    assert 'x.txt' in err
    assert 'nowhere.zip' in err
