"""The folder beside a submission that holds an unfinished one."""

import json
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, get_dist_info, is_main_process
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Dataset, Sampler

from mmpisr.files import write_atomically

from .image_list import ImageList, read_image_list

BYTES = 'base64'


class Workspace:
    """``FILE.zip.partial/``: the list of images, the origin, a file an image.

    An image is finished when its file is there. Files are written whole or not at all,
    so that nothing is lost or damaged when a process is stopped, and two processes that
    predict one image write the same.

    Args:
        out_file: The submission's zip file.
    """

    def __init__(self, out_file: str | Path) -> None:
        self.out_file = Path(out_file)
        self.folder = self.out_file.with_name(f'{self.out_file.name}.partial')
        self.list_path = self.folder / 'images.json'
        self.origin_path = self.folder / 'origin.json'

    def open(self, origin: Mapping[str, str], image_list: ImageList) -> None:
        """Begin a submission, or continue one of the same origin.

        All processes may do this at once: they write the same.

        Args:
            origin: Config, checkpoint and whatever else made the predictions, by name.
            image_list: Images and categories.

        Raises:
            ValueError: The folder is of another origin; names both.
        """
        if not self.origin_path.exists():
            image_list.save(self.list_path)  # before the origin: that one marks a list
            write_atomically(self.origin_path, json.dumps(dict(origin)))
        begun = json.loads(self.origin_path.read_text())
        for field in {**begun, **origin}:
            if begun.get(field) != origin.get(field):
                raise ValueError(
                    f'{self.folder} was begun with {field} {begun.get(field)!r}, this '
                    f'command has {origin.get(field)!r}: repeat the first command to '
                    'continue, or remove the folder to start again'
                )

    def read_list(self) -> ImageList:
        """Images and categories of the submission."""
        return read_image_list(self.list_path)

    def finished(self) -> set[int]:
        """Positions in the list of the images that are predicted."""
        return {int(path.stem) for path in self.folder.glob('[0-9]*.json')}

    def save(self, position: int, results: Any) -> None:
        """Write the results of the image at a position of the list.

        Args:
            position: Of the image.
            results: What json can hold, and bytes; tuples are read back as lists.

        Raises:
            OSError: The disk is full; names the file.
        """
        text = json.dumps(
            results, default=lambda value: {BYTES: b64encode(value).decode()}
        )
        write_atomically(self._path(position), text)

    def load(self, position: int) -> Any:
        """Read the results of the image at a position of the list."""
        text = self._path(position).read_text()
        return json.loads(text, object_hook=_from_text)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, position: int) -> Path:
        return self.folder / f'{position:06}.json'


def _from_text(node: dict) -> Any:
    return b64decode(node[BYTES]) if [*node] == [BYTES] else node


@DATA_SAMPLERS.register_module()
class RemainingImagesSampler(Sampler):
    """Positions of the images that are not predicted yet, split between processes.

    Every image is given once: the last batch is not padded. The main process looks up
    what is finished and sends it to the others, before any of them writes.

    Args:
        dataset: In the order of the submission's list.
        out_file: The submission's zip file.
        seed: Accepted for mmengine and not used: the order is fixed.

    Raises:
        ValueError: The dataset does not have as many images as the list.
    """

    def __init__(
        self, dataset: Dataset, *, out_file: str, seed: int | None = None
    ) -> None:
        workspace = Workspace(out_file)
        left: list[list[int]] = [[]]
        if is_main_process():
            length, listed = len(dataset), len(workspace.read_list().images)  # type: ignore[arg-type]
            if listed != length:
                raise ValueError(
                    f'{workspace.list_path} lists {listed} images, the dataset has '
                    f'{length}'
                )
            left = [sorted({*range(listed)} - workspace.finished())]
        broadcast_object_list(left)
        rank, world_size = get_dist_info()
        self.positions = left[0][rank::world_size]

    def __iter__(self) -> Iterator[int]:
        """This process's positions."""
        return iter(self.positions)

    def __len__(self) -> int:
        """How many positions this process has."""
        return len(self.positions)
