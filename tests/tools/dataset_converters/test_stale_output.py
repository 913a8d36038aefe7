"""What an earlier conversion made is kept only where its inputs are the same."""

import json
from functools import partial

import pytest
from tiny_jobs import jobs_of, names, two_segments


def refuse_to_work(number):
    raise AssertionError(f'image {number} was converted again')


def one_segment(number):
    ids, infos = two_segments(number)
    ids[0, 0] = 300 + number
    return ids, infos[1:]


def interrupted_at_3(number):
    if number == 3:
        raise KeyboardInterrupt
    return one_segment(number)


@pytest.fixture
def labels(tmp_path):
    """One file per image, that decides its segments."""
    paths = [tmp_path / f'label{i}' for i in range(4)]
    for path in paths:
        path.write_text('as drawn')
    return paths


def jobs_with(labels, segments=two_segments):
    return [
        job._replace(inputs=(path,))
        for job, path in zip(jobs_of(len(labels), segments), labels, strict=True)
    ]


def counts(content):
    return [len(annotation['segments_info']) for annotation in content['annotations']]


def test_only_the_image_whose_label_changed_is_made_again(convert, labels, capsys):
    convert(jobs_with(labels))
    labels[1].write_text('corrected')
    jobs = jobs_with(labels, refuse_to_work)
    jobs[1] = jobs[1]._replace(segments=partial(one_segment, 1))

    assert counts(convert(jobs)) == [2, 1, 2, 2]
    shown = capsys.readouterr().out
    assert 'going on after 3 of 4 images' in shown
    assert "1 images are made again, '1.png' the first" in shown


def test_the_same_label_with_another_time_or_place_is_kept(
    convert, labels, tmp_path, capsys
):
    convert(jobs_with(labels))
    moved = [path.rename(tmp_path / f'moved{i}') for i, path in enumerate(labels)]
    moved[0].touch()

    convert(jobs_with(moved, refuse_to_work))

    assert 'kept, all 4 images' in capsys.readouterr().out


def test_inputs_may_be_bytes(convert):
    with_bytes = [job._replace(inputs=(b'polygon',)) for job in jobs_of(2)]
    convert(with_bytes)
    changed = [job._replace(inputs=(b'polygons',)) for job in jobs_of(2, one_segment)]

    assert counts(convert(changed)) == [1, 1]


def test_a_new_image_leaves_the_others_as_they_are(convert, labels):
    convert(jobs_with(labels)[1:])
    jobs = jobs_with(labels, refuse_to_work)
    jobs[0] = jobs[0]._replace(segments=partial(one_segment, 0))
    renumbered = [
        job._replace(image=dict(job.image, id=i)) for i, job in enumerate(jobs, 10)
    ]

    content = convert(renumbered)

    assert [a['image_id'] for a in content['annotations']] == [10, 11, 12, 13]
    assert counts(content) == [1, 2, 2, 2]


def test_the_png_of_an_image_that_is_gone_is_removed_and_counted(
    convert, labels, tmp_path, capsys
):
    convert(jobs_with(labels))

    convert(jobs_with(labels, refuse_to_work)[:3])

    assert names(tmp_path / 'val') == ['0.png', '1.png', '2.png']
    assert "1 pngs without image are removed, e.g. '3.png'" in capsys.readouterr().out


def test_a_split_of_other_images_is_not_replaced(convert):
    convert(jobs_of(2))

    message = (
        r"val\.json: made of 2 images, '0\.png' the first, but none is among the 1"
    )
    with pytest.raises(ValueError, match=message):
        convert(jobs_of(3)[2:])
    assert counts(convert(jobs_of(2, refuse_to_work))) == [2, 2]


def test_an_image_of_another_size_is_made_again(convert):
    convert(jobs_of(1))
    (job,) = jobs_of(1, one_segment)

    def smaller():
        ids, infos = one_segment(0)
        return ids[:2], infos

    taller = job._replace(image=dict(job.image, height=2), segments=smaller)

    assert counts(convert([taller])) == [1]


def test_without_a_record_everything_is_made_again(convert, labels, tmp_path, capsys):
    convert(jobs_with(labels))
    (tmp_path / 'val.inputs.json').unlink()

    assert counts(convert(jobs_with(labels, one_segment))) == [1] * 4
    assert '4 images are made again' in capsys.readouterr().out


def test_while_pngs_are_replaced_there_is_no_json_and_the_run_can_go_on(
    convert, labels, tmp_path
):
    convert(jobs_with(labels))
    for path in labels:
        path.write_text('corrected')
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_with(labels, interrupted_at_3))
    assert not (tmp_path / 'val.json').exists()

    left = jobs_with(labels, refuse_to_work)
    left[3] = left[3]._replace(segments=partial(one_segment, 3))

    assert counts(convert(left)) == [1] * 4
    record = json.loads((tmp_path / 'val.inputs.json').read_text())
    assert sorted(record) == ['0.png', '1.png', '2.png', '3.png']


def test_a_faulty_new_label_leaves_the_old_json(convert, labels, tmp_path):
    convert(jobs_with(labels)[:3])
    before = (tmp_path / 'val.json').read_bytes()

    with pytest.raises(AssertionError):
        convert(jobs_with(labels, refuse_to_work))

    assert (tmp_path / 'val.json').read_bytes() == before
