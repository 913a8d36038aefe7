import errno
import gc
import json
import tracemalloc
import zipfile

import cv2
import numpy as np
import pytest

from mmpisr import files
from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.submissions import SubmissionWriter, validate_submission


@pytest.fixture
def out_file(tmp_path):
    return tmp_path / 'panoptic_test-dev2017_pisr_results.zip'


def read_json(path):
    name = f'{path.stem}.json'
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(name))['annotations']


def test_coco_gets_a_json_in_the_order_of_the_list_and_a_folder_of_pngs(
    written, out_file, coco_list, panoptic
):
    name = written(out_file, coco_list).stem
    entries = read_json(out_file)

    with zipfile.ZipFile(out_file) as archive:
        pngs = [f'{name}/{number:012}.png' for number in (2, 5, 9)]
        assert archive.namelist() == [f'{name}.json', *pngs]
        ids = decode_segment_ids(archive.read(pngs[0]))
    assert [entry['image_id'] for entry in entries] == [9, 2, 5]
    assert entries[1] == dict(
        image_id=2,
        file_name='000000000002.png',
        segments_info=[
            dict(id=2, category_id=149),
            dict(id=3, category_id=187),
            dict(id=1001, category_id=3),
            dict(id=2001, category_id=3),
        ],
    )
    np.testing.assert_array_equal(ids, np.where(panoptic == 4, 0, panoptic))


def test_the_algorithm_is_the_zip_files_name_where_that_is_not_as_coco_asks(
    written, tmp_path, coco_list
):
    with zipfile.ZipFile(written(tmp_path / 'ours.zip', coco_list)) as archive:
        assert 'panoptic_test-dev2017_ours_results.json' in archive.namelist()


def test_the_list_of_images_stays_beside_it_and_the_workspace_goes(
    written, out_file, coco_list
):
    written(out_file, coco_list)

    names = {path.name for path in out_file.parent.iterdir()}
    assert names == {out_file.name, f'{out_file.stem}.images.json'}


def test_pngs_are_stored_and_times_and_modes_are_fixed(written, out_file, coco_list):
    with zipfile.ZipFile(written(out_file, coco_list)) as archive:
        infos = archive.infolist()

    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr for info in infos} == {0o100644 << 16}
    assert [info.compress_type for info in infos] == [
        zipfile.ZIP_DEFLATED,
        *[zipfile.ZIP_STORED] * 3,
    ]


def test_cityscapes_gets_three_archives_with_label_ids(
    written, tmp_path, cityscapes_list
):
    written(tmp_path / 'c.zip', cityscapes_list)

    with zipfile.ZipFile(tmp_path / 'c.zip') as archive:
        content = json.loads(archive.read('cityscapes_panoptic_test.json'))
        assert archive.namelist()[1].startswith('cityscapes_panoptic_test/bonn_000000')
    entry = content['annotations'][0]
    assert entry['image_id'] == 'bonn_000000_000019'
    assert entry['file_name'] == 'bonn_000000_000019_panoptic.png'
    assert [s['category_id'] for s in entry['segments_info']] == [7, 23, 26, 26]
    with zipfile.ZipFile(tmp_path / 'c-pixel.zip') as archive:
        png = archive.read('bonn_000000_000019_labelIds.png')
    labels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels[[0, 2, 3, 5], [0, 0, 1, 7]].tolist() == [23, 7, 26, 0]
    with zipfile.ZipFile(tmp_path / 'c-instance.zip') as archive:
        text = archive.read('bonn_000000_000019_pred.txt').decode()
        png = archive.read('masks/bonn_000000_000019_001.png')
    assert text == (
        'masks/bonn_000000_000019_000.png 26 1.0\n'
        'masks/bonn_000000_000019_001.png 26 1.0\n'
    )
    mask = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (mask == 255).sum() == 4


def test_an_image_that_comes_twice_is_written_once(
    begin, sample, panoptic, out_file, coco_list
):
    writer = begin(out_file, coco_list)
    for number in (5, 2, 9, 5, 2):  # as a padded sampler has it
        writer.process({}, [sample(number, panoptic)])

    assert writer.evaluate(5) == {'submission/images': 3}
    assert len(read_json(out_file)) == 3


def test_missing_images_are_counted_and_the_first_is_named(
    begin, sample, panoptic, out_file, coco_list
):
    writer = begin(out_file, coco_list)
    writer.process({}, [sample(9, panoptic)])

    with pytest.raises(ValueError, match=r'2 of 3 images .*000000000002\.jpg \(id 2\)'):
        writer.evaluate(3)

    assert not out_file.exists()
    assert writer.workspace.folder.exists()


def test_a_killed_run_goes_on_and_gives_the_same_bytes(
    begin, written, sample, panoptic, out_file, coco_list
):
    whole = written(out_file, coco_list).read_bytes()
    out_file.unlink()
    killed = begin(out_file, coco_list)
    killed.process({}, [sample(9, panoptic), sample(2, panoptic)])
    (killed.workspace.folder / '000001.json').unlink()  # it was not written whole

    writer = begin(out_file, coco_list)
    finished = writer.workspace.finished()
    left = [im.id for i, im in enumerate(coco_list.images) if i not in finished]
    for number in left:
        writer.process({}, [sample(number, panoptic)])
    writer.evaluate(0)

    assert left == [2, 5]
    assert out_file.read_bytes() == whole


@pytest.mark.parametrize('field', ['config', 'checkpoint', 'format'])
def test_a_workspace_of_another_run_names_both(begin, out_file, coco_list, field):
    origin = dict(config='a.py', checkpoint='a.pth', format='coco-test-dev')
    begin(out_file, coco_list, origin=origin)

    with pytest.raises(ValueError, match=rf'partial was begun with {field} .*other'):
        begin(out_file, coco_list, origin=origin | {field: 'other'})


def test_an_image_of_another_size_or_list_is_refused(
    begin, sample, panoptic, out_file, coco_list
):
    writer = begin(out_file, coco_list)

    with pytest.raises(ValueError, match=r'image 9 .*6 x 8 .*, its prediction 3 x 8'):
        writer.process({}, [sample(9, panoptic[:3])])
    with pytest.raises(ValueError, match='image 77 .*none of the 3 images'):
        writer.process({}, [sample(77, panoptic)])


def test_an_unknown_format_is_refused(begin, out_file, coco_list):
    begin(out_file, coco_list)

    with pytest.raises(ValueError, match=r"'coco', known are \['coco-test-dev'"):
        SubmissionWriter(str(out_file), format='coco')


def test_nothing_of_an_image_stays_in_memory(
    begin, sample, panoptic, out_file, coco_list
):
    images = [
        coco_list.images[0]._replace(id=number, file_name=f'{number:012}.jpg')
        for number in range(400)
    ]
    writer = begin(out_file, coco_list._replace(images=images))
    tracemalloc.start()
    for number in range(50):
        writer.process({}, [sample(number, panoptic)])
    gc.collect()  # what waits for it depends on the tests before
    early, _ = tracemalloc.get_traced_memory()
    for number in range(50, 400):
        writer.process({}, [sample(number, panoptic)])
    gc.collect()
    late, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert writer.results == []
    assert late - early < 350 * 50  # bytes: no image leaves even 50


def full(*_, **__):
    raise OSError(errno.ENOSPC, 'No space left on device')


def test_a_full_disk_stops_an_image_and_it_counts_as_not_predicted(
    begin, sample, panoptic, out_file, coco_list, monkeypatch
):
    writer = begin(out_file, coco_list)
    writer.process({}, [sample(9, panoptic)])
    monkeypatch.setattr(files.Path, 'write_bytes', full)

    with pytest.raises(OSError, match=r'disk is full .*partial/000001\.json'):
        writer.process({}, [sample(2, panoptic)])

    assert writer.workspace.finished() == {0}


def test_a_full_disk_leaves_no_half_zip_file_and_the_next_run_finishes(
    begin, sample, panoptic, out_file, coco_list, monkeypatch
):
    writer = begin(out_file, coco_list)
    writer.process({}, [sample(image.id, panoptic) for image in coco_list.images])
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, 'writestr', full)
        with pytest.raises(OSError, match=r'disk is full .*pisr_results\.zip'):
            writer.evaluate(0)
    left = [path.name for path in out_file.parent.iterdir()]

    begin(out_file, coco_list).evaluate(0)

    assert left == [f'{out_file.name}.partial']
    assert validate_submission(out_file).ok


def test_an_invalid_zip_file_is_not_published(
    begin, sample, panoptic, out_file, coco_list
):
    writer = begin(out_file, coco_list)
    writer.process({}, [sample(image.id, panoptic) for image in coco_list.images])
    results = writer.workspace.load(0)
    contents, _ = results['panoptic']
    (name,) = contents
    contents[name] = contents[name][:-9]
    writer.workspace.save(0, results)

    with pytest.raises(ValueError, match=r'000000000009\.png: not a complete png'):
        writer.evaluate(0)

    assert not out_file.exists()
