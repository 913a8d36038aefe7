"""The page of ``mmpisr web``: its pictures and limits, and a visit in a browser."""

import os
import re
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tiny_hosts
from PIL import Image

from mmpisr.__main__ import main
from mmpisr.apis import web_page
from mmpisr.apis.figures import named_models
from mmpisr.apis.inferencer import PanopticInferencer
from mmpisr.apis.web_page import (
    pixel_picture,
    predict_pictures,
    read_examples,
    read_picture,
)

CHROMIUM = Path('/usr/bin/chromium')
SLIDER = '.block:has-text("base | PISR")'
WATCH = """
import os, sys

def watch(event, args):
    if event in ('socket.connect', 'socket.getaddrinfo'):
        address = args[1] if event == 'socket.connect' else args
        host = address[0] if isinstance(address, tuple) else 'unix'
        if host not in (None, 'unix', '127.0.0.1', '::1', 'localhost'):
            with open(os.environ['CONNECTIONS'], 'a') as file:
                print(event, host, file=file)

sys.addaudithook(watch)
"""


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> dict[str, list[str]]:
    """Config and checkpoint of the base and of base + PISR."""
    folder, family = tmp_path_factory.mktemp('secret_models'), 'panoptic-deeplab'
    names = {'base': False, 'PISR': True}
    return {n: tiny_hosts.save(family, folder, host=host) for n, host in names.items()}


@pytest.fixture(scope='module')
def images(tmp_path_factory) -> Path:
    """Two images of different sizes."""
    folder = tmp_path_factory.mktemp('secret_images')
    for number, size in enumerate([(64, 96), (96, 64)]):
        pixels = tiny_hosts.make_results(size, empty=True)['img']
        cv2.imwrite(str(folder / f'f{number}.png'), pixels)
    return folder


@pytest.fixture(scope='module')
def models(files) -> dict[str, PanopticInferencer]:
    return named_models(
        *(PanopticInferencer(*files[name]) for name in ('PISR', 'base'))
    )


def png(width: int, height: int) -> bytes:
    """A png of a few bytes that says it is of this size."""
    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    chunks = [(b'IHDR', head), (b'IDAT', zlib.compress(b'')), (b'IEND', b'')]
    parts = [
        struct.pack('>I', len(data))
        + kind
        + data
        + struct.pack('>I', zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'not an image'),
        (b'model = dict()', 'not an image'),
        (png(8001, 1000), r'its \(height, width\) is \(1000, 8001\)'),
        (png(100_000, 100_000), 'pixels'),
        (png(40, 20), 'not a complete image'),
        (b'\xff\xd8' + bytes(web_page.MAX_BYTES), r'it has 20\.0 MB'),
    ],
)
def test_a_bad_file_gets_a_message_with_the_limits(content, message):
    with pytest.raises(ValueError, match=f'{message}.*20 MB and 8 megapixels'):
        read_picture(content, 'shown')


@pytest.mark.parametrize(('frame', 'size'), [('shown', (96, 64)), ('stored', (64, 96))])
def test_an_upload_is_turned_as_in_testing(tmp_path, frame, size):
    path, exif = tmp_path / 'turned.jpg', Image.Exif()
    exif[274] = 6  # shown after a quarter turn
    Image.new('RGB', (96, 64)).save(path, exif=exif)

    assert read_picture(path.read_bytes(), frame).shape == (*size, 3)


def test_the_slider_has_two_models_or_the_image_and_one(models):
    image = tiny_hosts.make_results((64, 96), empty=True)['img']

    for chosen in (models, {'PISR': models['PISR']}):
        _, (left, right), _ = predict_pictures(chosen, image)
        assert left.shape == right.shape
        assert (left != right).any()


def test_a_click_outside_of_the_picture_names_the_size(models):
    image = tiny_hosts.make_results((64, 96), empty=True)['img']
    shown, _, clicked = predict_pictures(models, image)
    high, wide = clicked.shape[:2]

    for index in ((wide, 0), (0, high), (-1, 0)):
        with pytest.raises(ValueError, match='96 wide and 64 high'):
            pixel_picture(shown, index)
    assert pixel_picture(shown, (wide - 1, high - 1)).ndim == 3
    with pytest.raises(ValueError, match='upload it again'):
        pixel_picture(None, (0, 0))


@pytest.mark.parametrize(
    ('wide', 'index', 'point'),
    [
        (96, (25, 959), (2, 95)),
        (1500, (3, 1499), (2, 1498)),
        (3000, (900, 9), (2700, 27)),
    ],
)
def test_a_click_means_the_pixel_below_it(monkeypatch, wide, index, point):
    meta = dict(classes=('a',))
    shown = SimpleNamespace(image=np.zeros((16, wide, 3), np.uint8), meta=meta)
    monkeypatch.setattr(web_page.figures, 'pixel_figure', lambda _, at: at)

    assert pixel_picture(shown, index) == point


def test_an_example_that_cannot_be_read_is_named(models, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'none')
    with pytest.raises(ValueError, match=r'bad\.png cannot be shown: not an image'):
        read_examples(models, [str(tmp_path)])


def test_without_gradio_the_command_names_what_installs_it(monkeypatch):
    monkeypatch.setattr('mmpisr.apis.web.find_spec', lambda name: None)
    with pytest.raises(SystemExit, match=r"pip install 'mmpisr\[web\]'"):
        main(['web'])


@pytest.mark.skipif(find_spec('gradio') is None, reason='gradio is not installed')
def test_without_a_model_the_one_of_the_demo_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r'base \+ PISR has no checkpoint'):
        main(['web'])


def test_help_loads_neither_torch_nor_gradio():
    code = """
import sys
from mmpisr.__main__ import main
try:
    main(['web', '--help'])
except SystemExit:
    assert not {'torch', 'gradio'} & {*sys.modules}
"""
    subprocess.run([sys.executable, '-c', code], check=True, capture_output=True)


class Server:
    """``mmpisr web`` in a process; ``folder`` is where it runs."""

    def __init__(self, folder: Path, words: list[str]) -> None:
        self.folder, self.connections = folder, folder / 'connections'
        (folder / 'sitecustomize.py').write_text(WATCH)
        paths = [str(folder), str(tiny_hosts.CONFIGS.parent)]
        env = dict(os.environ, PYTHONPATH=':'.join(paths), OMP_NUM_THREADS='1')
        env |= dict(CONNECTIONS=str(self.connections), TMPDIR=str(folder))
        command = [sys.executable, '-m', 'mmpisr', 'web', '--device', 'cpu', *words]
        pipe: dict = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.process = subprocess.Popen(command, cwd=folder, env=env, **pipe)
        printed = ''
        for line in self.process.stdout:
            printed += line
            if found := re.search('http://127.0.0.1:[0-9]+', line):
                self.url = found[0]
                return
        raise AssertionError(printed)

    def stop(self) -> int:
        self.process.terminate()
        self.process.stdout.read()
        return self.process.wait(30)


@pytest.fixture(scope='module')
def server(files, images, tmp_path_factory):
    if find_spec('gradio') is None:
        pytest.skip('gradio is not installed')
    words = ['--model', *files['PISR'], '--compare', *files['base']]
    folder = tmp_path_factory.mktemp('secret_server')
    server = Server(folder, [*words, '--examples', str(images)])
    yield server
    server.stop()


@pytest.fixture(scope='module')
def browser():
    if find_spec('playwright') is None:
        pytest.skip('playwright is not installed')
    if not CHROMIUM.exists():
        pytest.skip(f'{CHROMIUM} is missing: apt-get install chromium')
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=['--no-sandbox']
        )
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def page(browser, server):
    """The page, on which no request may leave this machine."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    page.goto(server.url)
    yield page
    page.close()
    assert [url for url in asked if not url.startswith(('data:', server.url))] == []


def upload(page, path: Path) -> None:
    """Choose a file; the button also forgets the last one, as a browser does not."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role('button', name='Upload a File').click()
    chooser.value.set_files(str(path))


def sources(page, block: str, *others: str) -> list[str]:
    """Addresses of the pictures in a part of the page, once they are not ``others``."""
    images = page.locator(block).locator('img')
    for _ in range(600):
        found = [image.get_attribute('src') for image in images.all()]
        if found and not {*found} & {*others}:
            return found
        page.wait_for_timeout(200)
    raise AssertionError(f'{block} has no new pictures')


def click(page, x: float, y: float) -> None:
    """Click the pixel (x, y) of the shown prediction."""
    target = page.locator('#target img')
    box = target.bounding_box()
    wide, high = target.evaluate('image => [image.naturalWidth, image.naturalHeight]')
    scale = min(box['width'] / wide, box['height'] / high, 1)
    at = [
        side / 2 + scale * (place - size / 2)
        for side, place, size in ((box['width'], x, wide), (box['height'], y, high))
    ]
    target.click(position=dict(x=at[0], y=at[1]))


@pytest.mark.slow
def test_a_visitor_uploads_a_picture_and_clicks_a_pixel(page, images, models):
    upload(page, images / 'f1.png')
    uploaded = sources(page, SLIDER)
    page.locator('.thumbnail-item').first.click()
    picked = sources(page, SLIDER, *uploaded)
    assert len(uploaded) == len(picked) == 2

    page.get_by_role('tab', name='What a pixel depends on').click()
    shown, _, clicked = predict_pictures(models, cv2.imread(str(images / 'f0.png')))
    side = clicked.shape[1] / shown.image.shape[1]
    seen: list[str] = []
    for point in ((20, 30), (70, 50)):
        index = [(value + 0.5) * side for value in point]
        click(page, *index)
        seen += sources(page, '#pixel', *seen)
        png = np.frombuffer(page.request.get(seen[-1]).body(), np.uint8)
        expected = web_page.figures.pixel_figure(shown, point)
        np.testing.assert_array_equal(cv2.imdecode(png, 1)[..., ::-1], expected)

    page.get_by_role('tab', name='Heatmaps').click()
    assert sources(page, '#classes') != sources(page, '#slots')


@pytest.mark.slow
def test_a_visitor_with_a_bad_file_reads_what_is_wrong(page, tmp_path):
    path = tmp_path / 'bad.png'
    for content, message in (
        (b'none', 'not an image.*limits are 20 MB and 8 megapixels'),
        (png(8001, 1000), r'\(1000, 8001\)'),
        (bytes(web_page.MAX_BYTES + 1), 'maximum allowed size of 20'),
    ):
        path.write_bytes(content)
        upload(page, path)
        page.get_by_text(re.compile(message)).first.wait_for()


def answer(request: str | urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.slow
def test_the_server_gives_away_no_file_and_no_path(server, files):
    kept = [*files['PISR'], *files['base'], '/etc/passwd', 'http://example.com/a.png']
    for path in kept:
        assert answer(f'{server.url}/gradio_api/file={path}')[0] in (403, 404)
    told = ''.join(answer(f'{server.url}/{path}')[1] for path in ('', 'config'))
    temporary = rf'{server.folder}/mmpisr_web_\w+/'  # of pictures that it sends
    assert re.search(temporary, told)
    told = re.sub(temporary, '', told)
    for path in (
        'secret',
        str(tiny_hosts.CONFIGS.parent),
        sys.prefix,
        str(Path.home()),
    ):
        assert path not in told


@pytest.mark.slow
def test_an_upload_over_the_limit_is_refused_by_the_server_too(server):
    content = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"'
    content += b'\r\n\r\n' + bytes(web_page.MAX_BYTES + 1) + b'\r\n--b--\r\n'
    kind = {'Content-Type': 'multipart/form-data; boundary=b'}
    request = urllib.request.Request(f'{server.url}/gradio_api/upload', content, kind)

    assert answer(request)[0] == 413


@pytest.mark.slow
def test_a_stopped_server_has_opened_no_connection_and_leaves_no_upload(server):
    host, port = server.url.removeprefix('http://').split(':')
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for other in others - {host, '::1'}:
        with (
            pytest.raises(ConnectionRefusedError),
            socket.create_connection((other, int(port)), 5),
        ):
            pass

    assert server.stop() == 128 + 15
    assert not server.connections.exists(), server.connections.read_text()
    assert [*server.folder.glob('mmpisr_web_*')] == []
