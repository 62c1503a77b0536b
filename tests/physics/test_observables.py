"""The sixteen observables against formulas written out plainly, FastJet contrib's values, and their symmetries."""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import OBSERVABLES, energy_correlators, jet_observables, modified_mass_drop, rapidity, wrap_phi

REFERENCE = json.loads(Path(__file__).parents[1].joinpath("fixtures/substructure_20jets.json").read_text("utf-8"))
NAMES = [
    "j_zlogz",
    *(f"j_c1_b{beta}_mmdt" for beta in (0, 1, 2)),
    *(f"j_{name}_b{beta}_mmdt" for name in ("c2", "d2", "d2_a1", "m2", "n2") for beta in (1, 2)),
    "j_mass_mmdt",
    "j_multiplicity",
]
Vector = tuple[float, float, float, float]


def jets(*constituents: list[Vector]) -> ak.Array:
    """Build jets from lists of (px, py, pz, E); at least one list must not be empty."""
    fields = ("px", "py", "pz", "E")
    return ak.Array([[dict(zip(fields, vector, strict=True)) for vector in jet] for jet in constituents])


def massless(pt: float, eta: float, phi: float) -> Vector:
    return pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta), pt * math.cosh(eta)


@pytest.fixture(scope="module")
def reference_jets() -> ak.Array:
    pt, eta, phi, energy = (ak.Array(REFERENCE["constituents"][name]) for name in ("pt", "eta", "phi", "energy"))
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": energy})


def plain_correlators(constituents: ak.Array, beta: float) -> dict[str, float]:
    """The sums of arXiv:1609.07483 for one jet, in loops."""
    pt = [math.hypot(c.px, c.py) for c in constituents]
    y = [0.5 * math.log((c.E + c.pz) / (c.E - c.pz)) for c in constituents]
    phi = [math.atan2(c.py, c.px) for c in constituents]
    z = [value / sum(pt) for value in pt]

    def angle(i: int, j: int) -> float:
        dphi = abs(phi[i] - phi[j])
        return math.hypot(y[i] - y[j], min(dphi, 2 * math.pi - dphi)) ** beta

    pairs = itertools.combinations(range(len(z)), 2)
    sums = {"e2": sum(z[i] * z[j] * angle(i, j) for i, j in pairs), "v1e3": 0.0, "v2e3": 0.0, "v3e3": 0.0}
    for i, j, k in itertools.combinations(range(len(z)), 3):
        ordered = sorted((angle(i, j), angle(i, k), angle(j, k)))
        for used in (1, 2, 3):
            sums[f"v{used}e3"] += z[i] * z[j] * z[k] * math.prod(ordered[:used])
    return sums


@pytest.fixture(scope="module")
def some_jets() -> ak.Array:
    """Massless jets of 1 to 14 constituents, one of them across phi = pi."""
    rng = np.random.default_rng(4)
    made = []
    for count in (14, 1, 3, 9, 2):
        axis = 3.1 if count == 9 else rng.uniform(-2, 2)
        made.append(
            [
                massless(rng.exponential(80) + 1, 0.5 + rng.normal(0, 0.3), axis + rng.normal(0, 0.3))
                for _ in range(count)
            ]
        )
    return jets(*made)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_correlators_equal_the_sums_written_out(some_jets: ak.Array, beta: float) -> None:
    batched = energy_correlators(some_jets, betas=(beta,))[beta]
    for jet, constituents in enumerate(some_jets):
        for name, value in plain_correlators(constituents, beta).items():
            assert getattr(batched, name)[jet] == pytest.approx(value, rel=1e-9, abs=1e-18), (name, jet)


def test_observables_equal_their_definitions(some_jets: ak.Array) -> None:
    observed = jet_observables(some_jets)
    groomed = modified_mass_drop(some_jets)
    for jet in (0, 3):
        assert len(groomed.constituents[jet]) >= 3
        one, two = (plain_correlators(groomed.constituents[jet], beta) for beta in (1.0, 2.0))
        pt = np.hypot(some_jets[jet].px, some_jets[jet].py)
        z = pt / sum(pt)
        total = [sum(groomed.constituents[jet][field]) for field in ("E", "px", "py", "pz")]
        expected = {
            "j_zlogz": sum(z * np.log(z)),
            "j_c1_b0_mmdt": plain_correlators(groomed.constituents[jet], 0.0)["e2"],
            "j_c1_b1_mmdt": one["e2"],
            "j_c1_b2_mmdt": two["e2"],
            "j_c2_b1_mmdt": one["v3e3"] / one["e2"] ** 2,
            "j_c2_b2_mmdt": two["v3e3"] / two["e2"] ** 2,
            "j_d2_b1_mmdt": one["v3e3"] / one["e2"] ** 3,
            "j_d2_b2_mmdt": two["v3e3"] / two["e2"] ** 3,
            "j_d2_a1_b1_mmdt": one["v3e3"] / one["e2"] ** 3,
            "j_d2_a1_b2_mmdt": one["v3e3"] / two["e2"] ** 1.5,
            "j_m2_b1_mmdt": one["v1e3"] / one["e2"],
            "j_m2_b2_mmdt": two["v1e3"] / two["e2"],
            "j_n2_b1_mmdt": one["v2e3"] / one["e2"] ** 2,
            "j_n2_b2_mmdt": two["v2e3"] / two["e2"] ** 2,
            "j_mass_mmdt": math.sqrt(total[0] ** 2 - total[1] ** 2 - total[2] ** 2 - total[3] ** 2),
            "j_multiplicity": len(some_jets[jet]),
        }
        assert {name: observed[name][jet] for name in NAMES} == pytest.approx(expected, rel=1e-8)


def test_names_and_order_are_those_of_the_data_set(some_jets: ak.Array) -> None:
    assert list(OBSERVABLES) == NAMES
    assert list(jet_observables(some_jets)) == NAMES


def test_groomed_jets_equal_fastjet_contrib(reference_jets: ak.Array) -> None:
    groomed = modified_mass_drop(reference_jets)
    assert groomed.mass == pytest.approx(np.maximum(REFERENCE["mmdt"]["mass"], 0.0), rel=1e-7)
    assert ak.num(groomed.constituents).tolist() == REFERENCE["mmdt"]["n"]
    pt = np.hypot(ak.sum(groomed.constituents.px, axis=1), ak.sum(groomed.constituents.py, axis=1))
    assert ak.to_numpy(pt) == pytest.approx(np.array(REFERENCE["mmdt"]["pt"]), rel=1e-7)


@pytest.mark.parametrize("name", ["C2", "D2", "M2", "N2"])
def test_groomed_correlators_equal_fastjet_contrib(reference_jets: ak.Array, name: str) -> None:
    observed = jet_observables(reference_jets)[f"j_{name.lower()}_b1_mmdt"]
    assert observed == pytest.approx(np.array(REFERENCE["groomed"][name]), rel=1e-7)


def test_a_rotation_about_the_beam_changes_nothing(some_jets: ak.Array) -> None:
    angle = 2.0
    turned = ak.zip(
        {
            "px": some_jets.px * np.cos(angle) - some_jets.py * np.sin(angle),
            "py": some_jets.px * np.sin(angle) + some_jets.py * np.cos(angle),
            "pz": some_jets.pz,
            "E": some_jets.E,
        }
    )
    before, after = jet_observables(some_jets), jet_observables(turned)
    for name in NAMES:
        assert after[name] == pytest.approx(before[name], rel=1e-7, abs=1e-5), name


def test_a_boost_along_the_beam_changes_nothing(some_jets: ak.Array) -> None:
    boosted = ak.zip(
        {
            "px": some_jets.px,
            "py": some_jets.py,
            "pz": some_jets.pz * np.cosh(1.5) + some_jets.E * np.sinh(1.5),
            "E": some_jets.E * np.cosh(1.5) + some_jets.pz * np.sinh(1.5),
        }
    )
    before, after = jet_observables(some_jets), jet_observables(boosted)
    for name in NAMES:
        assert after[name] == pytest.approx(before[name], rel=1e-7, abs=1e-5), name


def test_the_order_of_constituents_and_jets_does_not_matter(reference_jets: ak.Array) -> None:
    before = jet_observables(reference_jets)
    after = jet_observables(reference_jets[::-1, ::-1])
    for name in NAMES:
        assert after[name][::-1] == pytest.approx(before[name], rel=1e-7), name


def test_grooming_removes_soft_wide_radiation_and_keeps_two_prongs() -> None:
    prongs = [massless(300.0, 0.0, 0.0), massless(200.0, 0.3, 0.0)]
    groomed = modified_mass_drop(jets([*prongs, massless(5.0, -0.5, 0.5)]))
    assert ak.num(groomed.constituents).tolist() == [2]
    expected = math.sqrt(2 * 300.0 * 200.0 * (math.cosh(0.3) - 1.0))
    assert groomed.mass[0] == pytest.approx(expected)


def test_small_jets_have_finite_values() -> None:
    hard = massless(500.0, 0.2, 0.1)
    small = jets(
        [hard],
        [],
        [hard, massless(400.0, 0.5, 0.1)],
        [hard, hard, hard],
        [(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 5.0, 5.0)],
        [hard, massless(1.0, 0.5, 0.1)],
    )
    observed = jet_observables(small)
    table = np.stack(list(observed.values()))
    assert np.isfinite(table).all()
    assert table[:, 1].tolist() == [0.0] * 16
    assert observed["j_multiplicity"].tolist() == [1, 0, 2, 3, 2, 2]
    two_prongs = {name: observed[name][2] for name in NAMES}
    assert two_prongs["j_c1_b1_mmdt"] == pytest.approx(500 / 900 * 400 / 900 * 0.3)
    assert [two_prongs[f"j_{name}_mmdt"] for name in ("c2_b1", "d2_b2", "m2_b1", "n2_b2")] == [0.0] * 4
    # Collinear constituents: pairs without an angle.
    assert observed["j_c1_b0_mmdt"][3] == pytest.approx(1 / 3)
    assert observed["j_c1_b1_mmdt"][3] == observed["j_d2_b1_mmdt"][3] == 0.0
    # Nothing passes the cut, so that one constituent is left.
    assert observed["j_c1_b0_mmdt"][5] == 0.0
    assert observed["j_mass_mmdt"][5] == pytest.approx(0.0, abs=1e-4)


def test_no_jets_give_no_values(some_jets: ak.Array) -> None:
    assert {values.shape for values in jet_observables(some_jets[:0]).values()} == {(0,)}


def test_wrong_constituents_are_refused(some_jets: ak.Array) -> None:
    with pytest.raises(DataError, match="missing: E; received: px, py, pz"):
        jet_observables(some_jets[["px", "py", "pz"]])
    with pytest.raises(DataError, match="two axes"):
        jet_observables(some_jets[0])
    with pytest.raises(DataError, match="jet 1 has a NaN or infinite E"):
        jet_observables(jets([massless(1.0, 0.0, 0.0)], [(1.0, 0.0, 0.0, math.nan)]))
    with pytest.raises(DataError, match="jet 0 balance"):
        jet_observables(jets([(1.0, 0.0, 0.0, 1.0), (-1.0, 0.0, 0.0, 1.0)]))


def test_observables_need_no_fastjet(some_jets: ak.Array, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = jet_observables(some_jets)
    monkeypatch.setitem(sys.modules, "fastjet", None)
    assert jet_observables(some_jets)["j_mass_mmdt"].tolist() == expected["j_mass_mmdt"].tolist()


def test_rapidity_and_azimuth() -> None:
    vectors = jets([(3.0, 4.0, 2.0, 7.0), massless(2.0, -1.3, 0.0), (0.0, 0.0, 0.0, 0.0)])
    assert rapidity(vectors)[0].tolist() == pytest.approx([0.5 * math.log(9 / 5), -1.3, 0.0])
    assert wrap_phi(np.array([3.5, -3.5, 0.1])) == pytest.approx([3.5 - 2 * np.pi, 2 * np.pi - 3.5, 0.1])
