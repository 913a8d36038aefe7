"""The folder beside a submission in which an unfinished one waits."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines

from .image_list import ImageList, read_image_list
from .journal_index import JournalIndex


class Workspace:
    """``FILE.zip.partial/``: files, journals, the test list and what made them.

    Every process writes into a folder of its own (``rank-0``...), so an image that two
    of them predict is there twice and nothing is overwritten.

    Args:
        out_file: The submission's zip file.
    """

    def __init__(self, out_file: str | Path) -> None:
        self.out_file = Path(out_file)
        self.folder = self.out_file.with_name(f'{self.out_file.name}.partial')
        self.list_path = self.folder / 'images.json'
        self.origin_path = self.folder / 'origin.json'

    def open(self, origin: Mapping[str, str], image_list: ImageList) -> JournalIndex:
        """Begin a submission, or go on with one of the same origin.

        All processes may do this at once: they write the same.

        Args:
            origin: What the predictions come from (config, checkpoint...), by name.
            image_list: Images and categories.

        Returns:
            The images that are finished.

        Raises:
            ValueError: The folder is of another origin; names both.
        """
        if self.origin_path.exists():
            begun = json.loads(self.origin_path.read_text())
            self._check_origin(begun, origin)
        else:
            image_list.save(self.list_path)  # first: whoever finds the origin needs it
            write_atomically(self.origin_path, json.dumps(dict(origin)))
        return self.index()

    def read_list(self) -> ImageList:
        """Images and categories of the submission."""
        return read_image_list(self.list_path)

    def index(self) -> JournalIndex:
        """The images that are finished."""
        return JournalIndex(sorted(self.folder.glob('rank-*/journal.jsonl')))

    def rank_folder(self, rank: int) -> Path:
        """Where one process puts its files."""
        return self.folder / f'rank-{rank:03}'

    def journal(self, rank: int) -> JsonLines:
        """The journal of one process."""
        return JsonLines(self.rank_folder(rank) / 'journal.jsonl')

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check_origin(self, begun: Mapping[str, str], now: Mapping[str, str]) -> None:
        for field in {**begun, **now}:
            if begun.get(field) != now.get(field):
                raise ValueError(
                    f'{self.folder} was begun with {field} {begun.get(field)!r}, this '
                    f'command has {now.get(field)!r}: repeat the first command to go '
                    'on, or remove the folder to start again'
                )
