"""The parts of a study: racing, chance constraints, the shortlist, the winner's curse, the confirmation's guarantee."""

import math

import numpy as np
import pytest
import synthetic
from scipy import stats

from vipsim import statistics
from vipsim.optimise import read_question
from vipsim.optimise.confirm import confirm, judge_limit, measure
from vipsim.optimise.search import Trial, is_beaten, meets, search, shortfall, shortlist
from vipsim.scenario.study import Limit
from vipsim.shards import Runner, SerialExecutor


def ask(folder, study=synthetic.STUDY, surface=synthetic.SURFACE):
    path = synthetic.write_files(folder, study, surface)
    return read_question(path, root=synthetic.Surface, known_kpis=synthetic.KPIS)


def runner(seed=3):
    return Runner(SerialExecutor(), seed, replicate=synthetic.replicate)


def changed(old, new, text=synthetic.STUDY):
    assert old in text
    return text.replace(old, new)


LIMIT = Limit(kpi="wait_min", at_most=6.0, probability=0.9, confidence=0.95)


# ------------------------------------------------------------------------------------------ search


def test_search_tries_different_settings_and_today_first(tmp_path):
    question = ask(tmp_path)
    trials = search(question, runner())
    assert [trial.number for trial in trials] == list(range(30))
    assert trials[0].levers == question.today_levers
    assert trials[0].gains == [0.0]
    assert len({tuple(trial.levers.values()) for trial in trials}) == 30


def test_the_race_stops_the_hopeless_and_spares_the_best(tmp_path):
    question = ask(tmp_path)
    run = runner()
    trials = search(question, run)
    stopped = [trial for trial in trials if trial.stopped]
    assert stopped
    assert all(len(trial.kpis) == 3 for trial in stopped)
    best = max((trial for trial in trials if trial.feasible), key=lambda trial: trial.gains[0])
    assert not best.stopped
    assert len(run.evaluations) == sum(len(trial.kpis) for trial in trials)  # the race is what was run
    gains = {trial.number: trial.gains[0] for trial in trials if trial.feasible}
    behind = [trial for trial in stopped if trial.stopped == "behind the leader"]
    assert behind
    assert all(trial.gains[0] < max(gains.values()) for trial in behind)


def test_the_random_sampler_and_another_seed_propose_otherwise(tmp_path):
    tpe = search(ask(tmp_path), runner())
    again = search(ask(tmp_path), runner())
    assert [trial.levers for trial in tpe] == [trial.levers for trial in again]
    other = search(ask(tmp_path, changed("seed = 3", "seed = 4")), runner(4))
    assert [trial.levers for trial in tpe] != [trial.levers for trial in other]
    random = search(ask(tmp_path, changed("startup = 10", 'sampler = "random"\npolish = 0.0')), runner())
    assert len(random) == 30


def test_polishing_takes_the_last_step(tmp_path):
    best = {"desk.tellers": 7, "desk.mode": "strict", "desk.cut_yuan": 500.0}

    def hits(polish):
        study = changed("startup = 10", f"startup = 10\npolish = {polish}")
        found = 0
        for seed in range(1, 6):
            trials = search(ask(tmp_path, changed("seed = 3", f"seed = {seed}", study)), runner(seed))
            found += any(trial.levers == best for trial in trials)
        return found

    assert hits(0.4) > hits(0.0)


def test_a_combination_the_scenario_forbids_is_infeasible_and_costs_nothing(tmp_path, monkeypatch):
    question = ask(tmp_path)
    real = type(question).legal_candidate
    monkeypatch.setattr(
        type(question),
        "legal_candidate",
        lambda self, levers: None if levers["desk.tellers"] > 8 else real(self, levers),
    )
    trials = search(question, runner())
    forbidden = [trial for trial in trials if trial.levers["desk.tellers"] > 8]
    assert forbidden
    assert all(not trial.kpis and not trial.feasible for trial in forbidden)
    assert not any(trial in forbidden for trial in shortlist(question, trials))


def test_chance_constraint_estimate_follows_the_quantile():
    values = 5.0 + 0.5 * np.random.default_rng(1).standard_normal(4000)
    # 5 + z 0.5 = 6 at z = 2: met with probability 0.977
    assert shortfall(LIMIT, values, 0.95) < 0.0 < shortfall(LIMIT, values, 0.99)
    assert shortfall(LIMIT, values, stats.norm.cdf(2.0)) == pytest.approx(0.0, abs=0.01)
    least = Limit(kpi="wait_min", at_least=4.0)
    assert shortfall(least, values, 0.95) < 0.0 < shortfall(least, values, 0.99)
    assert shortfall(LIMIT, np.array([math.nan, 1.0]), 0.9) == 1.0


def test_a_replication_with_nothing_to_average_does_not_meet_a_limit():
    assert meets(LIMIT, np.array([math.nan, 5.0, 7.0, 6.0])).tolist() == [False, True, False, True]
    least = Limit(kpi="x", at_least=6.0)
    assert meets(least, np.array([math.nan, 5.0, 7.0, 6.0])).tolist() == [False, False, True, True]


def trial(number, gains, short=-0.5, runs=6):
    return Trial(number, {"desk.tellers": number}, None, [{}] * runs, list(gains), {"wait_min <= 6": short})


def test_the_shortlist_is_the_best_and_the_safest(tmp_path):
    question = ask(tmp_path)
    trials = [trial(0, [0.0]), *(trial(n, [float(n)], -0.01 * n) for n in range(1, 6)), trial(6, [0.5], -3.0)]
    assert [t.number for t in shortlist(question, trials)] == [5, 4, 6]
    few = [trial(0, [0.0]), trial(1, [1.0]), trial(2, [9.0], 0.2), trial(3, [9.0], 0.1), trial(4, [99.0], 0.4)]
    assert [t.number for t in shortlist(question, few)] == [1, 3, 2]
    assert is_beaten(trial(1, [1.0, 1.0]), [trial(2, [1.0, 2.0])])
    assert not is_beaten(trial(1, [2.0, 1.0]), [trial(2, [1.0, 2.0])])


# ------------------------------------------------------------------------------------------ confirmation


def test_winners_curse_is_in_the_search_and_not_in_the_measurement(tmp_path):
    # every setting has its own noise of 40; the best of many looks better than it is
    study = changed("low = 2, high = 10", "low = 6, high = 8")
    study = changed("low = 100, high = 900, step = 50", "low = 460, high = 540, step = 5", study)
    study = changed("trials = 30", "trials = 24", study)
    study = changed("replications = 20", "replications = 12", study)
    study = changed("indifference = 3.0", "indifference = 40.0", study)
    surface = changed("own_noise = 5.0", "own_noise = 40.0", synthetic.SURFACE)
    searched, measured = [], []
    for seed in range(1, 31):
        question = ask(tmp_path, changed("seed = 3", f"seed = {seed}", study), surface)
        run = runner(seed)
        trials = search(question, run)
        winner = max((t for t in trials[1:] if t.feasible and len(t.kpis) == 6), key=lambda t: t.gains[0])
        searched.append(winner.gains[0] - true_gain(question, winner.levers))
        confirmation = confirm(question, run, [(t.number, t.levers) for t in shortlist(question, trials)])
        gain = measure(question, run, confirmation.best).gains[0].difference
        measured.append(gain.mean - true_gain(question, confirmation.best.levers))
    low, high = statistics.summarise(searched, 0.9999).ci95
    assert low > 0.0  # the search's own best value is too good
    low, high = statistics.summarise(measured, 0.9999).ci95
    assert low < 0.0 < high  # the published gain is not


def true_gain(question, levers):
    best, today = question.candidate(levers), question.today
    return synthetic.expected_value(best.desk, best.world) - synthetic.expected_value(today.desk, today.world)


def test_confirmation_keeps_its_error(tmp_path):
    """A wrong statement (a limit called met that is not, a worse setting selected) is rarer than the error budget."""
    # 5 tellers: 6 + 0.5 z, met half the time; 6: 5 + z / 2, 0.977; the value falls by 10 from 6 to 5 and to 7
    study = changed("indifference = 3.0", "indifference = 8.0")
    surface = changed("best_tellers = 7", "best_tellers = 6", synthetic.SURFACE)
    levers = {"desk.mode": "none", "desk.cut_yuan": 500.0}
    five, six, seven = ({"desk.tellers": n, **levers} for n in (5, 6, 7))
    wrong = trials = 0
    six_shown = 0
    for seed in range(1, 81):
        question = ask(tmp_path, changed("seed = 3", f"seed = {seed}", study), surface)
        found = confirm(question, runner(seed), [(1, five), (2, six), (3, seven)])
        by_number = {candidate.number: candidate for candidate in found.candidates}
        trials += 1
        false_limit = any(by_number[number].eligible for number in (0, 1))
        best_there_is = next((number for number in (2, 3) if by_number[number].eligible), None)
        chosen = None if found.best is None else found.best.number
        wrong += false_limit or chosen != best_there_is
        six_shown += by_number[2].eligible
    assert wrong / trials <= 0.05 + 4.0 * math.sqrt(0.05 * 0.95 / trials)
    assert 0 < six_shown < trials  # 0.977 is above 0.9, but not always shown by 60 replications


def test_limits_that_fail_are_not_shown_and_those_that_hold_are():
    assert judge_limit(LIMIT, np.full(60, 5.0), 0.99).shown
    assert not judge_limit(LIMIT, np.full(20, 5.0), 0.99).shown  # too few to show it
    values = np.full(60, 5.0)
    values[:6] = 7.0  # met in exactly 0.9: not shown to be 0.9
    verdict = judge_limit(LIMIT, values, 0.95)
    assert (verdict.met, verdict.share, verdict.shown) == (54, 0.9, False)


def test_more_replications_are_run_only_for_those_in_the_race(tmp_path):
    question = ask(tmp_path, changed("indifference = 3.0", "indifference = 1.0"))
    best = {"desk.tellers": 7, "desk.mode": "strict", "desk.cut_yuan": 500.0}
    close = {**best, "desk.cut_yuan": 510.0}  # 1 yuan behind
    far = {**best, "desk.tellers": 9}  # 40 behind
    found = confirm(question, runner(), [(1, best), (2, close), (3, far)])
    counts = {candidate.number: len(candidate.kpis) for candidate in found.candidates}
    assert counts[3] == 60
    assert counts[1] == counts[2] == 80
    eliminated = {candidate.number: candidate.eliminated_at for candidate in found.candidates}
    assert eliminated[3] == 60


def test_undecided_says_so_and_names_the_ties(tmp_path):
    study = changed("indifference = 3.0", "indifference = 0.01")
    surface = changed("best_tellers = 7", "best_tellers = 7.5", synthetic.SURFACE)
    question = ask(tmp_path, study, surface)
    base = {"desk.mode": "strict", "desk.cut_yuan": 500.0}
    found = confirm(question, runner(), [(1, {"desk.tellers": 7, **base}), (2, {"desk.tellers": 8, **base})])
    assert not found.decided
    tied = [c.number for c in found.candidates if c is not found.best and c.eligible and c.tied]
    assert tied == [3 - found.best.number]
    assert 0.5 <= found.probability_best < 1.0


def test_marginal_values_go_both_ways_and_stop_at_the_legal_range(tmp_path):
    surface = changed("best_tellers = 7", "best_tellers = 12", synthetic.SURFACE)
    question = ask(tmp_path, changed("high = 10", "high = 12"), surface)
    levers = {"desk.tellers": 12, "desk.mode": "strict", "desk.cut_yuan": 500.0}
    run = runner()
    found = measure(question, run, confirm(question, run, [(1, levers)]).best)
    up, down = (marginal for marginal in found.marginals if marginal.key == "desk.tellers")
    assert (up.value, up.difference, up.why) == (13, None, "outside the legal range")
    assert down.value == 11
    assert down.difference.ci95[0] < -10.0 < down.difference.ci95[1]
