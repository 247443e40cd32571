"""Experiments give the same bytes whoever runs them, and pair what they compare."""

import math
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import synthetic

from vipsim import experiment, shards
from vipsim.scenario.files import load, with_values
from vipsim.shards import Evaluations, Job, Runner, SerialExecutor


@pytest.fixture
def surface(tmp_path):
    synthetic.write_files(tmp_path)
    return load(tmp_path / "surface.toml", root=synthetic.Surface)


def run(scenario, replications=6, **options):
    return experiment.run(scenario, 3, replications, replicate=synthetic.replicate, **options)


def test_same_bytes_for_any_workers(surface):
    alone = run(surface, 7).kpis.to_csv()
    assert run(surface, 7, workers=2).kpis.to_csv() == alone
    with ThreadPoolExecutor(3) as threads:
        assert run(surface, 7, executor=threads).kpis.to_csv() == alone
        assert threads.submit(int).result() == 0  # a given executor is left open


def test_a_run_is_tidy(surface):
    result = run(surface, 3)
    assert list(result.kpis.columns) == ["replication", "branch", "kpi", "value", "unit"]
    assert len(result.kpis) == 3 * len(synthetic.KPIS)
    assert set(result.kpis["branch"]) == {"surface"}
    assert result.values("cost_yuan").tolist() == [400.0, 400.0, 400.0]
    assert result.summary()["cost_yuan"].mean == 400.0
    assert list(result.tables) == [0]
    assert list(run(surface, 3, record="all").tables) == [0, 1, 2]
    assert run(surface, 3, record="none").tables == {}
    with pytest.raises(ValueError, match="replications"):
        run(surface, 0)


def test_a_kpi_with_nothing_to_average_is_null(surface):
    empty = with_values(surface, {"desk.tellers": 0})
    summary = run(empty, 3).summary()["wait_min"]
    assert (summary.mean, summary.ci95, summary.n) == (None, None, 0)


def test_twin_of_todays_policy_gains_exactly_nothing(surface):
    same = run(surface, 4, twin=True).differences()
    assert all(summary.mean == 0.0 and summary.ci95 == (0.0, 0.0) for summary in same.values())
    more = with_values(surface, {"desk.tellers": 5})
    moved = run(more, 4, twin=True).differences()
    assert moved["cost_yuan"].mean == 100.0
    with pytest.raises(ValueError, match="twin"):
        run(surface, 1).differences()


def test_compare_pairs_by_replication(surface):
    other = with_values(surface, {"desk.tellers": 5})
    found = experiment.compare({"base": surface, "five": other}, 3, 8, replicate=synthetic.replicate)
    gain = found.differences["five"]["value_yuan"]
    true = synthetic.expected_value(other.desk, other.world) - synthetic.expected_value(surface.desk, surface.world)
    assert gain.ci95[0] < true < gain.ci95[1]
    assert gain.sd < 20.0  # the shared noise of 50 is gone
    assert found.adjusted["five"]["value_yuan"] < 0.01
    assert found.adjusted["five"]["compliance_breaches"] == 1.0
    with pytest.raises(ValueError, match="at least one other"):
        experiment.compare({"base": surface}, 3, 8, replicate=synthetic.replicate)


def test_compare_until_precise(surface):
    pair = {"base": surface, "five": with_values(surface, {"desk.tellers": 5})}
    rough = experiment.compare(pair, 3, 8, replicate=synthetic.replicate)
    wanted = experiment.Precision("value_yuan", 1.5, most=400)
    fine = experiment.compare(pair, 3, 8, replicate=synthetic.replicate, precision=wanted)
    low, high = fine.differences["five"]["value_yuan"].ci95
    assert (high - low) / 2.0 <= 1.5 * 1.3
    assert fine.base.replications > rough.base.replications
    capped = experiment.compare(
        pair, 3, 8, replicate=synthetic.replicate, precision=experiment.Precision("value_yuan", 0.01, most=12)
    )
    assert capped.base.replications == 12


def test_purposes_use_different_luck(surface):
    starts = [
        experiment.RUNS,
        experiment.SEARCH,
        experiment.CONFIRMATION,
        experiment.MEASUREMENT,
        experiment.CALIBRATION,
        experiment.CHECKING,
    ]
    assert len(set(starts)) == len(starts)
    assert all(start % experiment.RANGE_SIZE == 0 and start + experiment.RANGE_SIZE <= 2**32 for start in starts)


# ------------------------------------------------------------------------------------------ memory


def test_nothing_is_run_twice(surface, tmp_path, monkeypatch):
    ran = []
    real = shards.run_shard
    monkeypatch.setattr(shards, "run_shard", lambda shard: ran.append(shard) or real(shard))
    path = tmp_path / "evaluations.jsonl"
    memory = Evaluations(path)
    first = run(surface, 5, record="none", evaluations=memory)
    count = sum(shard.count for shard in ran)
    assert count == 5
    memory.close()
    again = run(surface, 7, record="none", evaluations=Evaluations(path))
    assert sum(shard.count for shard in ran) == 7
    assert again.kpis[again.kpis["replication"] < 5].to_csv() == first.kpis.to_csv()
    moved = with_values(surface, {"desk.tellers": 5})
    run(moved, 5, record="none", evaluations=Evaluations(path))
    assert sum(shard.count for shard in ran) == 12


def test_a_torn_last_line_is_forgotten_and_nan_comes_back(tmp_path):
    path = tmp_path / "evaluations.jsonl"
    memory = Evaluations(path)
    memory.add("a", 0, {"x": 1.0 / 3.0, "y": math.nan})
    memory.add("a", 1, {"x": 2.0, "y": 3.0})
    memory.close()
    path.write_bytes(path.read_bytes()[:-9])
    memory = Evaluations(path)
    assert len(memory) == 1
    assert memory.get("a", 0)["x"] == 1.0 / 3.0
    assert math.isnan(memory.get("a", 0)["y"])
    memory.add("a", 1, {"x": 5.0})
    memory.close()
    assert Evaluations(path).get("a", 1) == {"x": 5.0}


def test_data_and_engine_are_part_of_the_key(surface):
    key = shards.content_key(surface, 3, "compiled", "m:f")
    others = [
        shards.content_key(surface, 4, "compiled", "m:f"),
        shards.content_key(surface, 3, "simpy", "m:f"),
        shards.content_key(surface, 3, "compiled", "m:g"),
        shards.content_key(with_values(surface, {"desk.tellers": 5}), 3, "compiled", "m:f"),
    ]
    assert len({key, *others}) == 5
    assert shards.content_key(surface, 3, "compiled", "m:f") == key


# ------------------------------------------------------------------------------------------ workers


def test_processes_that_cannot_start_fall_back_with_a_warning(surface, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no processes here")

    monkeypatch.setattr(shards, "ProcessPoolExecutor", refuse)
    with pytest.warns(UserWarning, match="running in this process"):
        fallen = run(surface, 3, workers=2)
    assert fallen.kpis.to_csv() == run(surface, 3).kpis.to_csv()
    with pytest.raises(ValueError, match="worker"), shards.open_executor(0):
        pass


def test_what_cannot_be_imported_cannot_be_sent():
    with pytest.raises(ValueError, match="function of a module"):
        Runner(SerialExecutor(), 1, replicate=lambda *a, **k: None)


def failing(scenario, seed, replication, *, engine="compiled", record=False):
    if replication == 2:
        raise RuntimeError("replication 2")
    return synthetic.replicate(scenario, seed, replication)


def test_an_error_in_a_worker_comes_home_and_what_was_done_is_kept(surface):
    memory = Evaluations()
    with ThreadPoolExecutor(1) as threads:
        runner = Runner(threads, 3, replicate=failing, evaluations=memory, block=1)
        with pytest.raises(RuntimeError, match="replication 2"):
            runner.run([Job(surface, 0, 6)])
    assert len(memory) >= 1


def test_progress_counts_replications(surface):
    seen = []
    run(surface, 5, twin=False, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_serial_executor_keeps_the_interface():
    with SerialExecutor() as executor, warnings.catch_warnings():
        assert executor.submit(pow, 2, 3).result() == 8
        assert isinstance(executor.submit(int, "x").exception(), ValueError)
        assert executor.submit(threading.get_ident).result() == threading.get_ident()
