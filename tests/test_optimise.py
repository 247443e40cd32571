"""The whole of a study on a surface with known answers: found, confirmed, the same for any workers, resumable."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
import synthetic

from vipsim.optimise import optimise, plan, read_question
from vipsim.scenario.errors import InputError, StorageError


def ask(folder, study=synthetic.STUDY, surface=synthetic.SURFACE, **options):
    folder.mkdir(exist_ok=True)
    path = synthetic.write_files(folder, study, surface)
    return read_question(path, root=synthetic.Surface, known_kpis=synthetic.KPIS, **options)


def answer(question, out, **options):
    return optimise(question, out=out, replicate=synthetic.replicate, **options)


def text_of(result):
    return (result.folder / "recommendation.json").read_bytes()


def changed(old, new, text):
    assert old in text
    return text.replace(old, new)


def test_the_known_optimum_is_found_and_its_gain_is_right(tmp_path):
    question = ask(tmp_path)
    found = answer(question, tmp_path).document["recommendation"]
    assert found["levers"] == {"desk.tellers": 7, "desk.mode": "strict", "desk.cut_yuan": 500.0}
    assert not found["is_today"]
    gain = found["objective"]["value_yuan"]
    best = question.candidate(found["levers"])
    true = synthetic.expected_value(best.desk, best.world) - synthetic.expected_value(
        question.today.desk, question.today.world
    )
    assert gain["ci95"][0] < true < gain["ci95"][1]
    assert gain["gain"] == pytest.approx(gain["recommended"] - gain["today"])
    assert found["probability_best"] > 0.95
    (limit,) = found["limits"]
    assert limit["shown"]
    assert limit["probability_lower"] >= 0.9
    by_lever = {(m["lever"], m["value"]): m for m in found["marginal"]}
    more = by_lever["desk.tellers", 8]
    assert more["interval"][0] < -10.0 < more["interval"][1]  # the surface falls by 10 from 7 to 8 tellers
    assert ("desk.mode", "window") in by_lever
    assert "with probability 0.95" in found["guarantee"]


def test_a_limit_moves_the_answer_and_is_named_as_binding(tmp_path):
    # the value is largest at 4 tellers, where the wait is 7.5 minutes: the limit of 6 asks for more
    surface = changed("best_tellers = 7", "best_tellers = 4", synthetic.SURFACE)
    found = answer(ask(tmp_path, surface=surface), tmp_path).document["recommendation"]
    # 6 tellers: 5 + 0.5 z <= 6 with probability 0.977; 5 tellers: 6 + 0.5 z, a half
    assert found["levers"]["desk.tellers"] in (6, 7)
    assert any("wait_min <= 6" in line for line in found["binding"])
    assert any("Today's policy was not shown to meet wait_min <= 6" in line for line in found["words"])


def test_today_is_kept_where_it_is_best(tmp_path):
    old, new = 'tellers = 4\ncut_yuan = 300.0\nmode = "none"', 'tellers = 7\ncut_yuan = 500.0\nmode = "strict"'
    surface = changed(old, new, synthetic.SURFACE)
    found = answer(ask(tmp_path, surface=surface), tmp_path).document["recommendation"]
    assert found["is_today"]
    assert found["objective"]["value_yuan"]["gain"] == 0.0
    assert found["objective"]["value_yuan"]["ci95"] == [0.0, 0.0]
    assert "keep it" in found["words"][0]


def test_no_feasible_setting_names_the_limit_and_the_nearest(tmp_path):
    study = changed("at_most = 6.0", "at_most = 2.0", synthetic.STUDY)  # 12 tellers would be needed and more
    result = answer(ask(tmp_path, study), tmp_path)
    assert not result.feasible
    found = result.document
    assert found["recommendation"] is None
    assert found["blocking"]["limit"] == "wait_min <= 2"
    assert "0 of 30 trials met it" in found["blocking"]["why"]
    assert found["nearest"]["levers"]["desk.tellers"] == 10
    assert found["infeasible"] == 30


def test_a_breach_is_never_recommended(tmp_path):
    surface = changed("breach_tellers = 99", "breach_tellers = 7", synthetic.SURFACE)
    result = answer(ask(tmp_path, surface=surface), tmp_path)
    assert result.document["recommendation"]["levers"]["desk.tellers"] == 6
    everywhere = changed("breach_tellers = 99", "breach_tellers = 6", synthetic.SURFACE)
    blocked = answer(ask(tmp_path / "b", surface=everywhere), tmp_path)
    assert not blocked.feasible
    assert "breaches" in blocked.document["blocking"]["limit"] or "wait" in blocked.document["blocking"]["limit"]


def test_a_minimised_objective(tmp_path):
    study = changed('kpi = "value_yuan"', 'kpi = "cost_yuan"\ndirection = "minimise"', synthetic.STUDY)
    found = answer(ask(tmp_path, study), tmp_path).document["recommendation"]
    assert found["levers"]["desk.tellers"] in (6, 7)  # the cheapest that meet the limit
    assert found["objective"]["cost_yuan"]["gain"] > 0.0  # dearer than today, which misses the limit


def test_several_objectives_the_first_decides(tmp_path):
    more = '[[objectives]]\nkpi = "cost_yuan"\ndirection = "minimise"\n[levers]'
    found = answer(ask(tmp_path, changed("[levers]", more, synthetic.STUDY)), tmp_path).document["recommendation"]
    assert set(found["objective"]) == {"value_yuan", "cost_yuan"}
    assert found["objective"]["value_yuan"]["ci95"][0] > 300.0


def test_a_small_space_is_tried_whole(tmp_path):
    study = changed("desk.tellers = {low = 2, high = 10}\n", "", synthetic.STUDY)
    study = changed("low = 100, high = 900, step = 50", "low = 300, high = 700, step = 100", study)
    surface = changed("tellers = 4", "tellers = 6", synthetic.SURFACE)
    result = answer(ask(tmp_path, study, surface), tmp_path)
    assert result.document["trials"] == 15
    assert result.document["recommendation"]["levers"] == {"desk.mode": "strict", "desk.cut_yuan": 500.0}


# ------------------------------------------------------------------------------------------ the same answer


def test_the_same_bytes_for_any_workers(tmp_path):
    question = ask(tmp_path)
    alone = text_of(answer(question, tmp_path / "1"))
    assert text_of(answer(question, tmp_path / "2", workers=2)) == alone
    with ThreadPoolExecutor(3) as threads:
        assert text_of(answer(question, tmp_path / "3", executor=threads)) == alone


def test_a_finished_study_is_not_run_again(tmp_path, monkeypatch):
    question = ask(tmp_path)
    first = text_of(answer(question, tmp_path))
    monkeypatch.setattr("vipsim.shards.run_shard", lambda shard: pytest.fail("ran again"))
    assert text_of(answer(question, tmp_path, resume=True)) == first


DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import synthetic
from vipsim.optimise import optimise, read_question

if __name__ == "__main__":
    question = read_question(sys.argv[1], root=synthetic.Surface, known_kpis=synthetic.KPIS)
    optimise(question, out=Path(sys.argv[2]), replicate=synthetic.replicate, workers=int(sys.argv[3]))
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
@pytest.mark.parametrize(("workers", "lines"), [(1, 20), (2, 200)], ids=["in the search", "in the confirmation"])
def test_killed_and_resumed_gives_the_same_bytes(tmp_path, workers, lines):
    question = ask(tmp_path)
    whole = text_of(answer(question, tmp_path / "whole"))
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(tests=str(Path(__file__).parent)))
    record = tmp_path / "killed" / question.folder_name / "evaluations.jsonl"
    command = [sys.executable, str(script), str(tmp_path / "study.toml"), str(tmp_path / "killed"), str(workers)]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "SYNTHETIC_SLEEP_S": "0.05"}
    )
    deadline = time.monotonic() + 120.0
    while (record.read_bytes().count(b"\n") if record.exists() else 0) < lines:
        assert process.poll() is None, "the driver ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (record.parent / "recommendation.json").exists()
    with record.open("ab") as file:
        file.write(b'{"key": "torn')  # what a kill in the middle of a line leaves
    before = record.read_bytes().count(b"\n")
    assert text_of(answer(question, tmp_path / "killed", resume=True)) == whole
    written = [json.loads(line) for line in record.read_text().splitlines()]
    places = [(line["key"], line["replication"]) for line in written]
    assert len(places) == len(set(places)) > before  # nothing was run twice


def test_ctrl_c_leaves_a_study_that_goes_on(tmp_path):
    question = ask(tmp_path)
    whole = text_of(answer(question, tmp_path / "whole"))

    def interrupt(stage, done, total):
        if stage == "confirmation" and done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(question, tmp_path / "stopped", progress=interrupt)
    assert text_of(answer(question, tmp_path / "stopped", resume=True)) == whole


def test_nothing_to_resume_is_said(tmp_path):
    with pytest.raises(InputError, match="nothing in"):
        answer(ask(tmp_path), tmp_path / "empty", resume=True)


def test_two_drivers_of_one_study_are_refused(tmp_path):
    question = ask(tmp_path)
    refused = []

    def second(stage, done, total):
        if stage == "confirmation" and not refused:
            with pytest.raises(InputError, match="another driver") as caught:
                answer(question, tmp_path)
            refused.append(caught)

    answer(question, tmp_path, progress=second)
    assert refused


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_no_right_to_write_is_said(tmp_path):
    question = ask(tmp_path)
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="cannot write to"):
        answer(question, shut)


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(StorageError, match="cannot write to"):
        answer(ask(tmp_path / "s"), tmp_path / "out")


# ------------------------------------------------------------------------------------------ storage and plan


@pytest.mark.parametrize("kind", ["journal", "database"])
def test_the_storage_holds_every_trial(tmp_path, kind):
    question = ask(tmp_path)
    url = f"sqlite:///{tmp_path}/team.db" if kind == "database" else ""
    result = answer(question, tmp_path, storage=url)
    if kind == "database":
        storage = optuna.storages.RDBStorage(url)
    else:
        backend = optuna.storages.journal.JournalFileBackend(str(result.folder / "journal.log"))
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=question.folder_name, storage=storage)
    numbers = {trial.user_attrs["trial"] for trial in study.trials}
    assert numbers == set(range(30))
    assert study.trials[0].params["desk.tellers"] == 4
    assert any(trial.constraints["wait_min <= 6"] > 0.0 for trial in study.trials)


def test_a_storage_of_another_study_is_refused(tmp_path):
    question = ask(tmp_path)
    url = f"sqlite:///{tmp_path}/team.db"
    other = optuna.create_study(storage=url, study_name=question.folder_name, direction="maximize")
    handle = other.ask(question.space.distributions())
    other.tell(handle, 1.0)
    with pytest.raises(InputError, match="a different one in the storage"):
        answer(question, tmp_path, storage=url)
    with pytest.raises(InputError, match="database"):
        answer(question, tmp_path / "x", storage="nosuch://host/db")


def test_the_plan_counts_and_runs_nothing(tmp_path):
    question = ask(tmp_path)
    planned = plan(question, tmp_path / "out")
    assert planned.as_dict()["replications"] == {
        "search": 30 * 6,
        "confirmation": 4 * 80,
        "measurement": (2 + 6) * 20,
        "total": 660,
    }
    assert planned.seconds(0.1, 2) == pytest.approx(33.0)
    assert not (tmp_path / "out").exists()
    result = answer(question, tmp_path)
    ran = (result.folder / "evaluations.jsonl").read_text().count("\n")
    assert ran <= planned.replications
