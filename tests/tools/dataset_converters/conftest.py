"""Convert jobs in a temporary folder."""

import json

import pytest
from converters.split import convert_split
from tiny_jobs import CATEGORIES


@pytest.fixture
def convert(tmp_path):
    """Convert jobs into ``tmp_path/{name}.json`` and a folder of that name."""

    def run(jobs, name='val', **options):
        options = dict(categories=CATEGORIES, workers=1) | options
        path = tmp_path / f'{name}.json'
        convert_split(jobs, json_path=path, **options)
        return json.loads(path.read_text())

    return run
