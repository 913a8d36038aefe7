"""Read a study: variants, seeds, and what is compared with what."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from mmengine.fileio import load

from mmpisr.apis.option_flags import flatten, to_flags
from mmpisr.mim import mim_root

from .identity import TEST

Options = dict[str, Any]
"""Dotted keys and their values, as ``--cfg-options`` takes them."""
AXES = {'gmacs': 'GMACs', 'parameters': 'parameters'}
"""What is counted of a variant and can be the axis of a figure, in place of ``x``."""
STUDY_KEYS = (
    *('_base_', 'title', 'config', 'seeds', 'options', 'variants'),
    *('compare_to', 'x_label', 'x_from'),
)
VARIANT_KEYS = (
    *('label', 'config', 'options', 'trained_as', 'starts_from'),
    *('control', 'x', 'line'),
)


class Variant(NamedTuple):
    """One row of a table.

    Attributes:
        label: Its name in tables and figures.
        config: The config file.
        training: Options of its trainings.
        test: Options of its tests, those of its trainings included.
        trained_as: Label of the variant whose trained models are tested, '' for its
            own.
        starts_from: Label of the variant whose trained model of the same seed each
            training loads, '' for a training from scratch.
        control: Whether it is the control of capacity.
        x: Its place on the axis of a figure, None without one.
        line: Which line of that figure it is on.
    """

    label: str
    config: Path
    training: Options
    test: Options
    trained_as: str = ''
    starts_from: str = ''
    control: bool = False
    x: float | None = None
    line: str = ''


class Study(NamedTuple):
    """Variants times seeds.

    Attributes:
        path: The file; its stem is the name of the study.
        title: Of its page.
        variants: The base first.
        seeds: Each variant is trained once with each.
        compare_to: Labels to which differences are shown, besides the base.
        x_label: Of the axis of the variants' ``x``.
        x_from: One of ``AXES`` that takes the place of ``x``, or ''.
    """

    path: Path
    title: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    compare_to: tuple[str, ...] = ()
    x_label: str = 'x'
    x_from: str = ''

    @property
    def name(self) -> str:
        """Name of its page and of its tables."""
        return self.path.stem

    @property
    def base(self) -> Variant:
        """What every variant is compared with."""
        return self.variants[0]

    def find(self, label: str) -> Variant:
        """The variant of a label.

        Raises:
            ValueError: There is none.
        """
        found = {variant.label: variant for variant in self.variants}
        if label not in found:
            raise ValueError(f'{self.path}: {label!r} is none of the labels {[*found]}')
        return found[label]


def read_study(path: str | Path) -> Study:
    """Read and check a study file; ``projects/evidence/README.md`` says what it holds.

    Raises:
        ValueError: Names the file, the field and both values.
    """
    path = Path(path)
    content = _load(path)
    return _Reader(path, content).study()


def _load(path: Path) -> dict[str, Any]:
    """Content of a file, with what it takes from its ``_base_``."""
    content = load(path)
    if not isinstance(content, dict):
        raise ValueError(f'{path}: is {type(content).__name__}, not a mapping')
    entries = content.get('variants') or []
    if '_base_' in content:
        file = path.parent / str(content.pop('_base_'))
        if not file.is_file():
            raise ValueError(f'{path}: _base_: there is no file {file}')
        base = _load(file)
        known = {entry['label']: entry for entry in base['variants']}
        if unknown := [e for e in entries if isinstance(e, str) and e not in known]:
            raise ValueError(
                f'{path}: variants: {unknown} are no labels of {file}: {[*known]}'
            )
        entries = [known[e] if isinstance(e, str) else e for e in entries]
        inherited = {key: base[key] for key in ('config', 'seeds') if key in base}
        content = {**inherited, **content}
        own = flatten(content.get('options') or {})
        content['options'] = {**flatten(base.get('options') or {}), **own}
    content['variants'] = [
        {'config': content['config'], **entry}
        if 'config' in content and 'trained_as' not in entry
        else entry
        for entry in entries
    ]
    return content


class _Reader:
    """Checks a file; its complaints begin with the name of the file."""

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self.path, self.content = path, content
        self.entries: list[dict[str, Any]] = content['variants']

    def study(self) -> Study:
        content = self.content
        self._check_keys('the file', content, STUDY_KEYS, ('variants', 'seeds'))
        for index, entry in enumerate(self.entries):
            self._check_keys(f'variants[{index}]', entry, VARIANT_KEYS, ('label',))
        labels = [entry['label'] for entry in self.entries]
        if doubled := [label for label, n in Counter(labels).items() if n > 1]:
            self._fail('variants', f'the labels {doubled} occur more than once')
        if not labels:
            self._fail('variants', 'is empty; the first variant is the base')
        compare_to = tuple(content.get('compare_to', ()))
        if unknown := [label for label in compare_to if label not in labels]:
            self._fail('compare_to', f'{unknown} are no labels; there are {labels}')
        x_from = content.get('x_from', '')
        if x_from and x_from not in AXES:
            self._fail('x_from', f'{x_from!r} is none of {[*AXES]}')
        return Study(
            path=self.path,
            title=content.get('title', self.path.stem),
            variants=tuple(self._variant(i, v) for i, v in enumerate(self.entries)),
            seeds=self._seeds(),
            compare_to=compare_to,
            x_label=content.get('x_label', 'x'),
            x_from=x_from,
        )

    def _variant(self, index: int, entry: Mapping[str, Any]) -> Variant:
        field = f'variants[{index}]'
        if ('config' in entry) == ('trained_as' in entry):
            self._fail(field, f"needs 'config' or 'trained_as', it has {[*entry]}")
        trained = entry
        if 'trained_as' in entry:
            trained = self._trained(f'{field}.trained_as', entry['trained_as'])
        starts_from = str(trained.get('starts_from', ''))
        if starts_from:
            source = self._trained(f'{field}.starts_from', starts_from)
            if 'starts_from' in source:
                self._fail(
                    f'{field}.starts_from',
                    f'{starts_from!r} starts from {source["starts_from"]!r} itself',
                )
        training = self._options('options', self.content)
        training |= self._options(f'{field}.options', trained)
        own = self._options(f'{field}.options', entry)
        lost = [key for key in own if key.split('.')[0] not in TEST]
        if entry is not trained and lost:
            self._fail(f'{field}.options', f'{lost} change no test, only {[*TEST]} do')
        return Variant(
            label=str(entry['label']),
            config=self._config(field, trained['config']),
            training=training,
            test={**training, **own},
            trained_as=str(entry.get('trained_as', '')),
            starts_from=starts_from,
            control=bool(entry.get('control', False)),
            x=entry.get('x'),
            line=str(entry.get('line', '')),
        )

    def _trained(self, field: str, label: str) -> dict[str, Any]:
        """The entry of a label that has trainings of its own."""
        own = {e['label']: e for e in self.entries if 'config' in e}
        if label not in own:
            self._fail(field, f'{label!r} is not trained; there are {[*own]}')
        return own[label]

    def _config(self, field: str, name: str) -> Path:
        """A config beside the study file, or else one of the plugin's ``configs``."""
        folders = self.path.parent, mim_root() / 'configs'
        for folder in folders:
            if (folder / name).is_file():
                return (folder / name).resolve()
        self._fail(
            f'{field}.config',
            f'{name!r} is neither in {folders[0]} nor in {folders[1]}',
        )

    def _seeds(self) -> tuple[int, ...]:
        seeds = self.content['seeds']
        whole = isinstance(seeds, list) and all(type(seed) is int for seed in seeds)
        if not whole or not seeds or len({*seeds}) < len(seeds):
            self._fail('seeds', f'{seeds!r} is no list of different whole numbers')
        return tuple(seeds)

    def _options(self, field: str, parent: Mapping[str, Any]) -> Options:
        options = parent.get('options') or {}
        if not isinstance(options, Mapping):
            self._fail(field, f'{options!r} is {type(options).__name__}, no mapping')
        flat = flatten(options)
        try:
            to_flags(flat)
        except ValueError as error:
            self._fail(field, str(error))
        return flat

    def _check_keys(
        self, field: str, entry: Any, known: tuple[str, ...], needed: tuple[str, ...]
    ) -> None:
        if not isinstance(entry, Mapping):
            self._fail(field, f'{entry!r} is {type(entry).__name__}, no mapping')
        if unknown := [key for key in entry if key not in known]:
            self._fail(field, f'has unknown {unknown}; known are {[*known]}')
        if missing := [key for key in needed if key not in entry]:
            self._fail(field, f'lacks {missing}; it has {[*entry]}')

    def _fail(self, field: str, message: str) -> NoReturn:
        raise ValueError(f'{self.path}: {field}: {message}')
