import random

import keras
import numpy as np
import pytest

import keras_hep
from keras_hep.seeds import seed


def drawn():
    return (
        random.random(),
        np.random.random(),
        float(keras.random.uniform(())),
        float(keras.initializers.GlorotUniform()((1, 1))[0, 0]),
    )


def test_one_seed_seeds_everything():
    seed(5)
    first = drawn()
    assert all(one != two for one, two in zip(first, drawn(), strict=True))
    seed(5)
    assert drawn() == first


def test_another_seed_gives_other_numbers():
    seed(5)
    first = drawn()
    seed(6)
    assert all(one != two for one, two in zip(first, drawn(), strict=True))


@pytest.mark.parametrize("value", [0, 2**32 - 1, 2**40])
def test_every_whole_number_will_do(value):
    seed(value)
    first = drawn()
    seed(value)
    assert drawn() == first


def test_the_facade_has_it():
    assert keras_hep.seed is seed
