import awkward as ak
import numpy as np
import pytest
import vector
from scipy import stats

from keras_hep.errors import DataError
from keras_hep.physics import (
    four_vectors,
    missing_momentum,
    missing_momentum_significance,
    propagate_variation,
    systematics,
    to_vector,
)


def objects(events=300, mean=6, seed=1):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(mean, events)
    total = counts.sum()
    columns = {
        "pt": 20 + rng.exponential(60, total),
        "eta": rng.uniform(-3, 3, total),
        "phi": rng.uniform(-np.pi, np.pi, total),
    }
    return four_vectors(**{name: ak.unflatten(values, counts) for name, values in columns.items()})


def test_it_is_the_negative_sum_of_vector():
    measured = objects()
    missing = missing_momentum(measured)
    total = ak.sum(to_vector(measured), axis=1)
    np.testing.assert_allclose(missing.pt, total.pt, rtol=1e-12, atol=1e-12)
    balanced = vector.array({"px": missing.px + total.px, "py": missing.py + total.py})
    np.testing.assert_allclose(balanced.rho, 0.0, atol=1e-10)
    filled = ak.to_numpy(ak.num(measured)) > 0
    np.testing.assert_allclose(np.cos(missing.phi - ak.to_numpy(total.phi))[filled], -1.0, rtol=1e-12)
    np.testing.assert_allclose(missing.sum_et, ak.sum(to_vector(measured).pt, axis=1), rtol=1e-12)


def test_an_event_without_objects_misses_nothing():
    measured = objects(4)[[0, 1]]
    empty = ak.concatenate([measured[:1], measured[1:, :0]])
    missing = missing_momentum(empty)
    assert missing.pt[0] > 0
    assert (missing.px[1], missing.py[1], missing.phi[1], missing.sum_et[1]) == (0.0, 0.0, 0.0, 0.0)
    assert missing_momentum_significance(empty, 0.1, 0.05)[1] == 0.0


def test_a_variation_of_the_objects_moves_the_missing_momentum_against_them():
    measured = objects()
    nominal = missing_momentum(measured)
    other = nominal._replace(px=nominal.px - 30.0)  # a soft term that does not vary
    varied = propagate_variation(other, measured, systematics.rescale(measured, 1.1))
    np.testing.assert_allclose(varied.px, 1.1 * nominal.px - 30.0, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(varied.py, 1.1 * nominal.py, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(varied.sum_et, 1.1 * nominal.sum_et, rtol=1e-12)
    same = propagate_variation(other, measured, systematics.rescale(measured, 1.0))
    for before, after in zip(other, same, strict=True):
        np.testing.assert_array_equal(after, before)


def test_one_object_is_measured_along_and_across_itself():
    """Two objects at right angles to a third: the covariance is diagonal, and S is the distance in standard deviations."""
    phi = ak.Array([[0.7, 0.7 + np.pi / 2, 0.7 - np.pi / 2]])
    pt = ak.Array([[50.0, 40.0, 40.0]])
    measured = four_vectors(pt=pt, eta=0.0 * pt, phi=phi)
    along = (0.2 * 50) ** 2 + 2 * (0.01 * 40) ** 2
    significance = missing_momentum_significance(measured, 0.2, 0.01)
    np.testing.assert_allclose(significance, [50.0 / np.sqrt(along)], rtol=1e-12)


def test_without_invisible_particles_it_follows_a_chi2_distribution():
    """Balanced events of three objects, measured with Gaussian resolutions that depend on pt and eta."""
    rng = np.random.default_rng(8)
    events = 4000
    first, second = (rng.normal(0, 60, (events, 2)) for _ in range(2))
    true = np.stack([first, second, -first - second], axis=1)
    pt, phi = np.hypot(*np.moveaxis(true, -1, 0)), np.arctan2(true[..., 1], true[..., 0])
    eta = rng.uniform(-2, 2, pt.shape)

    def pt_resolution(pt, eta):
        return 0.01 + 0.02 * np.abs(eta)

    measured = four_vectors(
        pt=ak.Array(pt * (1 + pt_resolution(pt, eta) * rng.normal(size=pt.shape))),
        eta=ak.Array(eta),
        phi=ak.Array(phi + 0.02 * rng.normal(size=pt.shape)),
    )
    squared = missing_momentum_significance(measured, pt_resolution, 0.02) ** 2
    assert stats.kstest(squared, "chi2", args=(2,)).pvalue > 0.05
    assert np.mean(squared) == pytest.approx(2.0, abs=4 * 2.0 / np.sqrt(events))


@pytest.mark.parametrize("wrong", [0.0, -0.1, np.nan, np.inf])
def test_resolutions_must_be_positive(wrong):
    with pytest.raises(DataError, match=f"pt_resolution must be positive and finite; received {wrong}"):
        missing_momentum_significance(objects(), wrong, 0.1)
    with pytest.raises(DataError, match="phi_resolution must be positive"):
        missing_momentum_significance(objects(), 0.1, lambda pt, eta: wrong * pt)


def test_other_numbers_of_events_are_refused():
    measured = objects()
    with pytest.raises(DataError, match="the numbers of events differ: 300, 300, 299"):
        propagate_variation(missing_momentum(measured), measured, measured[1:])
