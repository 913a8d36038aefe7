"""The images of a json: fields and doubles."""

from collections.abc import Iterator
from typing import Any

from .fields import (
    ID,
    LENGTH,
    TEXT,
    complete,
    double_problems,
    field_problems,
    list_problems,
)
from .problem import Problem

IMAGE_FIELDS = dict(id=ID, file_name=TEXT, height=LENGTH, width=LENGTH)


def image_problems(path: str, images: Any) -> Iterator[Problem]:
    """Look for images without the needed fields, and for doubled ids."""
    yield from list_problems(path, 'images', images)
    for position, image in enumerate(
        images if isinstance(images, list | tuple) else ()
    ):
        yield from field_problems(path, f'images[{position}]', image, IMAGE_FIELDS)
    usable = complete(images, IMAGE_FIELDS)
    yield from double_problems(path, 'images[].id', (image['id'] for image in usable))


def image_name_problems(path: str, images: Any) -> Iterator[Problem]:
    """Look for a file that several images name."""
    names = (image['file_name'] for image in complete(images, IMAGE_FIELDS))
    yield from double_problems(path, 'images[].file_name', names)
