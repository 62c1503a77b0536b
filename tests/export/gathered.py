"""The networks that the tests of layers export, for other tests."""

import inspect
import itertools
from unittest import mock

from keras_hep.export import export

__all__ = ["networks_of"]


def networks_of(module, folder):
    """Return name -> (file, raw inputs) of all models that the tests of a module pass to `check_exportable`.

    The tests are called with all their parameters; what they check beside it is checked by themselves.
    """
    found = {}

    def keep(model, inputs, *_, **__):
        name = f"{test.__name__.removeprefix('test_')}_{len(found)}"
        found[name] = export(model, folder / f"{name}.json", vectors=0), inputs
        raise _Kept

    with mock.patch.object(module, "check_exportable", keep):
        for test in vars(module).values():
            if inspect.isfunction(test) and test.__name__.startswith("test_") and _reaches_check(test, module):
                for arguments in _calls(test):
                    _call(test, arguments, folder)
    return found


def _reaches_check(function, module):
    """Whether a function calls `check_exportable`, itself or through another one of the module."""
    names = function.__code__.co_names
    others = [vars(module).get(name) for name in names if name != function.__name__]
    return "check_exportable" in names or any(_reaches_check(f, module) for f in others if inspect.isfunction(f))


class _Kept(Exception):
    """The model is kept; the rest of the test does not matter."""


def _call(test, arguments, folder):
    try:
        test(**arguments, tmp_path=folder)
    except _Kept:
        return


def _calls(test):
    """Return the arguments of each call that pytest makes of a test."""
    marks = [mark.args for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    columns = []
    for names, values in marks:
        keys = [key.strip() for key in names.split(",")] if isinstance(names, str) else list(names)
        columns.append([dict(zip(keys, value if len(keys) > 1 else [value], strict=True)) for value in values])
    return [{key: value for part in parts for key, value in part.items()} for parts in itertools.product(*columns)]
