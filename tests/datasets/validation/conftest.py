"""A dataset to spoil, and its problems as text."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from mmpisr.datasets.validation.command import all_problems
from mmpisr.datasets.validation.sources import split_of_json
from mmpisr.datasets.validation.split import check_split


class Spoilable(NamedTuple):
    """A copy of six scenes: 64 x 96, ids of images 1 to 6."""

    root: Path

    @property
    def json_path(self) -> Path:
        return self.root / 'annotations' / 'panoptic_train.json'

    @property
    def png(self) -> Path:
        return self.root / 'annotations' / 'panoptic_train' / '000000.png'

    @property
    def image(self) -> Path:
        return self.root / 'images' / 'train' / '000000.png'

    def content(self) -> dict:
        return json.loads(self.json_path.read_text())

    def spoil(self, change) -> None:
        """Change the json's content in place."""
        content = self.content()
        change(content)
        self.json_path.write_text(json.dumps(content))

    def findings(self, *, name=None, images=True, workers=1):
        img_prefix = str(self.image.parent) if images else None
        split = split_of_json(str(self.json_path), name=name, img_prefix=img_prefix)
        return check_split(split, workers=workers)

    def problems(self, level=None, **options) -> list[str]:
        """Problems as ``level: where: message``, of one level if given."""
        return [
            f'{problem.level}: {problem}'
            for problem in all_problems([self.findings(**options)])
            if level in (None, problem.level)
        ]


@pytest.fixture
def scenes(scenes_root, tmp_path) -> Spoilable:
    shutil.copytree(scenes_root, tmp_path / 'scenes')
    return Spoilable(tmp_path / 'scenes')
