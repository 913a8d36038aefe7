"""What the zip files of all submissions have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from .archive_reader import ArchiveReader
from .image_list import ImageList, ListedImage
from .prediction import Prediction
from .report import SubmissionReport


class ImageFiles(NamedTuple):
    """One image's share of an archive.

    Attributes:
        files: Contents by their name in the zip file.
        entry: What a file about all images says of this one, as json has it.
    """

    files: dict[str, bytes]
    entry: dict


class Archive(ABC):
    """One zip file of a submission.

    Args:
        out_file: The submission's zip file; ``suffix`` goes before its ``.zip``.
        split: Part of file names.
    """

    kind: ClassVar[str]
    suffix: ClassVar[str] = ''

    def __init__(self, out_file: str | Path, split: str) -> None:
        out_file = Path(out_file)
        self.path = out_file.with_name(f'{out_file.stem}{self.suffix}.zip')
        self.split = split

    @abstractmethod
    def result_name(self, image: ListedImage) -> str:
        """What the names of an image's files begin with; no other image may have it."""

    def refuse_shared_names(self, images: Sequence[ListedImage]) -> None:
        """Refuse images whose results would have the same name.

        Raises:
            ValueError: Names both images and the name.
        """
        owners: dict[str, ListedImage] = {}
        for image in images:
            name = self.result_name(image)
            owner = owners.setdefault(name, image)
            if owner is not image:
                raise ValueError(
                    f'images[].file_name {owner.file_name!r} (id {owner.id!r}) and '
                    f'{image.file_name!r} (id {image.id!r}): the results of both would '
                    f'have the name {name!r} in {self.path.name}; take one of them out '
                    'of the json, or rename it'
                )

    @abstractmethod
    def files(self, image: ListedImage, prediction: Prediction) -> ImageFiles:
        """Make the files of one image."""

    def texts(
        self, images: Sequence[ListedImage], entries: Iterable[dict]
    ) -> Iterator[tuple[str, Iterable[str]]]:
        """Give the files about all images: name and pieces of text. None by default."""
        return iter(())

    @abstractmethod
    def check(
        self, reader: ArchiveReader, images: ImageList, report: SubmissionReport
    ) -> None:
        """Report everything that a server or evaluator would refuse."""
