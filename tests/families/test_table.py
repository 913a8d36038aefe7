import pytest

from mmpisr import Family, add_relation, register_family
from mmpisr.families import FAMILIES
from mmpisr.families.add import read_config

DERIVED = Family(base='others.DerivedDeepLab', host='mmpisr.PISRPanopticDeepLab')


@pytest.fixture
def empty_again():
    """Remove the families that a test registers."""
    registered = [*FAMILIES]
    yield
    FAMILIES[:] = registered


@pytest.mark.usefixtures('empty_again')
def test_the_family_of_the_most_derived_base_is_taken():
    cfg = read_config('mmpisr::panoptic_deeplab/panoptic-deeplab_r52_90k_cityscapes.py')
    cfg.model.type = 'others.DerivedDeepLab'
    host = 'mmpisr.PISRTwoStagePanopticSegmentor'  # any other than the base's
    register_family(DERIVED._replace(host=host))

    with pytest.raises(ValueError, match=f'which {host} would not have'):
        add_relation(cfg)


@pytest.mark.usefixtures('empty_again')
def test_registering_a_family_twice_changes_nothing():
    register_family(DERIVED)
    once = [*FAMILIES]
    register_family(DERIVED)

    assert once == FAMILIES
    assert once[0] == DERIVED


@pytest.mark.usefixtures('empty_again')
def test_a_second_host_for_a_base_is_refused():
    register_family(DERIVED)

    with pytest.raises(
        ValueError, match=r'becomes mmpisr\.PISRPanopticDeepLab already'
    ):
        register_family(DERIVED._replace(host='others.Host'))


@pytest.mark.parametrize('field', ['base', 'host'])
def test_a_type_without_prefix_is_refused(field):
    with pytest.raises(ValueError, match=f"{field} is 'Bare', but needs the prefix"):
        register_family(DERIVED._replace(**{field: 'Bare'}))


@pytest.mark.usefixtures('empty_again')
def test_a_host_in_no_registry_is_named():
    cfg = read_config('mmpisr::panoptic_deeplab/panoptic-deeplab_r52_90k_cityscapes.py')
    cfg.model.type = 'others.DerivedDeepLab'
    register_family(DERIVED._replace(host='others.Nobody'))

    with pytest.raises(ValueError, match=r'others\.Nobody, the host of .* no registry'):
        add_relation(cfg)


@pytest.mark.usefixtures('empty_again')
def test_a_family_of_a_package_that_is_not_installed_is_ignored(cfg):
    register_family(Family(base='mmpose.Nothing', host='mmpose.PISRNothing'))

    assert 'relation' in add_relation(cfg).model
