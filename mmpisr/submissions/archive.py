"""The base class of all zip files of submissions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from mmpisr.evaluation.predicted_image import PredictedImage

from .checks import SubmissionReport
from .image_list import ImageList, ListedImage


class ImageFiles(NamedTuple):
    """The files of one image in an archive.

    Attributes:
        files: Contents by their name in the zip file.
        annotation: The image's entry in the archive's json, if it has one.
    """

    files: dict[str, bytes]
    annotation: dict | None = None


class Archive(ABC):
    """One zip file of a submission.

    Args:
        out_file: The submission's zip file; ``suffix`` goes before its ``.zip``.
        split: Part of file names.

    Attributes:
        json_name: The json with an annotation for each image; ``None`` = no such file.
    """

    kind: ClassVar[str]
    suffix: ClassVar[str] = ''
    json_name: str | None = None

    def __init__(self, out_file: str | Path, split: str) -> None:
        out_file = Path(out_file)
        self.path = out_file.with_name(f'{out_file.stem}{self.suffix}.zip')
        self.split = split

    def result_name(self, image: ListedImage) -> str:
        """Beginning of the names of an image's files: the frame of Cityscapes."""
        return image.frame

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
    def files(self, image: ListedImage, prediction: PredictedImage) -> ImageFiles:
        """Make the files of one image."""

    @abstractmethod
    def check(self, report: SubmissionReport, images: ImageList) -> None:
        """Report everything that a server or evaluator would refuse."""
