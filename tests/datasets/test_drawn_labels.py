"""Folders of label pictures drawn at random, in many forms or with one fault."""

import csv
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from drawn_cases import check_cases, refusal
from drawn_pictures import (
    CLASS_PICTURES,
    INSTANCE_PICTURES,
    class_table,
    json_table,
    save,
)
from drawn_scenes import (
    VOID,
    Category,
    Scene,
    category_lists,
    draw_scene,
    read_back,
    true_segments,
)
from hypothesis import strategies as st
from labelled_png import prepare_labelled_png
from PIL import Image
from scipy.ndimage import label as connected_regions

STEMS = ('f0', 'a/f0', 'a b/f0', 'ünï/é1', 'a/b/c', 'a_f0')
IMAGE_SUFFIXES = ('.png', '.PNG', '.bmp', '.tif', '.Tiff', '.webp')
CLUTTER = ('.hidden.png', 'notes.txt', 'a/Thumbs.db')
INSTANCES = ('pictures', 'regions', 1000, 256)
TABLES: dict[str, Callable[[list[Category]], bytes]] = {
    'classes.csv': class_table,
    'bom.csv': lambda c: class_table(c, encoding='utf-8-sig'),
    'semicolons.csv': lambda c: class_table(c, delimiter=';', upper=True),
    'tabs.CSV': lambda c: class_table(c, delimiter='\t'),
    'windows.csv': lambda c: class_table(c, encoding='cp1252', delimiter=';'),
    'blank.csv': lambda c: class_table(c, blank_lines=True),
    'utf-16.csv': lambda c: class_table(c, encoding='utf-16'),
    'classes.json': json_table,
}


class Case(NamedTuple):
    """What is drawn."""

    categories: list[Category]
    stems: list[str]
    suffix: str
    size: tuple[int, int]
    seed: int
    labels: str
    instances: str | int
    numbers: str
    table: str
    unnumbered: str
    decomposed: bool
    clutter: bool
    linked: bool
    fault: str | None


class Folder(NamedTuple):
    """A written case on its way to the converter."""

    root: Path
    case: Case

    def label(self) -> Path:
        return next(p for p in self.root.glob('labels/**/*') if p.is_file())

    def image(self) -> Path:
        return self.root / f'images/{self.case.stems[0]}{self.case.suffix}'


def unknown_value(folder: Folder) -> None:
    values = np.array(Image.open(folder.label()).convert('I'))
    Image.fromarray(np.full(values.shape, 253, np.uint8)).save(folder.label())


def other_size(folder: Folder) -> None:
    path = folder.label()
    width, height = Image.open(path).size
    Image.new('L', (width + 1, height), 255).save(path)


def truncated(folder: Folder) -> None:
    path = folder.label()
    path.write_bytes(path.read_bytes()[:-20])


def colours(folder: Folder) -> None:
    path = folder.label()
    Image.new('RGB', Image.open(path).size, (1, 2, 3)).save(path)


def alpha(folder: Folder) -> None:
    path = folder.label()
    Image.new('RGBA', Image.open(path).size, (1, 1, 1, 7)).save(path)


def write_table(folder: Folder, entries: list[dict]) -> None:
    """Write these classes in the format of the case's table."""
    path = folder.root / folder.case.table
    if path.suffix == '.json':
        path.write_text(json.dumps(entries))
        return
    with path.open('w', newline='') as file:
        table = csv.DictWriter(file, entries[0] if entries else ())
        table.writeheader()
        table.writerows(entries)


def table_without_names(folder: Folder) -> None:
    write_table(folder, [dict(id=1, isthing='yes')])


def empty_table(folder: Folder) -> None:
    write_table(folder, [])


def unclear_flag(folder: Folder) -> None:
    write_table(folder, [dict(id=1, name='car', isthing='maybe')])


def same_name_twice(folder: Folder) -> None:
    path = folder.image()
    Image.new('RGB', (1, 1)).save(path.with_suffix('.jpg'))


def no_image(folder: Folder) -> None:
    folder.image().write_bytes(b'no image')


# What is done to the folder, and what the message must name.
FAULTS: dict[str, tuple[Callable[[Folder], object], str]] = {
    'unknown value': (unknown_value, r'labels/.*: \d+ pixels have value 253'),
    'label of another size': (other_size, r'\(height, width\)'),
    'label missing': (lambda f: f.label().unlink(), r'labels/.*missing'),
    'label truncated': (truncated, r'labels/.*: not a complete'),
    'label of colours': (colours, r'labels/.*: has 3 channels'),
    'label with alpha': (alpha, r'labels/.*: alpha is'),
    'table without names': (table_without_names, r"class 0 needs .*'name'"),
    'empty table': (empty_table, r': expected a list of classes'),
    'unclear flag': (unclear_flag, r"isthing is 'maybe'"),
    'same name twice': (same_name_twice, r'have one name up to the suffix'),
    'no image': (no_image, r'images/.*: not an image'),
}

FAULTS_OF_TABLES = ('table without names', 'empty table', 'unclear flag')


@st.composite
def cases(draw) -> Case:
    things_and_stuff = draw(category_lists(max_id=252))
    return Case(
        things_and_stuff,
        draw(st.lists(st.sampled_from(STEMS), min_size=1, max_size=3, unique=True)),
        draw(st.sampled_from(IMAGE_SUFFIXES)),
        draw(st.tuples(st.integers(1, 12), st.integers(1, 12))),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.sampled_from([*CLASS_PICTURES])),
        draw(st.sampled_from(INSTANCES)),
        draw(st.sampled_from([*INSTANCE_PICTURES])),
        draw(st.sampled_from([*TABLES])),
        draw(st.sampled_from(['crowd', 'void'])),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.none() | st.sampled_from([*FAULTS])),
    )


def label_suffix(case: Case) -> str:
    """A png holds 16 bits, which class x 1000 + n exceeds."""
    return '.tif' if case.instances == 1000 else '.png'


def write(root: Path, case: Case, scenes: dict[str, Scene]) -> None:
    """Write images, labels, instances and the table of classes."""
    ids = np.array([*(category.id for category in case.categories), 255])  # -1: void
    for stem, scene in scenes.items():
        name = unicodedata.normalize('NFD', stem) if case.decomposed else stem
        picture = Image.fromarray(np.ascontiguousarray(scene.picture[..., ::-1]))
        save(picture, root / f'images/{stem}{case.suffix}')
        values = ids[scene.classes]
        if isinstance(case.instances, int):
            numbered = values * case.instances + scene.numbers - 1
            values = np.where(scene.numbers > 0, numbered, values)
            kind, suffix = (
                (np.uint16, 'png') if case.instances == 256 else (np.int32, 'tif')
            )
            save(Image.fromarray(values.astype(kind)), root / f'labels/{name}.{suffix}')
            continue
        save(CLASS_PICTURES[case.labels](values), root / f'labels/{name}.png')
        numbers = INSTANCE_PICTURES[case.numbers](scene.numbers)
        save(numbers, root / f'instances/{name}.png')
    (root / case.table).write_bytes(TABLES[case.table](case.categories))
    for name in CLUTTER if case.clutter else ():
        path = root / 'images' / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'clutter')
    if case.linked:
        (root / 'images').rename(root / 'elsewhere')
        (root / 'images').symlink_to('elsewhere')
        (root / 'elsewhere/loop').symlink_to('.')


def convert(root: Path, case: Case) -> None:
    sources = dict(
        connected=case.instances == 'regions',
        instances=root / 'instances' if case.instances == 'pictures' else None,
        numbering=case.instances if isinstance(case.instances, int) else None,
    )
    prepare_labelled_png(
        root / 'images',
        root / 'labels',
        classes=root / case.table,
        out=root / 'out',
        unnumbered=case.unnumbered,
        label_suffix=label_suffix(case),
        **sources,
    )


def as_asked(scene: Scene, case: Case) -> Scene:
    """The truth after the choices of the case."""
    classes, numbers = scene.classes.copy(), scene.numbers.copy()
    things = [i for i, category in enumerate(case.categories) if category.isthing]
    if case.instances == 'regions':
        for thing in things:
            regions, _ = connected_regions(classes == thing, np.ones((3, 3)))
            numbers = np.where(classes == thing, regions, numbers)
    elif case.unnumbered == 'void':
        classes[np.isin(classes, things) & (numbers == 0)] = VOID
    return Scene(scene.picture, classes, numbers)


def fault_of(case: Case) -> tuple[str | None, tuple[Callable, str | None]]:
    """Name of the fault, what makes it, and what the message must name."""
    spoil, reason = FAULTS.get(case.fault, (lambda _: None, None))
    zero_is_thing = any(c.id == 0 and c.isthing for c in case.categories)
    is_numbered = isinstance(case.instances, int)
    if is_numbered and zero_is_thing and case.fault not in FAULTS_OF_TABLES:
        return 'class 0 numbered', (spoil, 'class 0 must be stuff')
    return case.fault, (spoil, reason)


def check(root: Path, case: Case) -> str:
    """Compare what was converted with the truth, or the refusal with its reason."""
    scenes = {
        stem: draw_scene(case.seed + i, case.categories, size=case.size)
        for i, stem in enumerate(case.stems)
    }
    write(root, case, scenes)
    fault, (spoil, reason) = fault_of(case)
    spoil(Folder(root, case))
    made = root / 'out/annotations'
    message = refusal(convert, root, case)
    if reason:
        assert message, f'{fault}: accepted'
        assert re.search(reason, message, re.DOTALL), f'{fault}: {message}'
        assert not (made / 'panoptic_train.json').exists()
        return f'refused: {fault}'

    assert message is None
    json_path, pngs = made / 'panoptic_train.json', made / 'panoptic_train'
    found = read_back(json_path, pngs, root / 'images')
    assert {*found} == {f'{stem}{case.suffix}' for stem in case.stems}
    for stem, scene in scenes.items():
        picture, segments = found[f'{stem}{case.suffix}']
        np.testing.assert_array_equal(picture, scene.picture)
        assert segments == true_segments(as_asked(scene, case), case.categories)
    return f'read: {case.labels}, instances of {case.instances}'


def test_label_pictures_are_read_as_they_were_drawn_or_refused(record_property):
    record_property('drawn label pictures', check_cases(cases(), check))
