"""A study file is read strictly: what it may not say is one message with file, line, key and what is right."""

import pytest
import synthetic

from vipsim.optimise.study import ErrorBudget, read_question
from vipsim.scenario.errors import InputError


def question(folder, study=synthetic.STUDY, surface=synthetic.SURFACE, **options):
    path = synthetic.write_files(folder, study, surface)
    return read_question(path, root=synthetic.Surface, known_kpis=synthetic.KPIS, **options)


def changed(old, new, text=synthetic.STUDY):
    assert old in text
    return text.replace(old, new)


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


FAULTS = {
    "a fact": ("desk.tellers = {low", "desk.rent_yuan = {low", "a fact", "people edit facts"),
    "an uncertainty": ("desk.tellers = {low", "desk.patience_min = {low", "an uncertainty", "only calibration"),
    "no such lever": ("desk.tellers = {low", "desk.teller = {low", "unknown key desk.teller", "mean desk.tellers?"),
    "outside the legal range": ("low = 2, high = 10", "low = 2, high = 14", "from 0 to 12 people", "14"),
    "a fraction of a person": ("low = 2, high = 10", "low = 2.5, high = 10", "a whole number", "2.5"),
    "no step": ("high = 900, step = 50", "high = 900", "a step", "none"),
    "off the steps": ("high = 900, step = 50", "high = 910, step = 50", "whole number of steps", "try 900"),
    "upside down": ("low = 2, high = 10", "low = 10, high = 2", "high at or above low", "2"),
    "no such choice": ('"strict", "window"', '"strict", "door"', "one of 'none', 'strict', 'window'", "door"),
    "a range of choices": ('{choices = ["none", "strict", "window"]}', "{low = 1, high = 2}", "choices", "a range"),
    "half a range": ("{low = 2, high = 10}", "{low = 2}", "low and high, or choices", ""),
    "range and choices": ("{low = 2, high = 10}", "{low = 2, high = 10, choices = [2]}", "either choices", "both"),
    "no such objective": (
        'kpi = "value_yuan"',
        'kpi = "value_yaun"',
        "objectives[0].kpi: expected the name of a KPI",
        "mean value_yuan?",
    ),
    "no such limit": ('kpi = "wait_min"', 'kpi = "waits"', "limits[0].kpi: expected the name of a KPI", ""),
    "a limit on both sides": ("at_most = 6.0", "at_most = 6.0\nat_least = 1.0", "exactly one of", ""),
    "too few to show a limit": ("replications = 60\nmost", "replications = 20\nmost", "at least 49 replications", "20"),
    "rounds that shrink": ("rounds = [3, 6]", "rounds = [6, 3]", "rounds that grow", ""),
    "a sampler that is not offered": ("startup = 10", 'sampler = "cmaes"', "one of tpe, random, grid", "cmaes"),
    "a grid larger than the trials": ("startup = 10", 'sampler = "grid"', "as many trials as the grid", "459"),
    "fewer at most than at least": ("most = 80", "most = 50", "most >= replications", "50"),
    "an unknown key": ("batch = 6", "bach = 6", "unknown key 'bach'", "did you mean batch?"),
    "no levers": ("low = 2, high = 10", "", "low and high", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_name_the_line_and_what_is_right(tmp_path, fault):
    old, new, expected, also = FAULTS[fault]
    text = changed(old, new)
    with pytest.raises(InputError) as caught:
        question(tmp_path, text)
    message = str(caught.value)
    assert expected in message
    assert also in message
    problem = caught.value.problems[0]
    assert problem.file.endswith("study.toml")
    assert problem.line is not None
    assert problem.key


def test_the_line_is_the_line(tmp_path):
    text = changed("low = 2, high = 10", "low = 2, high = 14")
    with pytest.raises(InputError) as caught:
        question(tmp_path, text)
    assert caught.value.line == line_of(text, "high = 14")
    assert caught.value.key == "levers.desk.tellers.high"


def test_a_scenario_is_no_study(tmp_path):
    synthetic.write_files(tmp_path)
    with pytest.raises(InputError, match=r"\[study\]"):
        read_question(tmp_path / "surface.toml", root=synthetic.Surface, known_kpis=synthetic.KPIS)


def test_levers_may_be_written_nested_or_dotted(tmp_path):
    nested = changed("desk.tellers = {low = 2, high = 10}\n", "")
    nested = changed("[[limits]]", "[levers.desk.tellers]\nlow = 2\nhigh = 10\n[[limits]]", nested)
    nested = changed('desk.mode = {choices = ["none", "strict", "window"]}\n', "", nested)
    nested = changed("[levers]\n", "[levers]\n", nested)
    assert set(question(tmp_path, nested).study.levers) == {"desk.tellers", "desk.cut_yuan"}


def test_the_space_and_its_steps(tmp_path):
    space = question(tmp_path).space
    assert space.size == 9 * 17 * 3
    by_key = {axis.key: axis for axis in space.axes}
    assert by_key["desk.tellers"].value(0) == 2
    assert isinstance(by_key["desk.tellers"].value(0), int)
    assert by_key["desk.cut_yuan"].value(16) == 900.0
    assert by_key["desk.cut_yuan"].index(125.0) is None
    assert by_key["desk.mode"].value(1) == "strict"
    everything = [tuple(levers.values()) for levers in space.everything()]
    assert len(set(everything)) == space.size
    corner = {"desk.tellers": 2, "desk.cut_yuan": 100.0, "desk.mode": "none"}
    near = list(space.neighbours(corner))
    assert len(near) == 1 + 1 + 2
    assert all(sum(a[key] != corner[key] for key in corner) == 1 for a in near)


def test_a_step_of_a_tenth_stays_a_tenth(tmp_path):
    text = changed("low = 100, high = 900, step = 50", "low = 0.1, high = 0.7, step = 0.1")
    axis = next(axis for axis in question(tmp_path, text).space.axes if axis.key == "desk.cut_yuan")
    assert [axis.value(place) for place in range(axis.count)] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert axis.index(0.30000000000000004) == 2


def test_trials_of_the_command_line_win(tmp_path):
    assert question(tmp_path, trials=12).study.search.trials == 12


def test_the_error_budget_is_shared_and_not_exceeded(tmp_path):
    asked = question(tmp_path)
    budget, study = asked.budget, asked.study
    limits = budget.settings * budget.limits * (1.0 - budget.limit_confidence(study.limits[0]))
    intervals = budget.pairs * (1.0 - budget.interval_confidence)
    assert limits + budget.selection + intervals <= study.confirmation.error + 1e-12
    strict = study.limits[0].model_copy(update={"confidence": 0.9999})
    assert budget.limit_confidence(strict) == 0.9999
    larger = ErrorBudget(0.05, 20, 4)
    assert larger.limit_confidence(study.limits[0]) > budget.limit_confidence(study.limits[0])


def test_today_is_a_setting_only_where_the_study_can_reach_it(tmp_path):
    assert question(tmp_path).today_is_a_setting
    off = changed("cut_yuan = 300.0", "cut_yuan = 310.0", synthetic.SURFACE)
    assert not question(tmp_path, surface=off).today_is_a_setting
    elsewhere = synthetic.SURFACE + "[today]\ndesk.opened = false\n"
    asked = question(tmp_path, surface=elsewhere)
    assert not asked.today_is_a_setting
    assert not asked.today.desk.opened


def test_aims_are_above_what_is_asked(tmp_path):
    (aim,) = question(tmp_path).aims
    assert 0.9 < aim < 1.0
