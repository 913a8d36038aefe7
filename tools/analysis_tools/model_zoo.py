"""Write what is known of each recipe into the metafiles and ``docs/model_zoo.md``.

    python tools/analysis_tools/model_zoo.py

counts parameters (a minute), and takes GMACs, memory and times from the pages in
``docs/benchmarks``. What no page has is "not measured".
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import yaml
from macs_table import ROWS
from mmengine.registry import MODELS, init_default_scope

from mmpisr.families.add import read_config
from mmpisr.files import write_atomically
from mmpisr.mim import mim_root

Facts = dict[str, int | str]
BENCHMARKS = Path('docs/benchmarks')
FIELDS = 'Parameters', 'GMACs', 'Inference Memory', 'Inference Time'
UNKNOWN = 'not measured'
INTRODUCTION = """\
# Model zoo

Made by a script from the `metafile.yml` files; do not edit.

```bash
python tools/analysis_tools/model_zoo.py
```

**No weights are published.** Nothing has been trained on COCO, Cityscapes or ADE20K by
this project, so `mim download mmpisr --config NAME` has nothing to download. It ends in
a traceback of mim whose last line lists all fields of our metafiles (here: `...`), none
of which is the address of weights:

```text
{message}
```

Two ways lead to a model: train one ([train and test](train_and_test.md)), or convert
weights of the base ([predict](predict.md)). To publish weights of your own, use
`tools/model_converters/publish_model.py`: it keeps the weights, classes and versions,
and adds the file's hash to its name.

| column | what it is |
| --- | --- |
| parameters | of the whole model |
| GMACs | multiply-accumulates of one image of that size (height x width) ([how](benchmarks/macs.md)) |
| memory, time | of the network for one image on two CPU cores, above the weights ([MaskFormer](benchmarks/speed_maskformer_r50.md), [Panoptic-DeepLab](benchmarks/speed_panoptic-deeplab_r52.md)) |
| PQ (paper) | value in the paper, Tables 1 to 3; the recipe follows the paper as far as it says |
| PQ | value of this repository |

What was trained here, on drawn scenes and on CamVid, is in the
[results](../projects/evidence/results/README.md). Their models are smaller, and their
schedules shorter.
"""  # noqa: E501
HEADER = """\
| recipe | data | parameters | GMACs | memory | time | PQ (paper) | PQ |
| --- | --- | --- | --- | --- | --- | --- | --- |"""
MESSAGE = (
    "ValueError: Expected fields: Index([...], dtype='object'), but got {'weight'}"
)


def measured(root: Path) -> dict[str, Facts]:
    """Read the benchmark pages: facts by name of the config."""
    facts: dict[str, Facts] = defaultdict(dict)
    macs = _rows(root / BENCHMARKS / 'macs.md')
    for label, (config, _) in ROWS.items():
        size, base, host, *_ = macs[label]
        for name, count in ((config, base), (f'pisr_{config}', host)):
            facts[name]['GMACs'] = f'{count} at {size}'
    for page in (root / BENCHMARKS).glob('speed_*.md'):
        text = page.read_text()
        size = re.search(r'image\(s\) of (\d+ x \d+)', text)[1]  # type: ignore[index]
        names = dict(_names(root, text))
        for label, (_, _, ms, *_, peak) in _rows(page).items():
            name = names.get(label, label)
            facts[name]['Inference Memory'] = f'{peak} MiB at {size}'
            facts[name]['Inference Time'] = f'{ms} ms at {size}'
    return facts


def _rows(page: Path) -> dict[str, list[str]]:
    """Cells of each line of a page's tables, by the first cell."""
    lines = [line for line in page.read_text().splitlines() if line.startswith('| ')]
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    return {name: cells for name, *cells in rows if re.match(r'[\d,.]+', cells[0])}


def _names(root: Path, text: str) -> Iterator[tuple[str, str]]:
    """Names on a page of speeds with the configs that they stand for unchanged."""
    for path in re.findall(r'\S+\.yaml', text):
        for model in yaml.safe_load((root / path).read_text())['models']:
            if 'options' not in model:
                yield model['name'], Path(model['config']).stem


def count_parameters(config: Path) -> int:
    """Build the model of a config without weights, and count its parameters."""
    cfg = read_config(config)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    return sum(p.numel() for p in MODELS.build(cfg.model).parameters())


def metafiles(root: Path) -> list[Path]:
    """Metafiles of the index, in its order."""
    index = yaml.safe_load((root / 'model-index.yml').read_text())
    return [root / path for path in index['Import']]


def write_facts(metafile: Path, facts: Mapping[str, Facts]) -> None:
    """Replace the facts of each model in a metafile; other lines stay as they are."""
    text = metafile.read_text()
    for name, known in facts.items():
        new = ''.join(f'      {key}: {known.get(key, UNKNOWN)}\n' for key in FIELDS)
        old = rf'(?:      (?:{"|".join(FIELDS)}): .*\n)*'
        begin = rf'(  - Name: {re.escape(name)}\n(?:    .*\n)*?    Metadata:\n'
        pattern = rf'{begin}      Training Data: .*\n){old}'
        text = re.sub(pattern, lambda m, new=new: m[1] + new, text)
    write_atomically(metafile, text)


def page(root: Path) -> str:
    """Markdown of the whole page, from the metafiles alone."""
    lines = [INTRODUCTION.format(message=MESSAGE)]
    for metafile in metafiles(root):
        content = yaml.safe_load(metafile.read_text())
        names = ', '.join(c['Name'] for c in content['Collections'])
        lines += [f'## {names}', '', HEADER]
        lines += [_row(model) for model in content['Models']] + ['']
    return '\n'.join(lines)


def _row(model: Mapping) -> str:
    known = model['Metadata']
    scores = [r['Metrics'] for r in model.get('Results', [])]
    pq = scores[0] if scores else {}
    count = known['Parameters']
    cells = [
        f'[{model["Name"]}](../{model["Config"]})',
        known['Training Data'],
        f'{count:,}' if isinstance(count, int) else count,
        *(str(known[field]) for field in FIELDS[1:]),
        str(pq.get('PQ (paper)', '-')),
        str(pq.get('PQ', 'not trained')),
    ]
    return f'| {" | ".join(cells)} |'


def main() -> None:
    """Count, and write the metafiles and the page."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    root = mim_root()
    known = measured(root)
    for metafile in metafiles(root):
        facts: dict[str, Facts] = {}
        for model in yaml.safe_load(metafile.read_text())['Models']:
            count = count_parameters(root / model['Config'])
            facts[model['Name']] = {**known[model['Name']], 'Parameters': count}
            print(f'{model["Name"]}: {count:,}', flush=True)
        write_facts(metafile, facts)
    write_atomically(root / 'docs/model_zoo.md', page(root))


if __name__ == '__main__':
    main()
