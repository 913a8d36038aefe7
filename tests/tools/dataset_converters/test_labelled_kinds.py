"""Label files that hold class and number, colours, or numbers of another tool."""

import json

import cv2
import numpy as np
import pytest
from labelled_png import prepare_labelled_png
from PIL import Image

ROAD, CAR, VOID = 0, 4, 255
CLASSES = 'id,name,isthing,color\n0,road,no,#804080\n4,car,yes,#00008e\n'
COLOURS = {ROAD: (128, 64, 128), CAR: (0, 0, 142), VOID: (0, 0, 0)}
LABELS = np.array([[CAR, CAR, CAR, ROAD], [CAR, CAR, ROAD, VOID]])
NUMBERS = np.array([[1, 1, 0, 0], [2, 2, 0, 0]])
SEGMENTS = [('car', 1, 1), ('car', 2, 0), ('car', 2, 0), ('road', 2, 0)]


@pytest.fixture
def convert(tmp_path):
    """Write one label file, maybe an instance file, convert, and list segments."""

    def run(labels, *, numbers=None, **options):
        for name, content in (
            ('images', np.zeros((2, 4, 3), np.uint8)),
            ('labels', labels),
            ('numbers', numbers),
        ):
            (tmp_path / name).mkdir(exist_ok=True)
            if isinstance(content, Image.Image):
                content.save(tmp_path / name / 'a.png')
            elif content is not None:
                Image.fromarray(content).save(tmp_path / name / 'a.png')
        (tmp_path / 'classes.csv').write_text(CLASSES)
        if numbers is not None:
            options['instances'] = tmp_path / 'numbers'
        prepare_labelled_png(
            tmp_path / 'images',
            tmp_path / 'labels',
            classes=tmp_path / 'classes.csv',
            out=tmp_path / 'out',
            **options,
        )
        path = tmp_path / 'out/annotations/panoptic_train.json'
        content = json.loads(path.read_text())
        name_of = {c['id']: c['name'] for c in content['categories']}
        return sorted(
            (name_of[s['category_id']], s['area'], s['iscrowd'])
            for s in content['annotations'][0]['segments_info']
        )

    return run


@pytest.fixture
def in_colour():
    picture = np.zeros((*LABELS.shape, 3), np.uint8)
    for value, colour in COLOURS.items():
        picture[value == LABELS] = colour
    return picture


@pytest.mark.parametrize('base', [1000, 256])
def test_class_and_number_in_one_file_are_instances(convert, base):
    both = np.where(NUMBERS > 0, LABELS * base + NUMBERS - 1, LABELS)

    found = convert(both.astype(np.uint16), numbering=base)

    assert found == SEGMENTS


@pytest.mark.parametrize('base', [1000, 256])
def test_class_and_number_in_one_file_are_recognised(convert, base):
    both = np.where(NUMBERS > 0, LABELS * base + NUMBERS, LABELS).astype(np.uint16)

    message = rf'2 pixels have value {4 * base + 1}, .*known are \[0, 4, 255\]; .*' + (
        rf'or say --numbering {base} if values are class x {base} \+ n'
    )
    with pytest.raises(ValueError, match=message):
        convert(both, connected=True)


@pytest.mark.parametrize('base', [1000, 256])
def test_class_numbers_among_instance_numbers_are_refused(convert, base):
    both = np.where(NUMBERS > 0, LABELS * base + NUMBERS, LABELS).astype(np.uint16)

    message = rf'class x {base} \+ n, such as {4 * base + 1}, but 1 pixels have only'
    with pytest.raises(ValueError, match=message):
        convert(LABELS.astype(np.uint8), numbers=both)


def test_an_unknown_class_of_a_numbering_is_named(convert):
    both = np.where(NUMBERS > 0, 9 * 1000 + NUMBERS, LABELS).astype(np.uint16)

    with pytest.raises(ValueError, match=r'a\.png: 4 pixels have value 9, which no'):
        convert(both, numbering=1000)


def test_colours_of_the_table_are_classes(convert, in_colour):
    numbers = NUMBERS.astype(np.uint8)

    assert (
        convert(in_colour, numbers=numbers, colors=True, void=['#000000']) == SEGMENTS
    )


@pytest.mark.parametrize('kind', ['RGBA', 'P'])
def test_colours_may_have_alpha_or_a_palette(convert, in_colour, kind):
    picture = Image.fromarray(in_colour).convert(kind, palette=Image.Palette.ADAPTIVE)

    found = convert(picture, connected=True, colors=True, void=['#000000'])

    assert found == [('car', 5, 0), ('road', 2, 0)]


def test_an_unknown_colour_is_named_with_its_pixels(convert, in_colour):
    in_colour[0, 0] = 1, 2, 255

    message = (
        r'a\.png: 1 pixels have value #000000, .*known are \[#804080, #00008e\]; '
        'unknown are 2 values; give it to a class, or name it with --void'
    )
    with pytest.raises(ValueError, match=message):
        convert(in_colour, connected=True, colors=True)


@pytest.mark.parametrize(
    ('table', 'message'),
    [
        (
            CLASSES.replace('#00008e', '#804080'),
            'classes have one color, #804080; give each',
        ),
        ('id,name,isthing\n0,road,no\n', 'road: color is None, neither'),
    ],
)
def test_a_table_without_a_colour_for_each_class_is_refused(
    convert, in_colour, monkeypatch, table, message
):
    monkeypatch.setattr(f'{__name__}.CLASSES', table)

    with pytest.raises(ValueError, match=message):
        convert(in_colour, connected=True, colors=True)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(void=['#000000']), 'only with colors is it given as #rrggbb'),
        (dict(void=[0], colors=True), 'void: color is 0, neither'),
        (dict(void=['#804080'], colors=True), r"values \['#804080'\] are void, but"),
        (
            dict(numbering=1000),
            'numbering is 1000, instances is None and connected True',
        ),
        (dict(numbering=1, connected=False), 'it must be > 1'),
        (dict(numbering=256, connected=False, colors=True), 'colors is True'),
    ],
)
def test_options_that_contradict_each_other_are_refused(convert, options, message):
    with pytest.raises(ValueError, match=message):
        convert(LABELS.astype(np.uint8), **dict(connected=True) | options)


def test_a_thing_with_number_0_cannot_be_numbered(convert, monkeypatch):
    monkeypatch.setattr(f'{__name__}.CLASSES', 'id,name,isthing\n0,car,yes\n')

    with pytest.raises(ValueError, match='class 0 must be stuff'):
        convert(LABELS.astype(np.uint8), numbering=1000)


def test_opaque_alpha_of_instances_is_left_out(convert):
    planes = [Image.fromarray(NUMBERS.astype(np.uint8)), Image.new('L', (4, 2), 255)]

    assert (
        convert(LABELS.astype(np.uint8), numbers=Image.merge('LA', planes)) == SEGMENTS
    )


def test_numbers_in_alpha_are_refused(convert):
    planes = np.dstack([0 * NUMBERS] * 3 + [NUMBERS]).astype(np.uint8)

    with pytest.raises(
        ValueError, match=r'numbers/a\.png: alpha is below 255.*BDD100K'
    ):
        convert(LABELS.astype(np.uint8), numbers=planes)


def test_a_negative_instance_number_is_refused(convert, tmp_path):
    (tmp_path / 'numbers').mkdir()
    np.save(tmp_path / 'numbers/a.npy', NUMBERS - 1)

    with pytest.raises(ValueError, match=r'a\.npy: instance numbers are -1 to 1'):
        convert(
            LABELS.astype(np.uint8),
            instances=tmp_path / 'numbers',
            instance_suffix='.npy',
        )


def test_masks_of_0_and_255_are_explained(convert, capsys):
    convert(np.where(LABELS == CAR, 255, ROAD).astype(np.uint8), connected=True)

    printed = capsys.readouterr().out
    assert "labels: no file shows the classes ['car']" in printed
    assert '5 of 8 pixels are void, as value 255 is. If 255 is a class' in printed


def test_a_class_without_a_pixel_is_named_without_the_hint_for_masks(convert, capsys):
    convert(np.zeros((2, 4), np.uint8), connected=True)

    printed = capsys.readouterr().out
    assert "labels: no file shows the classes ['car']" in printed
    assert '255' not in printed


def test_by_default_no_colour_is_void_and_the_json_has_that(convert, tmp_path):
    picture = np.full((2, 4, 3), COLOURS[CAR], np.uint8)
    convert(picture, connected=True, colors=True)

    path = tmp_path / 'out/annotations/panoptic_train.json'
    assert json.loads(path.read_text())['info']['void'] == []


def test_a_corrected_label_is_converted_again(convert, tmp_path):
    convert(LABELS.astype(np.uint8), connected=True)

    corrected = np.where(LABELS == CAR, ROAD, LABELS).astype(np.uint8)

    assert convert(corrected, connected=True) == [('road', 7, 0)]


def test_a_folder_of_each_split_is_read_alone(tmp_path, capsys):
    for kind in ('images', 'labels'):
        for split in ('train', 'val'):
            (tmp_path / kind / split).mkdir(parents=True)
            cv2.imwrite(str(tmp_path / kind / split / f'{split}.png'), LABELS)
    (tmp_path / 'classes.csv').write_text(CLASSES)

    read = prepare_labelled_png(
        tmp_path / 'images',
        tmp_path / 'labels',
        classes=tmp_path / 'classes.csv',
        out=tmp_path,
        connected=True,
        split='val',
    )

    assert read == tmp_path / 'images/val'
    content = json.loads((tmp_path / 'annotations/panoptic_val.json').read_text())
    assert [image['file_name'] for image in content['images']] == ['val.png']
    assert (
        "images: 'val' is read, not all of ['train', 'val']" in capsys.readouterr().out
    )


def test_instances_numbered_as_a_class_are_no_numbering(convert, monkeypatch):
    monkeypatch.setattr(f'{__name__}.CLASSES', 'id,name,isthing\n0,cat,1\n1,dog,1\n')
    classes = np.array([[0, 0, 1, 1]] * 2, np.uint8)

    found = convert(classes, numbers=np.ones((2, 4), np.uint8))

    assert found == [('cat', 4, 0), ('dog', 4, 0)]


def test_transparent_pixels_of_a_palette_are_no_class(convert):
    labels = Image.new('P', (4, 2), 1)
    labels.putpalette([128, 64, 128, 0, 0, 142])
    labels.info['transparency'] = 1

    with pytest.raises(ValueError, match=r'a\.png: alpha is below 255 in 8 pixels'):
        convert(labels, connected=True, colors=True)
