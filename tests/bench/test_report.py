"""Cells, ratios and verdicts from the figures of a run."""

from .compare import BASE, WORKING_TREE, Change, changes
from .floors import judge
from .plan import Sample
from .report import cell, figure, results_json, table
from .rounds import Results


def results(scenario: str, **servers: list[dict[str, float]]) -> Results:
    """Results of one scenario from figures by server."""
    return Results({scenario: {name: [Sample(each) for each in figures] for name, figures in servers.items()}})


def test_a_cell_is_least_median_and_greatest():
    """
    One disturbed repeat must be seen, and must not move the figure that counts.
    """
    assert "1.00 / **2.00** / 900" == cell([2.0, 900.0, 1.0])


def test_a_cell_without_a_value_is_a_dash():
    """
    A failed server still has its row.
    """
    assert "-" == cell([])


def test_figures_never_have_an_exponent():
    """
    CPU per mail and octets of memory are in one table.
    """
    assert ["0.083", "1.23", "12.3", "12,345"] == [figure(value) for value in (0.083, 1.234, 12.34, 12345.0)]


def test_columns_of_a_table_are_aligned():
    """
    People read it in a terminal first, and as Markdown later.
    """
    assert "| a   | b |\n| --- | - |\n| ccc | d |" == table(["a", "b"], [["ccc", "d"]])


def test_ratios_are_taken_repeat_by_repeat():
    """
    A slow repeat slows both servers, so the ratio of each repeat stays right where the medians do not.
    """
    measured = results("accept", empath=[{"rate": 400.0}, {"rate": 100.0}], postfix=[{"rate": 100.0}, {"rate": 25.0}])
    assert [4.0, 4.0] == measured.ratios("accept", "empath", "postfix", "rate")


def test_cpu_is_judged_by_that_of_the_peer():
    """
    Another processor changes the milliseconds of both, and not the ratio. Rates are shown only, and so are goals.
    """
    measured = results("accept", empath=[{"rate": 2500.0, "cpu_ms": 0.5}], postfix=[{"rate": 1000.0, "cpu_ms": 2.0}])
    speed, rate = "CPU ms/mail to Postfix's", "rate to Postfix's"
    expected = [(speed, True, True), (rate, True, False), (speed, False, False)]
    assert expected == [(verdict.what, verdict.is_met, verdict.is_gate) for verdict in judge(measured)]


def test_about_is_within_a_tenth_and_the_gate_is_exact():
    """
    A ratio of rates wanders from run to run; CPU per mail is what counts.
    """
    measured = results("drain", empath=[{"rate": 2750.0, "cpu_ms": 0.301}], postfix=[{"rate": 1000.0, "cpu_ms": 0.83}])
    expected = [("CPU ms/mail to Postfix's", False), ("rate to Postfix's", True)]
    assert expected == [(verdict.what, verdict.is_met) for verdict in judge(measured)[:2]]


def test_without_the_peer_the_gate_is_judged_alone():
    """
    A user without the right to start Postfix still sees whether the floors are met.
    """
    measured = results("drain", empath=[{"cpu_ms": 0.2}])
    expected = [("CPU ms/mail", "<= 0.3", True), ("CPU ms/mail", "goal <= 0.1", False)]
    assert expected == [(verdict.what, verdict.floor, verdict.is_met) for verdict in judge(measured)]


def test_json_has_every_cell_with_its_spread():
    """
    Other programs draw charts from it.
    """
    measured = results("idle", empath=[{"session_kb": 50.0}, {"session_kb": 40.0}])
    assert {"idle": {"empath": {"session_kb": (40.0, 45.0, 50.0)}}} == results_json(measured, None)["cells"]


def test_ten_percent_more_cpu_is_tolerated_and_more_is_not():
    """
    Two runs of one revision differ by that much.
    """
    assert [False, True] == [Change("accept", 1.0, tree_ms).is_worse for tree_ms in (1.1, 1.11)]


def test_a_change_is_judged_by_medians():
    """
    One disturbed run of five must not refuse a commit.
    """
    base = [{"cpu_ms": value} for value in (1.0, 1.0, 1.0)]
    tree = [{"cpu_ms": value} for value in (1.0, 9.0, 1.0)]
    assert [Change("accept", 1.0, 1.0)] == changes(results("accept", **{BASE: base, WORKING_TREE: tree}))
