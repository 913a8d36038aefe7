"""The commands and Python blocks of pages: read, and run in a prepared folder."""

import ast
import inspect
import re
import runpy
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.registry import Registry, root

from mmpisr.__main__ import main

BLOCK = re.compile(
    r'^(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>bash|shell|python)\n'
    r'(?P<code>.*?)^```',
    re.DOTALL | re.MULTILINE,
)
SMALLER = (  # a training is two iterations, whatever the page says
    (r'max_iters=\d+', 'max_iters=2'),
    (r'iter_\d+\.pth', 'iter_2.pth'),
    (r'--num-(train|val) \d+', r'--num-\1 2'),
)
VARIABLE = re.compile(r'[A-Z_]+=')
TWO_ITERATIONS = 'train_cfg.max_iters=2'


class Block(NamedTuple):
    """A block of a page.

    Attributes:
        mark: Text of the comment above it, such as ``not run: needs COCO``.
    """

    page: str
    line: int
    mark: str | None
    language: str
    code: str


def blocks_of(page: Path, repo: Path) -> list[Block]:
    """Read the blocks of a page in order."""
    text = page.read_text()
    name = page.relative_to(repo).as_posix()
    return [
        Block(name, 1 + text.count('\n', 0, found.start()), *found.groups())
        for found in BLOCK.finditer(text)
    ]


def run_block(block: Block, values: Mapping[str, str], names: dict[str, Any]) -> None:
    """Run a block in the current folder.

    Args:
        block: Commands; Python; or a config, which is loaded, and whose types must
            exist and take the arguments.
        values: What stands in for the words in capitals, such as ``CONFIG``.
        names: Variables of the page's Python blocks.
    """
    if block.language == 'python':
        if is_config(block.code):
            check_config(block.code)
        else:
            exec(compile(block.code, block.page, 'exec'), names)
        return
    code = block.code.replace('\\\n', ' ')
    for pattern, small in SMALLER:
        code = re.sub(pattern, small, code)
    for line in code.splitlines():
        words = shlex.split(line, comments=True)
        while words and VARIABLE.match(words[0]):
            words.pop(0)
        if words:
            run_command([values.get(word, word) for word in words])


def run_command(words: list[str]) -> None:
    """Run ``python SCRIPT ...`` or ``mmpisr ...`` in this process; it must end well."""
    program, *args = words
    if program == 'mmpisr':
        assert not main(args), words
        return
    assert program == 'python', f'{words}: mark the block `not run`, or `run by TEST`'
    script = args[0]
    if script == 'tools/train.py' and '--cfg-options' not in args:
        args += ['--cfg-options', TWO_ITERATIONS]
    arguments, code = sys.argv, None
    sys.argv = args
    try:
        runpy.run_path(script, run_name='__main__')
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = arguments
    assert not code, (words, code)


def is_config(code: str) -> bool:
    """Whether Python has nothing but assignments."""
    return all(isinstance(node, ast.Assign) for node in ast.parse(code).body)


def check_config(code: str) -> None:
    """Load a config, or a part of one, and bind the arguments of the types it names."""
    path = Path('my_part.py')
    path.write_text(code)
    Config.fromfile(path)
    written: dict[str, Any] = {}
    exec(compile(code, path, 'exec'), {}, written)
    for kind, arguments in types_in(written):
        inspect.signature(find_class(kind)).bind_partial(**arguments)


def types_in(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find each dictionary with a ``type``, and its other fields."""
    if isinstance(value, Mapping):
        fields = {name: v for name, v in value.items() if not name.startswith('_')}
        if isinstance(kind := fields.pop('type', None), str):
            yield kind, fields
        for inner in fields.values():
            yield from types_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from types_in(inner)


def find_class(kind: str) -> type:
    """Find the class of a type in any registry."""
    for registry in vars(root).values():
        if isinstance(registry, Registry):
            with registry.switch_scope_and_registry('mmdet') as scoped:
                found = scoped.get(kind)
            if found is not None:
                return found
    raise AssertionError(f'no registry has {kind}')
