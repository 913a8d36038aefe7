"""Write a COCO-panoptic json with its things first, or in the order of another json.

``python sort_categories.py panoptic_train.json sorted_train.json``: things come first,
else the order stays. ``--like OTHER.json``: the order of that json, which must have the
same names. Ids, annotations and pngs stay as they are.
"""

import argparse
import json
from pathlib import Path

from mmpisr.command_line import run_tool
from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.validation.json_checks import category_problems
from mmpisr.datasets.validation.problems import raise_first_error
from mmpisr.files import write_atomically


def categories_of(path: str) -> list[dict]:
    """Read the categories of a json in any order.

    Raises:
        ValueError: A field is missing or a value doubled.
    """
    categories = read_panoptic_json(path).get('categories')
    raise_first_error(category_problems(path, categories, reordered=True))
    return list(categories or ())


def names_in_order(path: str, like: str | None) -> list[str]:
    """Names of the categories of ``path``: things first, or in the order of ``like``.

    Raises:
        ValueError: The two jsons have other names or kinds of categories.
    """
    kinds = {c['name']: bool(c['isthing']) for c in categories_of(path)}
    if like is None:
        return sorted(kinds, key=lambda name: not kinds[name])
    wanted = {c['name']: bool(c['isthing']) for c in categories_of(like)}
    if wanted != kinds:
        differing = sorted({name for name, _ in wanted.items() ^ kinds.items()})
        raise ValueError(
            f'{path} and {like} differ in the names or the isthing of the categories '
            f'{differing}; `classes` of the dataset chooses and merges classes'
        )
    return [*wanted]


def main() -> None:
    """Read the command line and sort."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', help='json to read')
    parser.add_argument('out', help='json to write; must not exist')
    parser.add_argument('--like', metavar='JSON', help='take the order of this json')
    run_tool(parser, write_sorted)


def write_sorted(source: str, out: str, like: str | None) -> None:
    """Write the json with sorted categories, and print where its pngs are."""
    names = names_in_order(source, like)
    if Path(out).exists():
        raise ValueError(f'{out} exists; nothing was written')
    content = read_panoptic_json(source)
    content['categories'].sort(key=lambda category: names.index(category['name']))
    write_atomically(out, json.dumps(content))
    pngs = Path(source).with_suffix('')
    print(f'{out}: {names}. Its pngs are those of {source}: set seg of')
    print(f"data_prefix and seg_prefix of PanopticMetric to their folder, as '{pngs}'")


if __name__ == '__main__':
    main()
