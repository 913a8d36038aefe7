"""Read a study from its file."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from mmengine.fileio import load

from mmpisr.apis.option_flags import flatten, to_flags
from mmpisr.mim import mim_root

from .identity import READ_BY_A_TEST
from .study import AXES, TEST, TRAINING, Options, Study, Variant

STUDY_KEYS = (
    *('_base_', 'title', 'config', 'seeds', 'options', 'variants'),
    *('compare_to', 'x_label', 'x_from'),
)
COPIED = 'trained_as', 'control', 'x', 'line'
VARIANT_KEYS = 'label', 'config', 'options', 'starts_from', *COPIED


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
    shared = {'config': content['config']} if 'config' in content else {}
    content['variants'] = [
        shared | entry
        if isinstance(entry, dict) and 'trained_as' not in entry
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
        controlled = [entry['control'] for entry in self.entries if 'control' in entry]
        for field, used in ('compare_to', compare_to), ('control', controlled):
            if unknown := [label for label in used if label not in labels]:
                self._fail(field, f'{unknown} are no labels; there are {labels}')
        x_from = content.get('x_from', '')
        if x_from not in ('', *AXES):
            self._fail('x_from', f'{x_from!r} is none of {[*AXES]}')
        title, x_label = content.get('title', self.path.stem), content.get('x_label')
        variants = tuple(self._variant(i, v) for i, v in enumerate(self.entries))
        seeds = self._seeds()
        return Study(
            self.path, title, variants, seeds, compare_to, x_label or 'x', x_from
        )

    def _variant(self, index: int, entry: Mapping[str, Any]) -> Variant:
        field = f'variants[{index}]'
        if ('config' in entry) == ('trained_as' in entry):
            self._fail(field, f"needs 'config' or 'trained_as', it has {[*entry]}")
        trained = entry
        if 'trained_as' in entry:
            trained = self._trained(f'{field}.trained_as', entry['trained_as'])
        if start := trained.get('starts_from', ''):
            source = self._trained(f'{field}.starts_from', start)
            if other := source.get('starts_from'):
                self._fail(
                    field, f'starts_from: {start!r} starts from {other!r} itself'
                )
        training = TRAINING | self._options('options', self.content)
        training |= self._options(f'{field}.options', trained)
        own = self._options(f'{field}.options', entry)
        lost = [key for key in own if key.split('.')[0] not in READ_BY_A_TEST]
        if entry is not trained and lost:
            self._fail(field, f'options: {lost} change no test ({READ_BY_A_TEST} do)')
        return Variant(
            label=str(entry['label']),
            config=self._config(field, trained['config']),
            training=training,
            test=training | own | TEST,
            starts_from=start,
            **{key: entry[key] for key in COPIED if key in entry},
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
            field,
            f'config: {name!r} is neither in {" nor in ".join(map(str, folders))}',
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
