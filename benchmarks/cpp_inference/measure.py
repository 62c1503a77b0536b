"""All rows of one network in turns, round by round, after a look at what they compute."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpp_inference.cpp_rows import CPP_ROWS, running
from benchmarks.cpp_inference.networks import EVENTS, Floats, Timed
from benchmarks.cpp_inference.python_rows import PYTHON_ROWS, time_call
from keras_hep.errors import KerasHepError

__all__ = ["BATCHES", "measure"]

log = logging.getLogger(__name__)

BATCHES = (1, EVENTS)
TOLERANCE = 1e-4

Clock = Callable[[float], float]


def measure(net: Timed, rows: list[str], rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Time the rows of one network.

    Args:
        net: the network.
        rows: names of the rows.
        rounds: how often each is timed, all in turns.
        seconds: that each is timed at least, in each round.
        folder: for programs and files.

    Returns:
        Row -> batch -> minimum and median of the rounds in microseconds an event; or row -> why it was not run.
    """
    expected = net.expected
    clocks: dict[tuple[str, int], Clock] = {}
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        for name in rows:
            try:
                found = _clocks(name, net, expected, stack, folder)
            except (KerasHepError, RuntimeError, ValueError) as error:
                found = f"{type(error).__name__}: {str(error).splitlines()[0][:150]}"
            if isinstance(found, str):
                log.info("%s: %s is not run: %s", net.key, name, found)
                results[name] = {"not_run": found}
            else:
                clocks |= {(name, batch): clock for batch, clock in found.items()}
        times: dict[tuple[str, int], list[float]] = {key: [] for key in clocks}
        for _ in range(rounds):
            for key, clock in clocks.items():
                times[key].append(clock(seconds))
    for (name, batch), found_times in times.items():
        figures = {"min": min(found_times), "median": statistics.median(found_times)}
        results.setdefault(name, {})[str(batch)] = {key: round(value, 4) for key, value in figures.items()}
    return {name: results[name] for name in rows}


def _clocks(name: str, net: Timed, expected: Floats, stack: ExitStack, folder: Path) -> dict[int, Clock] | str:
    if name in CPP_ROWS:
        row = CPP_ROWS[name]
        if why := row.not_run(net):
            return why
        program = stack.enter_context(running(row, net, folder))
        _agree(name, net.key, program.outputs, expected)
        return {batch: lambda seconds, batch=batch: program.time(batch, seconds) for batch in BATCHES}
    peer = PYTHON_ROWS[name]
    if why := peer.not_run():
        return why
    clocks: dict[int, Clock] = {}
    for batch in BATCHES:
        call, result = peer.make(net, batch)
        call()
        if not peer.empty:
            _agree(name, net.key, result(), expected[:batch])
        clocks[batch] = lambda seconds, call=call, batch=batch: time_call(call, batch, seconds)
    return clocks


def _agree(name: str, key: str, found: Floats, expected: Floats) -> None:
    """Stop where a row computes something else: its time would say nothing."""
    worst = float(np.abs(found.reshape(expected.shape) - expected).max())
    if not worst <= TOLERANCE:
        raise AssertionError(f"network {key}: {name} differs from Keras by {worst}")
