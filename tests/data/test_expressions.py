import awkward as ak
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from keras_hep.data.expressions import FUNCTIONS, branches_of, evaluate
from keras_hep.errors import FeatureError

X = np.array([-2.0, -0.5, 0.25, 1.0, 3.0])
Y = np.array([1.0, 2.0, -3.0, 0.5, 4.0])
N = np.array([3, 1, 4, 1, 5], dtype=np.int32)
FLAG = np.array([True, False, True, True, False])
COLUMNS = {"x": X, "y": Y, "n": N, "flag": FLAG}
JAGGED = ak.Array([[1.0, 2.0, 3.0], [], [4.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", X),
        (" 2 * x + y / 4 - 1 ", 2 * X + Y / 4 - 1),
        ("-x ** 2", -(X**2)),
        ("x // 2 + n % 3", X // 2 + N % 3),
        ("+x", X),
        ("x < y", X < Y),
        ("x > 1", X > 1),
        ("x <= 1", X <= 1),
        ("x >= 1", X >= 1),
        ("x == 1", X == 1),
        ("x != 1", X != 1),
        ("-1 < x <= 1", (X > -1) & (X <= 1)),
        ("x > 0 and y > 0 or n == 4", ((X > 0) & (Y > 0)) | (N == 4)),
        ("not (x > 0)", ~(X > 0)),
        ("~flag & (n != 1)", ~FLAG & (N != 1)),
        ("flag | (x > 2)", FLAG | (X > 2)),
        ("flag ^ (x > 0)", FLAG ^ (X > 0)),
        ("(n & 4) > 0", (N & 4) > 0),
        ("where(x > 0, x, -y)", np.where(X > 0, X, -Y)),
        ("hypot(x, y) * cos(arctan2(y, x))", X),
        ("maximum(x, 0) - minimum(x, 0)", np.abs(X)),
        ("sinh(x) - cosh(x) + exp(-x)", np.zeros(5)),
        ("tanh(x) + sin(pi * n)", np.tanh(X)),
        ("sqrt(abs(y)) + arcsinh(x) + log1p(n)", np.sqrt(np.abs(Y)) + np.arcsinh(X) + np.log1p(N)),
        ("2 ** 10 * x", 1024 * X),
    ],
)
def test_equals_numpy(text, expected):
    np.testing.assert_allclose(np.asarray(evaluate(text, COLUMNS), dtype=float), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "name", sorted(set(FUNCTIONS) - {"num", "sum", "where", "arctan2", "hypot", "maximum", "minimum"})
)
def test_every_function_of_one_argument_is_that_of_numpy(name):
    positive = np.abs(X) + 0.1
    np.testing.assert_array_equal(evaluate(f"{name}(x)", {"x": positive}), getattr(np, name)(positive))


def test_a_logarithm_outside_its_domain_is_not_finite_and_no_warning():
    assert np.isneginf(evaluate("log(x - x)", COLUMNS)).all()
    assert np.isnan(evaluate("sqrt(x - 10)", COLUMNS)).all()
    np.testing.assert_array_equal(evaluate("isfinite(log(x))", COLUMNS), X > 0)


def test_flat_and_jagged_branches_broadcast():
    result = evaluate("part / total", {"part": JAGGED, "total": np.array([6.0, 0.0, 8.0])})
    assert result.to_list() == [[1 / 6, 2 / 6, 3 / 6], [], [0.5]]


def test_num_and_sum_act_inside_each_event():
    assert evaluate("num(part)", {"part": JAGGED}).to_list() == [3, 0, 1]
    assert evaluate("sum(part * part)", {"part": JAGGED}).to_list() == [14.0, 0.0, 16.0]


@pytest.mark.parametrize("text", ["sum(x)", "num(x)", "x / sum(x)"])
def test_num_and_sum_never_mix_events(text):
    with pytest.raises(FeatureError, match="jagged"):
        evaluate(text, COLUMNS)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("make", [np.asarray, ak.Array])
def test_small_whole_numbers_do_not_wrap_around(kind, make):
    n = make(np.array([0, 1, 100], dtype=kind))
    assert evaluate("-n", {"n": n}).tolist() == [0, -1, -100]
    assert evaluate("n * n * 1000000 + 300", {"n": n}).tolist() == [300, 1000300, 10000000300]
    assert evaluate("n - 101 < 0", {"n": n}).tolist() == [True, True, True]


def test_a_name_with_dots_is_a_branch_and_no_attribute():
    x = np.array([1.0, -2.0])
    assert branches_of("abs(Jet.PT) > event.jets.min") == ["Jet.PT", "event.jets.min"]
    assert evaluate("abs(Jet.PT) > event.jets.min", {"Jet.PT": x, "event.jets.min": 1.5}).tolist() == [False, True]
    with pytest.raises(FeatureError, match=r"needs the branch 'x\.real'"):
        evaluate("x.real", {"x": x})


@pytest.mark.parametrize(
    "text",
    [
        "x.__class__",
        "x.y.__dict__",
        "(x + y).real",
        "x().real",
        "abs.x(y)",
        "x[0]",
        "x[n > 1]",
        "lambda: x",
        "(lambda a: a)(x)",
        "'text'",
        "b'text'",
        "f'{x}'",
        "x if flag else y",
        "[x, y]",
        "(x, y)",
        "{x: y}",
        "[a for a in x]",
        "x := y",
        "(z := x)",
        "await x",
        "None",
        "...",
        "1j * x",
        "x @ y",
        "x << 2",
        "x is y",
        "x in y",
        "abs(*x)",
        "log(x=x)",
        "maximum(x, y, out=x)",
        "abs(x)(y)",
        "x = 1",
        "import os",
        "x; y",
        "x\ny",
        "x\0",
        "(x",
        "",
        "   ",
        "# only a comment",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(FeatureError):
        branches_of(text)
    with pytest.raises(FeatureError):
        evaluate(text, COLUMNS)


@pytest.mark.parametrize("name", ["eval", "exec", "open", "__import__", "getattr", "print", "min"])
def test_other_functions_are_refused_and_the_known_ones_named(name):
    with pytest.raises(FeatureError, match=rf"unknown function '{name}'.*Known: abs, "):
        branches_of(f"{name}(x)")


def test_a_misspelt_function_gets_a_suggestion():
    with pytest.raises(FeatureError, match="did you mean 'sqrt'"):
        branches_of("sqr(x)")


@pytest.mark.parametrize("name", ["__builtins__", "__class__", "__import__", "np"])
def test_names_are_only_ever_branches(name):
    assert branches_of(name) == [name]
    with pytest.raises(FeatureError, match=f"needs the branch '{name}'"):
        evaluate(name, COLUMNS)


def test_a_missing_branch_is_named_with_the_nearest():
    with pytest.raises(FeatureError, match=r"needs the branch 'flagg': did you mean 'flag'"):
        evaluate("x > 0 and flagg", COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abs(x, y)", r"'abs' takes 1 argument\(s\), not 2"),
        ("hypot(x)", r"'hypot' takes 2 argument\(s\), not 1"),
        ("maximum(x, y, n)", r"'maximum' takes 2 argument\(s\), not 3"),
        ("where(x)", r"'where' takes 3 argument\(s\), not 1"),
        ("sum()", r"'sum' takes 1 argument\(s\), not 0"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused_and_writes_into_no_branch(text, message):
    columns = {"x": X.copy(), "y": Y.copy(), "n": N.copy()}
    with pytest.raises(FeatureError, match=message):
        evaluate(text, columns)
    np.testing.assert_array_equal(columns["y"], Y)


def test_huge_text_is_refused():
    assert branches_of("x" + "+1" * 300) == ["x"]
    with pytest.raises(FeatureError, match="has 2001 characters; 2000 are allowed"):
        branches_of("x" + "+1" * 1000)


@pytest.mark.parametrize("text", ["-" * 1900 + "x", "(" * 900 + "x" + ")" * 900, "not " * 400 + "x"])
def test_deep_nesting_never_ends_in_a_recursion_error(text):
    try:
        evaluate(text, COLUMNS)
    except FeatureError as error:
        assert len(str(error)) < 4000


def test_a_tower_of_powers_cannot_fill_the_memory():
    with pytest.raises(FeatureError, match="cannot be evaluated"):
        evaluate("x + 9 ** 9 ** 9", COLUMNS)


@pytest.mark.parametrize("text", ["x * (1 / 0)", "x % (1 // 0)", "n + 10 ** 30 ** 2", "~x", "part + x", "x & y"])
def test_what_cannot_be_computed_is_a_feature_error(text):
    with pytest.raises(FeatureError, match="cannot be evaluated"):
        evaluate(text, COLUMNS | {"part": JAGGED})


def test_branches_come_once_in_their_order_without_functions_and_constants():
    assert branches_of("hypot(px, py) / jet_pt + px * pi") == ["px", "py", "jet_pt"]
    assert branches_of("1 + 2") == []


def test_python_logic_acts_on_every_event_of_jagged_branches():
    assert evaluate("part > 1 and part < 4", {"part": JAGGED}).to_list() == [[False, True, True], [], [False]]


OPERATORS = st.sampled_from(["+", "-", "*"])
NUMBERS = st.floats(-100, 100, allow_nan=False).map(lambda value: f"({value!r})")
TERMS = st.recursive(
    st.one_of(st.sampled_from(["x", "y", "n"]), NUMBERS),
    lambda inner: st.one_of(
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda term: f"(-{term})"),
        inner.map(lambda term: f"abs({term})"),
        st.tuples(inner, inner).map(lambda pair: f"maximum({pair[0]}, {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"where(x < {pair[0]}, {pair[0]}, {pair[1]})"),
    ),
    max_leaves=12,
)


@hypothesis.given(TERMS)
@hypothesis.settings(max_examples=150)
def test_arithmetic_equals_numpy(text):
    known = {"x": X, "y": Y, "n": N, "abs": np.abs, "maximum": np.maximum, "where": np.where}
    with np.errstate(all="ignore"):
        expected = eval(text, {"__builtins__": {}}, known)
    result = evaluate(text, COLUMNS)
    np.testing.assert_allclose(np.asarray(result, dtype=float), np.asarray(expected, dtype=float), rtol=1e-12)
    assert set(branches_of(text)) == {name for name in ("x", "y", "n") if name in text.replace("maximum", "")}


@hypothesis.given(st.text(max_size=60))
@hypothesis.settings(max_examples=200)
def test_no_text_raises_anything_but_a_feature_error(text):
    try:
        names = branches_of(text)
    except FeatureError:
        return
    assert all(name.isidentifier() for name in names)
