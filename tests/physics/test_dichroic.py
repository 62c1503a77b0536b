"""Dichroic ratios against FastJet contrib and against what they are made of."""

import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import dichroic_ratio, modified_mass_drop, n_subjettiness, soft_drop
from tests.physics.substructure_jets import REFERENCE, boosted, jets, massless, random_jets, reference_jets, rotated


@pytest.mark.parametrize(("axes", "name"), [("kt", "KT_Axes"), ("wta_kt", "WTA_KT_Axes")])
@pytest.mark.parametrize(("loose", "numerator"), [(None, "full_over_mmdt"), ((2.0, 0.05), "loose_over_mmdt")])
def test_values_of_fastjet_contrib(axes, name, loose, numerator):
    ratios = dichroic_ratio(reference_jets(), axes=axes, loose=loose)
    expected = np.transpose([REFERENCE["dichroic"][name][beta][numerator] for beta in ("1", "2")])
    assert ratios == pytest.approx(expected, rel=1e-8)


def test_a_ratio_of_two_jets():
    some_jets, betas = reference_jets()[:10], (0.5, 1.5)
    large = soft_drop(some_jets, beta=1.0, z_cut=0.02, r0=0.6).constituents
    tagged = modified_mass_drop(some_jets, z_cut=0.2).constituents
    above = n_subjettiness(large, 3, betas, "onepass_kt", normalised=False)[:, :, 2]
    below = n_subjettiness(tagged, 3, betas, "onepass_kt", normalised=False)[:, :, 1]
    ratios = dichroic_ratio(some_jets, 3, betas, "onepass_kt", loose=(1.0, 0.02), tight_z_cut=0.2, r0=0.6, threads=1)
    assert ratios == pytest.approx(above / below, rel=1e-12)


def test_symmetries():
    some_jets = random_jets([9, 20, 40], seed=14)
    ratios = dichroic_ratio(some_jets)
    assert (ratios > 0.0).all()
    assert dichroic_ratio(rotated(some_jets, 2.0)) == pytest.approx(ratios, rel=1e-7)
    assert dichroic_ratio(boosted(some_jets, 0.9)) == pytest.approx(ratios, rel=1e-7)


def test_ratios_without_a_denominator_are_zero():
    hard, soft = massless(50.0, 0.1, 0.2), massless(1.0, 0.4, 0.1)
    assert dichroic_ratio(jets([], [hard], [hard, soft, soft])).tolist() == [[0.0, 0.0]] * 3


def test_wrong_arguments_are_refused():
    some_jets = random_jets([3], seed=1)
    with pytest.raises(DataError, match=r"n must be at least 2.*received 1"):
        dichroic_ratio(some_jets, n=1)
    with pytest.raises(DataError, match="z_cut must be in"):
        dichroic_ratio(some_jets, loose=(2.0, 1.5))
    with pytest.raises(DataError, match="unknown axes"):
        dichroic_ratio(some_jets, axes="none")
