"""Binary trees: they are FastJet's, their format is what a network by levels needs, and padding is harmless."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics._fastjet import load_fastjet
from keras_hep.physics.trees import binary_trees

REFERENCE = json.loads(Path(__file__).parents[1].joinpath("fixtures/substructure_20jets.json").read_text("utf-8"))
ALGORITHMS = ("kt", "ca", "antikt")
LINKS = ("left", "right", "level", "constituent")


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    """Twenty jets, one without constituents and one with a single one; each has some padding at its beginning."""
    columns = [REFERENCE["constituents"][name] for name in ("pt", "eta", "phi", "energy")]
    pt, eta, phi, energy = (ak.Array([*[[0.0, *jet] for jet in column], [], [1.0]]) for column in columns)
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": 1.1 * energy})


def fastjet_tree(jet: ak.Array, algorithm: str):
    """The tree as nested pairs, harder branch first, of constituent numbers."""
    load_fastjet()
    import fastjet._swig as swig

    particles = []
    for index, four_vector in enumerate(zip(*(jet[name].tolist() for name in ("px", "py", "pz", "E")), strict=True)):
        if four_vector[0] or four_vector[1]:
            particles.append(swig.PseudoJet(*four_vector))
            particles[-1].set_user_index(index)
    names = {"kt": swig.kt_algorithm, "ca": swig.cambridge_algorithm, "antikt": swig.antikt_algorithm}
    sequence = swig.ClusterSequence(particles, swig.JetDefinition(names[algorithm], swig.JetDefinition.max_allowable_R))

    def nested(node):
        first, second = swig.PseudoJet(), swig.PseudoJet()
        if not node.has_parents(first, second):
            return node.user_index()
        harder, softer = (first, second) if first.perp() >= second.perp() else (second, first)
        return nested(harder), nested(softer)

    (root,) = sequence.inclusive_jets()
    return nested(root)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_trees_are_those_of_fastjet(jets, algorithm):
    trees = binary_trees(jets, algorithm, threads=1)

    def nested(jet: int, node: int):
        if trees.left[jet, node] < 0:
            return int(trees.constituent[jet, node])
        return nested(jet, trees.left[jet, node]), nested(jet, trees.right[jet, node])

    for jet in range(20):
        assert nested(jet, 0) == fastjet_tree(jets[jet], algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_format(jets, algorithm):
    trees = binary_trees(jets, algorithm, threads=1)
    counts = ak.to_numpy(ak.sum(jets.E > 0, axis=1))
    assert trees.left.shape == (22, 2 * counts.max() - 1)
    for jet, count in enumerate(counts):
        left, right, level, constituent = (getattr(trees, name)[jet] for name in LINKS)
        real = level >= 0
        assert real.sum() == max(0, 2 * count - 1)
        assert real[: real.sum()].all()
        assert (np.diff(level[real]) >= 0).all()
        inner = left >= 0
        np.testing.assert_array_equal(inner, right >= 0)
        np.testing.assert_array_equal(inner, real & (constituent < 0))
        nodes = np.flatnonzero(inner)
        # Every node but the root is the child of one node, which comes before it and is one level up.
        children = np.concatenate([left[nodes], right[nodes]])
        assert sorted(children) == list(range(1, real.sum()))
        for child in (left, right):
            np.testing.assert_array_equal(level[child[nodes]], level[nodes] + 1)
            assert (child[nodes] > nodes).all()
        pt = np.hypot(trees.momentum[jet, :, 0], trees.momentum[jet, :, 1])
        assert (pt[left[nodes]] >= pt[right[nodes]]).all()
        total = trees.momentum[jet][left[nodes]] + trees.momentum[jet][right[nodes]]
        np.testing.assert_allclose(total, trees.momentum[jet][nodes], rtol=1e-12)
        leaves = np.flatnonzero(constituent >= 0)
        assert sorted(constituent[leaves]) == np.flatnonzero(ak.to_numpy(jets[jet].E > 0)).tolist()
        for column, name in enumerate(("px", "py", "pz", "E")):
            np.testing.assert_array_equal(
                trees.momentum[jet, leaves, column], ak.to_numpy(jets[jet][name])[constituent[leaves]]
            )
        assert not trees.momentum[jet][~real].any()


def test_a_network_by_levels_equals_a_recursion(jets):
    """Embed all nodes of a level at once, over all jets, and compare the root with a plain recursion."""
    rng = np.random.default_rng(4)
    weights, inputs = rng.normal(0, 0.5, (6, 3)), rng.normal(0, 0.01, (4, 3))
    trees = binary_trees(jets, "antikt", threads=1)
    embedding = np.zeros((*trees.level.shape, 3))
    for level in range(trees.level.max(), -1, -1):
        jet, node = np.nonzero(trees.level == level)
        left, right = trees.left[jet, node], trees.right[jet, node]
        below = np.concatenate([embedding[jet, left], embedding[jet, right]], axis=1) * (left >= 0)[:, None]
        embedding[jet, node] = np.tanh(below @ weights + trees.momentum[jet, node] @ inputs)

    def recursion(jet, node):
        below = np.zeros(6)
        if trees.left[jet, node] >= 0:
            below = np.concatenate([recursion(jet, trees.left[jet, node]), recursion(jet, trees.right[jet, node])])
        return np.tanh(below @ weights + trees.momentum[jet, node] @ inputs)

    np.testing.assert_allclose(embedding[:20, 0], [recursion(jet, 0) for jet in range(20)], rtol=1e-12)


def test_padding_to_a_fixed_number_of_nodes(jets):
    narrow, wide = binary_trees(jets, "ca"), binary_trees(jets, "ca", nodes=200)
    for name in (*LINKS, "momentum"):
        before, after = getattr(narrow, name), getattr(wide, name)
        np.testing.assert_array_equal(after[:, : before.shape[1]], before)
        np.testing.assert_array_equal(after[:, before.shape[1] :], 0 if name == "momentum" else -1)
    with pytest.raises(DataError, match=r"jet 6 has 70 constituents and 139 nodes, more than 138; .* hardest 69"):
        binary_trees(jets, "ca", nodes=138)


def test_no_jets(jets):
    trees = binary_trees(jets[:0], "kt", nodes=5)
    assert trees.left.shape == (0, 5)
    assert binary_trees(jets[20:21]).momentum.shape == (1, 0, 4)
