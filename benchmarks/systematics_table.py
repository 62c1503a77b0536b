"""What `benchmarks.systematics` found, as means over seeds, a table with expectations, and a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_hep.evaluation.plots.style import colours, new_figure, styled, tidy

__all__ = ["expectations", "picture", "summarise", "table"]

Runs = dict[str, list[dict[str, Any]]]
Summary = dict[str, dict[str, dict[str, Any]]]
Check = Callable[[dict[str, Any], dict[str, Any]], bool]

NETWORKS = {"plain": "without augmentation", "augmented": "with augmentation"}
TRAINED = "the augmented network responds less"


def summarise(runs: Runs) -> Summary:
    """Return network -> variation -> figure -> mean over the seeds and their standard deviation."""
    summary: Summary = {}
    for network, kept in runs.items():
        summary[network] = {}
        for name in kept[0]["rows"]:
            rows = [{**run["rows"][name], "auc_shift": _auc_shift(run, name)} for run in kept]
            summary[network][name] = {key: _mean_and_spread([row[key] for row in rows]) for key in rows[0]}
    return summary


def _mean_and_spread(values: list[float | None]) -> dict[str, float | None]:
    """Return mean and standard deviation; no mean where a seed has no number, as a rejection without background."""
    numbers = [value for value in values if value is not None]
    mean = float(np.mean(numbers)) if len(numbers) == len(values) else None
    return {"mean": mean, "spread": float(np.std(numbers, ddof=1)) if mean is not None and len(values) > 1 else None}


def _auc_shift(run: dict[str, Any], name: str) -> float:
    return float(run["rows"][name]["auc"] - run["rows"]["nominal"]["auc"])


def expectations(runs: Runs) -> list[dict[str, Any]]:
    """Return what was expected of each variation before the first run, and for how many of the seeds it holds."""
    pairs = list(zip(*runs.values(), strict=True))

    def less(name: str) -> Check:
        return lambda plain, augmented: augmented["rows"][name]["response"] < plain["rows"][name]["response"]

    def grows(sign: str) -> Check:
        small, large = f"scale {sign}2 %", f"scale {sign}5 %"
        return lambda *both: all(run["rows"][small]["response"] < run["rows"][large]["response"] for run in both)

    def within_errors(name: str) -> Check:
        def check(plain: dict[str, Any], _: dict[str, Any]) -> bool:
            row = plain["rows"][name]
            return all(abs(row[f"{k}_shift"]) < 3 * row[f"{k}_shift_error"] for k in ("signal", "background"))

        return check

    def unchanged(limit: float, name: str) -> Check:
        return lambda *both: all(run["rows"][name]["response"] <= limit for run in both)

    rows: list[tuple[str, str, Check]] = [("nominal", "no score changes, not by a bit", unchanged(0.0, "nominal"))]
    for sign in "-+":
        rows.append((f"scale {sign}5 %", f"a larger response than to {sign}2 %, for both", grows(sign)))
    trained = [name for name in runs["plain"][0]["rows"] if name.split()[0] not in ("nominal", "pile-up", "boost")]
    rows += [(name, TRAINED, less(name)) for name in trained]
    rows += [
        (
            "rotation about the jet",
            "no plane is preferred: efficiencies without augmentation stay within 3 statistical errors",
            within_errors("rotation about the jet"),
        ),
        (
            "pile-up 20",
            "nobody trained on it: both lose AUC",
            lambda *both: all(_auc_shift(run, "pile-up 20") < 0.0 for run in both),
        ),
        (
            "boost along the beam",
            "the inputs do not depend on it: the response of both is below 0.001",
            unchanged(1e-3, "boost along the beam"),
        ),
    ]
    found = []
    for name, text, check in rows:
        holds = sum(check(*pair) for pair in pairs)
        found.append({"variation": name, "expected": text, "seeds": holds, "met": holds == len(pairs)})
    return found


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    settings, jets = results["settings"], results["jets"]
    cpu = sum(sum(seconds) for seconds in results["cpu_seconds"].values()) / 60
    nominal = {network: rows["nominal"] for network, rows in results["networks"].items()}
    start = [
        f"{NETWORKS[network]} AUC {_pm(row['auc'], 4)} and background rejection {_pm(row['rejection'], 0)}"
        for network, row in nominal.items()
    ]
    lines = [
        f"`deep_sets` (phi {settings['phi']}, f {settings['f']}) on the {settings['length']} hardest constituents of "
        f"`{results['sample']}`, pT, eta and phi relative to the jet: {jets['train']:,} simulated jets train, "
        f"{jets['validation']:,} validate, {jets['test']:,} test; {results['seeds']} seeds, {cpu:.0f} minutes of "
        "processor time for all trainings. Written by `benchmarks/systematics.py`.",
        "",
        f"The cut keeps {results['signal_efficiency']:.0%} of the top jets where nothing is varied, and stays. Nominal: "
        + "; ".join(start)
        + ".",
        "",
        "Mean over the seeds ± their standard deviation. Response: root of the mean squared change of the score; "
        "signal: change of the signal efficiency in points; background: relative change of the background efficiency; "
        "rejection: one over the background efficiency at the cut.",
        "",
        "| variation | network | response / 1000 | signal (points) | background | rejection | AUC change / 1000 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in results["networks"]["plain"]:
        for network in NETWORKS:
            row = results["networks"][network][name]
            lines.append(
                f"| {name} | {network} | {_pm(row['response'], 1, 1000)} | {_pm(row['signal_shift'], 2, 100, '+')} | "
                f"{_pm(row['background_shift'], 1, 100, '+')} % | {_pm(row['rejection'], 0)} | "
                f"{_pm(row['auc_shift'], 2, 1000, '+')} |"
            )
    lines += ["", "| variation | expected before the first run | seeds | met |", "|---|---|---|---|"]
    for row in results["expectations"]:
        met = "yes" if row["met"] else "**no**"
        lines.append(f"| {row['variation']} | {row['expected']} | {row['seeds']} of {results['seeds']} | {met} |")
    lines += [
        "",
        "Augmentation layers in training: scale of all constituents (5 %, Gaussian) and of the leading one (10 %), regions (3 %), "
        "smearing, dropping (5 %), rotation about the jet. Regions are cells of 0.4 x 0.4, of the detector in the test and of "
        "the jet in training. Pile-up is that of a mean of 20 soft collisions, without those that have a scattering above "
        "20 GeV and without any subtraction; nobody trained on it. The boost has a rapidity between -1 and 1. Ranges of pT "
        "are those of the unvaried jets: none enters or leaves the sample.",
        "",
        f"All seeds share the {jets['test']:,} test jets and the draws of each variation, so that their spread is that of the "
        f"training alone. Half of the test jets are background: a rejection of 1,000 rests on {jets['test'] / 2000:.0f} of them. "
        "A rotation about the jet is one of space, which in jets of this width is not quite one of the (eta, phi) plane, "
        "in which the jet's edge and the cells of the detector are defined; that may move efficiencies, and how much of a shift "
        "it makes is not separated here. At a cut that stays, the rejection also rises where jets of both classes fall below it: "
        "AUC tells.",
        "",
        "![response and shift of the signal efficiency](systematics.png)",
    ]
    return "\n".join(lines) + "\n"


def _pm(figure: dict[str, float | None], digits: int, factor: float = 1.0, sign: str = "") -> str:
    mean, spread = figure["mean"], figure["spread"]
    if mean is None:
        return "-"
    text = f"{factor * mean:{sign}.{digits}f}"
    return text if spread is None else f"{text} ± {factor * spread:.{digits}f}"


@styled
def picture(summary: Summary) -> Figure:
    """Draw the response, and the shifts of both efficiencies at the cut, of both networks."""
    panels = (
        ("response", 1.0, 0.01, "response (r.m.s. change of score)"),
        ("signal_shift", 100.0, 1.0, "change of signal efficiency (points)"),
        ("background_shift", 100.0, 10.0, "change of background efficiency (%)"),
    )
    names = [name for name in summary["plain"] if name != "nominal"]
    figure = new_figure(12.0, 5.2)
    axes = figure.subplots(1, len(panels), sharey=True)
    for axis, (key, factor, straight, label) in zip(axes, panels, strict=True):
        tidy(axis, minor=False)
        for (network, text), colour, marker, up in zip(
            NETWORKS.items(), colours(2), ("o", "s"), (-0.13, 0.13), strict=True
        ):
            mean = [factor * summary[network][name][key]["mean"] for name in names]
            spread = [factor * (summary[network][name][key]["spread"] or 0.0) for name in names]
            place = np.arange(len(names)) + up
            axis.errorbar(mean, place, xerr=spread, fmt=marker, color=colour, markersize=5, capsize=2, label=text)
        axis.set_xlabel(label, loc="center", fontsize=10.5)
        # Pile-up does a hundred times as much as most others.
        axis.set_xscale("symlog", linthresh=straight)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.axvline(0.0, color="0.4", linewidth=0.9)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    axes[0].set_xlim(left=0.0)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=10.5)
    return figure
