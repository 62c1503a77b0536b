import pytest

from keras_hep import errors
from keras_hep.errors import KerasHepError, nearest

ERRORS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_can_be_caught_as_one_of_ours(error):
    assert issubclass(error, KerasHepError)
    with pytest.raises(KerasHepError, match="what was received"):
        raise error("what was received")


def test_no_error_is_missing_from_the_public_names():
    defined = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}
    assert defined <= set(errors.__all__)


def test_nearest_puts_close_names_first_and_lists_all_sorted():
    assert nearest("j_mas", ["phi", "j_mass", "eta"]) == "did you mean 'j_mass'? Known: eta, j_mass, phi"


def test_nearest_offers_several_close_names():
    hint = nearest("part_p", ["part_px", "part_py"])
    assert "'part_px' or 'part_py'" in hint or "'part_py' or 'part_px'" in hint


def test_nearest_makes_no_far_fetched_suggestion():
    assert nearest("zzz", ["alpha", "beta"]) == "Known: alpha, beta"


def test_nearest_of_nothing():
    assert nearest("x", iter(())) == "Known: none"
