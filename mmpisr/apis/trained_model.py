"""What a training run is known by."""

from pathlib import Path
from typing import NamedTuple


class TrainedModel(NamedTuple):
    """A config and the folder in which it was trained."""

    name: str
    config: Path
    work_dir: Path

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint of the training.

        Raises:
            FileNotFoundError: There is none in ``work_dir``.
        """
        pointer = self.work_dir / 'last_checkpoint'
        if not pointer.is_file():
            raise FileNotFoundError(f'{self.work_dir} has no checkpoint; train first')
        return Path(pointer.read_text().strip())
