import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import four_vectors, pseudorapidity, transverse_momentum
from keras_hep.physics.systematics import CalorimeterResolution, smear
from tests.physics.systematics.toy_events import FIELDS, toy_events


def rng():
    return np.random.default_rng(5)


def log_ratio(events, varied, field="E"):
    return np.log(ak.to_numpy(ak.flatten(varied[field])) / ak.to_numpy(ak.flatten(events[field])))


def test_factors_are_log_normal_of_the_asked_width_and_independent():
    events = toy_events(2000)
    ratio = log_ratio(events, smear(events, 0.2, rng()))
    number = len(ratio)
    assert np.mean(ratio) == pytest.approx(0.0, abs=4 * 0.2 / np.sqrt(number))
    assert np.std(ratio) == pytest.approx(0.2, rel=4 / np.sqrt(2 * number))
    assert np.corrcoef(ratio[1:], ratio[:-1])[0, 1] == pytest.approx(0.0, abs=4 / np.sqrt(number))


def test_all_components_share_the_factor():
    events = toy_events()
    varied = smear(events, 0.3, rng())
    factor = np.exp(log_ratio(events, varied))
    for field in FIELDS:
        expected = factor * ak.to_numpy(ak.flatten(events[field]))
        np.testing.assert_allclose(ak.flatten(varied[field]), expected, rtol=1e-12)


def test_the_width_may_depend_on_pt_and_eta():
    events = toy_events(3000)
    central = np.abs(ak.to_numpy(ak.flatten(pseudorapidity(events)))) < 1.0
    pt = ak.to_numpy(ak.flatten(transverse_momentum(events)))
    varied = smear(events, lambda pt, eta: np.where(np.abs(eta) < 1.0, 0.0, 0.01 * pt), rng())
    ratio = log_ratio(events, varied)
    assert (ratio[central] == 0.0).all()
    pull = ratio[~central] / (0.01 * pt[~central])
    assert np.std(pull) == pytest.approx(1.0, rel=4 / np.sqrt(2 * len(pull)))


def test_a_poor_resolution_leaves_energies_positive():
    events = toy_events()
    assert ak.all(smear(events, 3.0, rng()).E > 0)


def test_the_resolution_of_a_calorimeter():
    resolution = CalorimeterResolution(stochastic=0.5, noise=0.3, constant=0.02)
    pt, eta = np.array([4.0, 10.0, 0.0]), np.array([0.0, 1.5, 1.0])
    energy = pt[:2] * np.cosh(eta[:2])
    expected = np.hypot(np.hypot(0.5 / np.sqrt(energy), 0.3 / energy), 0.02)
    np.testing.assert_allclose(resolution(pt, eta)[:2], expected, rtol=1e-12)
    assert resolution(pt, eta)[2] == 0.02


def test_a_constituent_without_momentum_stays_where_it_is():
    nothing = four_vectors(px=ak.Array([[0.0]]), py=ak.Array([[0.0]]), pz=ak.Array([[0.0]]))
    assert smear(nothing, CalorimeterResolution(1.0, 1.0, 1.0), rng()).to_list() == nothing.to_list()


@pytest.mark.parametrize(("wrong", "shown"), [(-0.1, "-0.1"), (np.nan, "nan"), (np.inf, "inf")])
def test_wrong_resolutions_are_refused(wrong, shown):
    with pytest.raises(DataError, match=rf"resolution must be in \[0, inf\] and finite; received {shown}"):
        smear(toy_events(), wrong, rng())
    with pytest.raises(DataError, match=f"received {shown}"):
        smear(toy_events(), lambda pt, eta: np.full_like(pt, wrong), rng())
    with pytest.raises(DataError, match="noise must not be negative and must be finite"):
        CalorimeterResolution(noise=wrong)


def test_a_function_gives_one_number_a_constituent():
    with pytest.raises(DataError, match=r"one number a constituent, .* received shape \(2,\)"):
        smear(toy_events(), lambda pt, eta: np.ones(2), rng())
