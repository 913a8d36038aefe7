"""Messages of all errors, read from the source, for ``troubleshooting.md``."""

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

AREAS = {  # first of these that begins a module's path, and its title on the page
    'mmpisr/apis': 'Commands: train, test, predict, figures, compare',
    'mmpisr/families': 'Adding a relation to a config',
    'mmpisr/datasets': 'Data: jsons, images, pngs, zip files, pipelines',
    'mmpisr/engine': 'Checkpoints, and checks before a run',
    'mmpisr/evaluation': 'Metrics',
    'mmpisr/submissions': 'Submissions',
    'mmpisr/models': 'Models',
    'mmpisr/visualization': 'Pictures',
    'mmpisr': 'Classes, files, environment',
    'tools/dataset_converters': 'Converters of data sets',
    'tools': 'Other tools',
}
EXPRESSION = re.compile(r'{.*?}')
WORD = re.compile(r'[A-Za-z]{2}')
NOT_MESSAGES = 'AttributeError', 'NotImplementedError', 'SystemExit'
REPORTS = {  # functions that report a problem without raising; their last argument
    'error': 'data check, error',
    'warning': 'data check, warning',
    'report.problem': 'submission check',
    'self.problem': 'submission check',
}


class Message(NamedTuple):
    """One ``raise`` of the source, or one report of a check."""

    module: str
    line: int
    error: str
    """Its class, the function that makes it, or the check that reports it."""
    text: str
    """What it says, with the expressions of the source in braces."""
    condition: str
    """What is tested just before; empty if nothing is."""


def list_messages(repo: Path) -> str:
    """Write the part of the page: a folded table for each area."""
    areas: dict[str, list[Message]] = {title: [] for title in AREAS.values()}
    for message in read_messages(repo):
        area = next(a for a in AREAS if message.module.startswith(f'{a}/'))
        areas[AREAS[area]].append(message)
    return '\n'.join(_table(title, found) for title, found in areas.items())


def read_messages(repo: Path) -> Iterator[Message]:
    """Yield the messages of raised errors and of checks in ``mmpisr`` and ``tools``."""
    for folder in 'mmpisr', 'tools':
        for path in sorted((repo / folder).rglob('*.py')):
            tree = ast.parse(path.read_text())
            yield from _messages_of(tree, path.relative_to(repo).as_posix())


def _messages_of(tree: ast.Module, module: str) -> Iterator[Message]:
    parents = {c: node for node in ast.walk(tree) for c in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        error, parts = _error_of(node)
        if not parts:
            continue
        around = [node]
        while around[-1] in parents:
            around.append(parents[around[-1]])
        text = ', '.join(_text(part, around) for part in parts)
        if WORD.search(EXPRESSION.sub('', text)):  # else it is another error's text
            yield Message(module, node.lineno, error, text, _condition(around))


def _error_of(node: ast.AST) -> tuple[str, list[ast.expr]]:
    """Name of an error, and the parts of its text; no parts for other nodes."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        error = ast.unparse(node.exc.func)
        return error, [] if error in NOT_MESSAGES else node.exc.args
    if isinstance(node, ast.Call) and ast.unparse(node.func) in REPORTS:
        return REPORTS[ast.unparse(node.func)], node.args[-1:]
    return '', []


def _text(value: ast.expr, around: list[ast.AST]) -> str:
    """Write a message as a reader sees it, with ``{expression}`` where values stand."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return ''.join(_text(part, around) for part in value.values)
    if isinstance(value, ast.FormattedValue):
        if isinstance(value.value, ast.Name) and value.value.id.isupper():
            return _text(value.value, around)
        return f'{{{ast.unparse(value.value)}}}'
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return _text(value.left, around) + _text(value.right, around)
    if isinstance(value, ast.Name):
        assigned = _assigned(value.id, around)
        return f'{{{value.id}}}' if assigned is None else _text(assigned, around)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        template = value.func.value
        if value.func.attr == 'format' and isinstance(template, ast.Name):
            return _text(template, around)
    return f'{{{ast.unparse(value)}}}'


def _assigned(name: str, around: list[ast.AST]) -> ast.expr | None:
    """Find the text that a variable holds: of the function, or else of the module."""
    used = next(
        node.lineno for node in around if isinstance(node, (ast.stmt, ast.expr))
    )
    for scope in around:
        if not isinstance(scope, (ast.FunctionDef, ast.Module)):
            continue
        texts = {
            node.lineno: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == name
            and isinstance(node.value, (ast.Constant, ast.JoinedStr))
        }
        before = [line for line in texts if line < used or scope is around[-1]]
        if before:
            return texts[max(before)]
    return None


def _condition(around: list[ast.AST]) -> str:
    """Describe the innermost ``if``, ``for`` or ``except`` that holds a ``raise``."""
    for inner, outer in zip(around, around[1:], strict=False):
        if isinstance(outer, ast.If):
            test = ast.unparse(outer.test)
            if isinstance(outer.test, ast.Name):  # as `missing`; the message has it
                return ''
            return f'not ({test})' if inner in outer.orelse else test
        if isinstance(outer, ast.ExceptHandler):
            return f'{ast.unparse(outer.type)} is caught' if outer.type else ''
        if isinstance(outer, (ast.FunctionDef, ast.For)):
            return ''
    return ''


def _table(title: str, messages: list[Message]) -> str:
    rows = [
        f'| {_code(m.text)} | {_code(m.condition) if m.condition else "-"} '
        f'| {m.error}, `{m.module}` |'
        for m in messages
    ]
    lines = [
        f'| message ({len(messages)}) | when | error, module |',
        '| --- | --- | --- |',
    ]
    body = '\n'.join(f'    {line}' for line in [*lines, *rows])
    return f'??? note "{title}"\n\n{body}\n'


def _code(text: str) -> str:
    """Write any text as code in a cell of a table."""
    one_line = html.escape(' '.join(text.split()), quote=False)
    for special in '|', '`', '*', '_', '[', '\\':
        one_line = one_line.replace(special, f'&#{ord(special)};')
    return f'<code>{one_line}</code>'
