"""Flavours of hadrons, and what comes from their decays, on a made-up record."""

from __future__ import annotations

import numpy as np
import pytest

from keras_hep.data.samples.pythia import Record
from keras_hep.data.samples.truth import heavy_flavour, heavy_origin, weakly_decaying


def record_of(rows: list[tuple[int, int, int]]) -> Record:
    """A record of one event from PDG number, status and mother of each entry."""
    identity, status, mother = (np.array(column) for column in zip(*rows, strict=True))
    zero, one = np.zeros(len(rows)), np.ones(len(rows))
    none = np.zeros(len(rows), dtype=np.int64)
    return Record(
        np.array([len(rows)]), none, identity, status, zero, zero, zero, one, one, zero, mother, none, none, none
    )


@pytest.mark.parametrize(
    ("identity", "flavour"),
    [
        (511, 5), (-521, 5), (513, 5), (531, 5), (541, 5), (5122, 5), (-5332, 5), (10511, 5), (4122, 4), (411, 4),
        (-423, 4), (20413, 4), (4332, 4), (443, 0), (100443, 0), (553, 0), (5, 0), (4, 0), (5101, 0), (4203, 0), (211, 0),
        (3122, 0), (130, 0), (310, 0), (22, 0), (2212, 0), (9900015, 0), (5232, 5), (5242, 5),
    ],
)  # fmt: skip
def test_flavours_of_hadrons(identity: int, flavour: int) -> None:
    assert heavy_flavour(np.array([identity]))[0] == flavour
    assert heavy_flavour(np.array([-identity]))[0] == flavour


CHAIN = [
    (90, -11, 0),  # 0 the system
    (513, -83, 0),  # 1 B*0
    (511, -91, 1),  # 2 B0 from it
    (22, 91, 1),  # 3 its photon
    (-413, -91, 2),  # 4 D*- from the B0
    (211, 91, 2),  # 5 pion from the B0
    (-421, -91, 4),  # 6 D0bar from the D*
    (-211, 91, 4),  # 7 pion from the D*
    (310, -91, 6),  # 8 K0s from the D0bar
    (211, 91, 8),  # 9 pion from that K0s
    (4122, -83, 0),  # 10 Lambda_c from the collision
    (2212, 91, 10),  # 11 its proton
    (310, -83, 0),  # 12 K0s from the collision
    (-211, 91, 12),  # 13 its pion
    (111, -83, 0),  # 14 pi0
    (22, 91, 14),  # 15 its photon
    (321, 83, 0),  # 16 kaon from the collision
]


def test_only_hadrons_that_lose_their_flavour_decay_weakly() -> None:
    weak = weakly_decaying(record_of(CHAIN))
    assert {entry: int(weak[entry]) for entry in np.flatnonzero(weak)} == {2: 5, 6: 4, 10: 4}


def test_origins_follow_the_chain() -> None:
    vertices = np.zeros((len(CHAIN), 3))
    vertices[[4, 5]] = [1.0, 0.0, 0.0]
    vertices[[6, 7]] = [1.0, 0.0, 0.0]
    vertices[8], vertices[9], vertices[11], vertices[13] = 2.0, 30.0, 0.5, 20.0
    vertices[15] = 1e-5
    origin = heavy_origin(record_of(CHAIN), vertices)
    expected = {3: 0, 4: 1, 5: 1, 6: 1, 7: 1, 8: 2, 9: 2, 10: 0, 11: 3, 12: 0, 13: 4, 15: 0, 16: 0}
    assert {entry: int(origin[entry]) for entry in expected} == expected
