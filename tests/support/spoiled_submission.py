"""Spoil a zip file and look at what its validation says."""

import re
import zipfile

import cv2
import numpy as np

from mmpisr.submissions import validate_submission


def rewrite(path, changes):
    """Replace members (None removes one), or add them."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= changes
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


def refuse(path, pattern, **options):
    report = validate_submission(path, **options)
    assert not report.ok
    assert re.search(pattern, report.summary()), report.summary()
    assert report.summary().startswith(path.name)


def gray(*shape, value=7, dtype=np.uint8):
    return cv2.imencode('.png', np.full(shape, value, dtype))[1].tobytes()
