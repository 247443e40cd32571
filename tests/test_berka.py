"""The Berka tables as a book: on the real tables where they are, on made-up tables of the same schema everywhere."""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from book_scenarios import scenario as book_scenario

from vipsim.customers import book as books
from vipsim.customers.load import read_book
from vipsim.customers.mapping import read_mapping
from vipsim.scenario import files
from vipsim.scenario.errors import InputError

ROOT = Path(__file__).parents[1]
TABLES = ROOT.parent / "shared" / "data" / "berka"
needs_tables = pytest.mark.skipif(not TABLES.is_dir(), reason=f"the Berka tables are not at {TABLES}")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("berka_to_book", ROOT / "calibration" / "berka_to_book.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


berka = script()


def scenario() -> Any:
    return book_scenario(prospects=10)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "berka_book.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


MADE_UP = {
    "account": '"account_id";"district_id";"frequency";"date"\n1;2;"X";930105\n2;1;"X";931110\n3;1;"X";940301\n',
    "client": '"client_id";"birth_number";"district_id"\n10;"706213";1\n11;"450204";2\n12;"406009";1\n13;"800101";1\n',
    "disp": '"disp_id";"client_id";"account_id";"type"\n'
    '100;10;1;"OWNER"\n101;11;2;"OWNER"\n102;12;2;"DISPONENT"\n103;13;3;"OWNER"\n',
    "district": "A1;A2;A3;A11\n1;P;P;12541\n2;B;B;8507\n",
    "card": '"card_id";"disp_id";"type";"issued"\n1;100;"classic";931107 00:00:00\n2;100;"gold";940119 00:00:00\n',
    "loan": '"loan_id";"account_id";"date";"amount"\n5;1;930705;96396\n6;2;940101;5\n',
    # the last day of account 1 stands in the wrong order: 900 + 200 - 300 = 800 comes before 1,100 - 300 in the file
    "trans_1993": '"trans_id";"account_id";"date";"type";"operation";"amount";"balance"\n'
    '1;1;930105;"PRIJEM";"VKLAD";900.00;900.00\n'
    '2;1;931215;"VYDAJ";"VYBER";300.00;800.00\n'
    '3;1;931215;"PRIJEM";"VKLAD";200.00;1100.00\n'
    '4;2;931120;"PRIJEM";"VKLAD";500.00;500.00\n'
    '5;2;931231;"VYBER";"VYBER";14.60;485.40\n',
}


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, text in MADE_UP.items():
        if name == "client":
            (folder / f"{name}.asc").write_text(text, encoding="latin-1")
        else:
            (folder / f"{name}.asc.gz").write_bytes(gzip.compress(text.encode("latin-1")))
    return folder


def test_made_up_tables_become_a_book(made_up: Path, tmp_path: Path) -> None:
    assert berka.main([str(made_up), str(tmp_path / "out")]) == 0
    rows = {row["balance_czk"]: row for row in rows_of(tmp_path / "out")}
    assert set(rows) == {"800.00", "485.40"}  # account 3 opened in 1994
    first, second = rows["800.00"], rows["485.40"]
    assert first["average_czk"] == f"{(900 + 900 + 800) / 3:.2f}"
    assert second["average_czk"] == f"{(0 + 500 + 485.40) / 3:.2f}"
    assert (first["age"], first["gender"]) == ("23", "female")  # 706213: a woman born on 13 December 1970
    assert (second["age"], second["gender"]) == ("48", "male")
    assert first["salary_czk_per_year"] == str(12541 * 12)  # the owner's district, not the account's
    assert first["opened"] == "1993-01-05"
    assert (first["other_products"], second["other_products"]) == ("2", "0")
    assert all(len(row["customer"]) == 10 for row in rows.values())


def test_birth_numbers_and_account_numbers_are_dropped(made_up: Path, tmp_path: Path) -> None:
    berka.main([str(made_up), str(tmp_path / "out")])
    text = (tmp_path / "out" / "berka_book.csv").read_text(encoding="utf-8")
    assert "birth" not in text
    assert "706213" not in text
    assert "account" not in text


def test_both_factors_are_options_and_reach_the_mapping(made_up: Path, tmp_path: Path) -> None:
    berka.main([str(made_up), str(tmp_path / "out"), "--yuan-per-czk", "0.2", "--lift", "2.5"])
    mapping = read_mapping(tmp_path / "out" / "berka_mapping.toml")
    assert mapping.yuan_per_unit == 0.5
    got = read_book(tmp_path / "out" / "berka_book.csv", mapping, scenario())
    assert sorted(got.book.assets()[:2].tolist()) == [24_270, 40_000]
    assert got.book.opened[:2].tolist() == [(datetime.date(1993, m, d) - datetime.date(1993, 12, 31)).days
                                            for m, d in order_of(tmp_path / "out")]  # fmt: skip
    assert {"elsewhere", "signed", "ebank"} <= set(got.drawn)
    assert not {"income", "gender", "product classes", "opened"} & set(got.drawn)


def order_of(folder: Path) -> list[tuple[int, int]]:
    return [(int(row["opened"][5:7]), int(row["opened"][8:])) for row in rows_of(folder)]


def test_the_example_scenario_is_valid_once_the_book_is_written(made_up: Path, tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "examples" / "berka.toml").read_text(encoding="utf-8")
    path = tmp_path / "berka.toml"
    path.write_text(text.replace("../baseline.toml", "vipsim:baseline.toml"), encoding="utf-8")
    with pytest.raises(InputError, match="no such file: berka/berka_book"):
        files.load(path)
    berka.main([str(made_up), str(tmp_path / "berka")])
    made = files.load(path)
    book, ids = books.opening(made)
    assert book.is_customer().sum() == 2
    assert ids.size == 2 + made.book.prospects
    assert made.today["tiers.standard_yuan"] == made.tiers.standard_yuan


def test_a_folder_without_the_tables_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert berka.main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert "trans_1993.asc.gz" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_tables
def test_the_real_tables_become_a_book_of_1139_customers(tmp_path: Path) -> None:
    assert berka.main([str(TABLES), str(tmp_path)]) == 0
    rows = rows_of(tmp_path)
    assert len(rows) == len({row["customer"] for row in rows}) == 1_139
    got = read_book(tmp_path / "berka_book.csv", tmp_path / "berka_mapping.toml", scenario())
    customers = got.book.is_customer()
    assert customers.sum() == 1_139
    factor = 87.0  # 0.29 yuan a crown, lifted by 3, in fen
    crowns = np.array([float(row["balance_czk"]) for row in rows])
    assert np.abs(got.book.assets()[customers] - crowns * factor).max() <= 0.5 + 1e-6
    assert got.book.balance[customers, 1:].sum() == 0  # current accounts only
    assert got.book.age[customers].min() >= 10
    salaries = got.book.income[customers] / berka.YUAN_PER_CZK / berka.LIFT / 12.0
    assert salaries.min() == pytest.approx(8_110)
    assert salaries.max() == pytest.approx(12_541)  # Prague
    assert (got.book.elsewhere[customers] > 0).all()


@needs_tables
def test_every_real_balance_continues_its_accounts_running_sum() -> None:
    transactions = berka.table(TABLES, "trans_1993")
    by_account: dict[str, list[dict[str, str]]] = {}
    for row in transactions:
        by_account.setdefault(row["account_id"], []).append(row)
    worst = 0.0
    for rows in by_account.values():
        total = sum(float(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1) for row in rows)
        worst = max(worst, abs(total - berka.month_end_balances(rows)[-1]))
    assert worst < 1.0  # the tables round amounts to a tenth of a crown


@needs_tables
def test_the_example_scenario_makes_a_tenth_of_the_real_customers_standard(tmp_path: Path) -> None:
    berka.main([str(TABLES), str(tmp_path)])
    made = {"file": tmp_path / "berka_book.csv", "mapping": tmp_path / "berka_mapping.toml"}  # not in a clean clone
    example = files.load(
        ROOT / "scenarios" / "examples" / "berka.toml", [f'book.{key}="{path}"' for key, path in made.items()]
    )
    book = read_book(made["file"], made["mapping"], example).book
    tier = book.tier[book.is_customer()]
    assert 0.07 < (tier >= 1).mean() < 0.12
    assert 0.01 < (tier >= 2).mean() < 0.04
    assert (tier == 3).sum() >= 1
