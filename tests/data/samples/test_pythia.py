"""Pythia: settings, and events as flat columns."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.errors import DataError


def test_an_unknown_pythia_setting_is_named() -> None:
    with pytest.raises(DataError, match="does not accept the setting 'HardQCD:nonsense=on'"):
        start_pythia(["HardQCD:nonsense=on"], seed=1)


def test_neutrinos_are_invisible_and_the_hard_process_is_known() -> None:
    setting = ["Beams:eCM=13000", "PartonLevel:MPI=off", "WeakSingleBoson:ffbar2W=on", "24:onMode=off", "24:onIfAny=13"]
    events = generate_events(start_pythia(setting, seed=1), 16)
    assert not np.isin(np.abs(events.particles.identity), (12, 14, 16)).any()
    assert np.count_nonzero(np.abs(events.particles.identity) == 13) >= 16
    assert ak.all(ak.any(events.hard.identity == 24, axis=1))
    assert np.all(np.diff(events.particles.event) >= 0)
