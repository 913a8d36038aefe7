"""The table of classes: three formats, one reading, and what is refused."""

import json

import pytest
from converters.classes_file import read_classes

ROAD = dict(id=3, name='road', isthing=0, color=[128, 64, 128])
CAR = dict(id=9, name='car', isthing=1, color=[0, 0, 142])


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name='classes.json'):
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return read_classes(path)

    return write_and_read


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('a.json', json.dumps([ROAD, CAR])),
        (
            'a.yaml',
            "- {id: 3, name: road, isthing: false, color: '#804080'}\n"
            '- {id: 9, name: car, isthing: true, color: [0, 0, 142]}\n',
        ),
        (
            'a.csv',
            'id, name, isthing, color\n3, road, 0, #804080\n9, car, 1, #00008e\n',
        ),
    ],
)
def test_all_formats_read_the_same_things_first(read, name, text):
    assert read(text, name) == [CAR, ROAD]


TABLE = 'id,name,isthing\n0,Straße,no\n4,car,yes\n'


@pytest.mark.parametrize(
    'content',
    [
        TABLE.encode('utf-8-sig'),
        TABLE.encode('utf-16'),
        TABLE.encode('latin-1'),
        TABLE.replace(',', ';').encode(),
        TABLE.replace(',', '\t').encode(),
        TABLE.replace(',', ' , ').encode(),
        TABLE.replace('\n', '\r\n').encode(),
        TABLE.replace('\n', '\n\n').encode() + b',,\n',
        ('\n' + TABLE).encode(),
        TABLE.replace('id,name,isthing', 'ID,Name,Is_Thing').encode(),
        TABLE.replace('no', 'FALSCH').replace('yes', 'WAHR').encode(),
        TABLE.replace('0,', '0.0,').encode(),
        TABLE.replace('\n', ',\n').encode(),
    ],
)
def test_a_csv_may_come_from_any_program(tmp_path, content):
    path = tmp_path / 'classes.CSV'
    path.write_bytes(content)

    assert read_classes(path) == [
        dict(id=4, name='car', isthing=1),
        dict(id=0, name='Straße', isthing=0),
    ]


def test_windows_encoding_is_said(tmp_path, capsys):
    path = tmp_path / 'a.csv'
    path.write_bytes(TABLE.encode('cp1252'))
    read_classes(path)

    assert 'a.csv: not UTF-8, so it is read as Windows-1252' in capsys.readouterr().out


def test_a_json_may_begin_with_a_mark(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps([CAR]), encoding='utf-8-sig')

    assert read_classes(path) == [CAR]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (TABLE + '5,a,b,yes\n', "needs .*'fields without a heading': "),
        (TABLE + '-1,void,no\n', "id is '-1', .* is named with --void instead"),
        (b'id,name,isthing\n0,\x81\xff,no\n', r"neither of \('utf-8-sig', 'cp1252'\)"),
        ('- {id: 0, name: off, isthing: 0}', 'name is False; put it in quotes'),
    ],
)
def test_a_table_that_would_be_misread_is_refused(tmp_path, content, message):
    path = tmp_path / ('a.yaml' if 'off' in str(content) else 'a.csv')
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ValueError, match=message):
        read_classes(path)


def test_colours_may_be_left_out(read):
    assert read('id,name,isthing,color\n0,road,no,\n', 'a.csv') == [
        dict(id=0, name='road', isthing=0)
    ]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([], 'expected a list of classes, each with id, name, isthing; got list of'),
        ({'road': 3}, 'got dict'),
        ([dict(id=3, name='road')], r"class 0 needs \('id', 'name', 'isthing'\), got"),
        ([dict(CAR, isthing='maybe')], "class 0: isthing is 'maybe', not 0 or 1"),
        ([dict(CAR, id=-1)], 'class 0: id is -1, not an integer'),
        ([dict(CAR, id=1.5)], 'class 0: id is 1.5, not an integer'),
        ([dict(CAR, color='red')], r"class 0: color is 'red', neither"),
        ([dict(CAR, color=[0, 0, 256])], r'class 0: color is \[0, 0, 256\]'),
        ([CAR, CAR], r'categories\[\]\.id must be unique'),
        ([CAR, dict(id=1, name='b', isthing=1)], '1 of 2 classes have a color'),
        ('[{', 'cannot be read'),
    ],
)
def test_a_faulty_table_is_refused_naming_file_and_entry(read, content, message):
    with pytest.raises(ValueError, match=r'classes\.json: .*' + message):
        read(content)


def test_other_suffixes_are_refused(read):
    with pytest.raises(ValueError, match=r"'\.txt' is none of \.json \.yaml"):
        read('', 'a.txt')


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'a\.csv: there is no such file'):
        read_classes(tmp_path / 'a.csv')
