"""Read a study from a yaml file under ``configs/studies``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mmpisr.apis.option_flags import flatten, to_flags

from .config_digest import TEST
from .run_place import POOL
from .study import AXES, Study, Variant
from .study_base import load_study

STUDY_KEYS = (
    *('name', 'title', 'variants', 'config', 'seeds', 'options'),
    *('compare_to', 'x_label', 'x_from'),
)
VARIANT_KEYS = (
    *('label', 'config', 'trained_as', 'starts_from'),
    *('options', 'control', 'x', 'line'),
)


def read_study(path: str | Path) -> Study:
    """Read and check a study file.

    Configs are relative to the study file. Options may be nested or dotted. A variant
    has a ``config``, its own or the file's, or is ``trained_as`` another one and has
    options of its test. Its trainings may load the trained models of another one that
    it ``starts_from``. What ``_base_`` gives, ``load_study`` says.

    Raises:
        ValueError: Names the file, the field and both values.
    """
    return _StudyFile(Path(path)).study()


class _StudyFile:
    """A file whose complaints begin with its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = load_study(path)

    def study(self) -> Study:
        content = self.content
        self._check_keys('the file', content, STUDY_KEYS, ('name', 'variants', 'seeds'))
        if content['name'] == POOL:
            self._fail('name', f'{POOL!r} is the folder of all runs')
        content['variants'] = [self._completed(entry) for entry in content['variants']]
        variants = tuple(self._variant(i, v) for i, v in enumerate(content['variants']))
        self._check_variants(variants)
        labels = [variant.label for variant in variants]
        compare_to = tuple(content.get('compare_to', ()))
        if unknown := [label for label in compare_to if label not in labels]:
            self._fail('compare_to', f'{unknown} are no labels; there are {labels}')
        return Study(
            name=content['name'],
            title=content.get('title', content['name']),
            variants=variants,
            seeds=self._seeds(content['seeds']),
            options=self._options('options', content),
            compare_to=compare_to,
            x_label=content.get('x_label', 'x'),
            x_from=self._measured(content.get('x_from', [])),
            file=self.path,
        )

    def _completed(self, entry: Any) -> Any:
        """A variant with the file's config if it needs one and has none."""
        has_one = not isinstance(entry, Mapping) or {'config', 'trained_as'} & {*entry}
        if has_one or 'config' not in self.content:
            return entry
        return {**entry, 'config': self.content['config']}

    def _variant(self, index: int, entry: Any) -> Variant:
        field = f'variants[{index}]'
        self._check_keys(field, entry, VARIANT_KEYS, ('label',))
        return Variant(
            label=str(entry['label']),
            config=self._config(field, entry),
            options=self._variant_options(f'{field}.options', entry),
            trained_as=str(entry.get('trained_as', '')),
            starts_from=self._source(field, entry),
            control=bool(entry.get('control', False)),
            x=entry.get('x'),
            line=str(entry.get('line', '')),
        )

    def _measured(self, fields: Any) -> tuple[str, ...]:
        """One measured field, or a list of them."""
        listed = fields if isinstance(fields, list) else [fields]
        if unknown := [field for field in listed if field not in AXES]:
            self._fail('x_from', f'{unknown} are none of {[*AXES]}')
        return tuple(listed)

    def _config(self, field: str, entry: Mapping[str, Any]) -> Path:
        """The config of a variant, or of the one that it is trained as."""
        if ('config' in entry) == ('trained_as' in entry):
            self._fail(field, f"needs 'config' or 'trained_as', it has {[*entry]}")
        if 'trained_as' in entry:
            field, entry = self._trained(f'{field}.trained_as', entry['trained_as'])
        config = (self.path.parent / entry['config']).resolve()
        if not config.is_file():
            self._fail(f'{field}.config', f'{entry["config"]!r} is not at {config}')
        return config

    def _trained(self, field: str, label: str) -> tuple[str, Mapping[str, Any]]:
        """Where the variant stands that has the trainings of a label."""
        own = {
            entry['label']: (f'variants[{index}]', entry)
            for index, entry in enumerate(self.content['variants'])
            if isinstance(entry, Mapping) and {'label', 'config'} <= entry.keys()
        }
        if label not in own:
            self._fail(field, f'{label!r} is not trained; there are {[*own]}')
        return own[label]

    def _source(self, field: str, entry: Mapping[str, Any]) -> str:
        """Label of a variant that is trained from scratch; '' without one."""
        if 'starts_from' not in entry:
            return ''
        field, label = f'{field}.starts_from', entry['starts_from']
        if 'trained_as' in entry:
            trained_as = entry['trained_as']
            self._fail(field, f'{label!r}, but it is trained as {trained_as!r}')
        _, source = self._trained(field, label)
        if 'starts_from' in source:
            self._fail(field, f'{label!r} starts from {source["starts_from"]!r} itself')
        return str(label)

    def _check_variants(self, variants: Sequence[Variant]) -> None:
        if not variants:
            self._fail('variants', 'is empty; the first is the base')
        for name in ('label', 'folder'):
            counts = Counter(getattr(variant, name) for variant in variants)
            if doubled := [value for value, count in counts.items() if count > 1]:
                labels = [v.label for v in variants if getattr(v, name) == doubled[0]]
                self._fail('variants', f'{name} {doubled[0]!r} is doubled by {labels}')
        controls = [variant.label for variant in variants if variant.control]
        if len(controls) > 1:
            self._fail('variants', f'one may be the control, not {controls}')

    def _seeds(self, seeds: Any) -> tuple[int, ...]:
        whole = isinstance(seeds, list) and all(type(seed) is int for seed in seeds)
        if not whole or not seeds or len({*seeds}) < len(seeds):
            self._fail('seeds', f'{seeds!r} is no list of different whole numbers')
        return tuple(seeds)

    def _variant_options(self, field: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        options = self._options(field, entry)
        lost = [key for key in options if key.split('.')[0] not in TEST]
        if 'trained_as' in entry and lost:
            self._fail(field, f'{lost} change no test, which reads {[*TEST]}')
        return options

    def _options(self, field: str, parent: Mapping[str, Any]) -> dict[str, Any]:
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
        self, field: str, entry: Any, known: Sequence[str], needed: Sequence[str]
    ) -> None:
        if not isinstance(entry, Mapping):
            self._fail(field, f'{entry!r} is {type(entry).__name__}, no mapping')
        if unknown := [key for key in entry if key not in known]:
            self._fail(field, f'has unknown {unknown}; known are {[*known]}')
        if missing := [key for key in needed if key not in entry]:
            self._fail(field, f'lacks {missing}; it has {[*entry]}')

    def _fail(self, field: str, message: str) -> NoReturn:
        raise ValueError(f'{self.path}: {field}: {message}')
