"""A bank's own book: what is read stays, what is missing is drawn by law, what is wrong is named, people are not."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any, get_args

import book_scenarios
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from vipsim.cli.app import app
from vipsim.customers import book as books
from vipsim.customers.book import EBANK_ACTIVE, EBANK_SIGNED, NEVER
from vipsim.customers.generate import generate
from vipsim.customers.load import Imported, load, read_book
from vipsim.customers.mapping import Mapping, read_mapping
from vipsim.customers.privacy import identifying_header, identifying_text, identifying_values
from vipsim.customers.segments import INVESTING
from vipsim.scenario.errors import InputError, Problem

TEMPLATE = Path(__file__).parents[1] / "vipsim" / "starter" / "mapping.toml"

MAPPING = """\
money_unit = "yuan"

[columns]
customer_id = "id"
assets = "assets"
age = "age"
"""

GOOD = "id,assets,age\nA1,100.5,30\nA2,0,41\nA3,250000,66\n"


def scenario(**book: Any) -> Any:
    return book_scenarios.scenario(**({"prospects": 4} | book))


def write(folder: Path, text: str, mapping: str = MAPPING) -> tuple[Path, Path]:
    (folder / "book.csv").write_text(text, encoding="utf-8")
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    return folder / "book.csv", folder / "mapping.toml"


def read(folder: Path, text: str = GOOD, mapping: str = MAPPING, **book: Any) -> Imported:
    return read_book(*write(folder, text, mapping), scenario(**book))


def refused(folder: Path, text: str = GOOD, mapping: str = MAPPING) -> list[Problem]:
    with pytest.raises(InputError) as error:
        read(folder, text, mapping)
    return error.value.problems


# -------------------------------------------------------------------------------------------------- what is read


def test_assets_age_and_ids_stay_as_given_and_prospects_follow(tmp_path: Path) -> None:
    got = read(tmp_path)
    assert got.ids.tolist() == ["A1", "A2", "A3", "P0000000", "P0000001", "P0000002", "P0000003"]
    assert got.book.assets().tolist() == [10_050, 0, 25_000_000, 0, 0, 0, 0]
    assert got.book.age[:3].tolist() == [30, 41, 66]
    assert got.book.tier[:3].tolist() == [0, 0, 1]
    assert got.book.is_customer().tolist() == [True] * 3 + [False] * 4
    assert got.drawn["income"] == got.drawn["product classes"] == 3
    book, ids = load(tmp_path / "book.csv", tmp_path / "mapping.toml", scenario())
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(book, got.book, strict=True))
    assert ids.tolist() == got.ids.tolist()


FULL = """\
money_unit = "wan"
date_format = "%Y/%m/%d"
as_of_date = 2025-12-31
encoding = "gb18030"
separator = ";"
thousands = ","
unknown = ["NULL", "-"]

[columns]
customer_id = "客户号"
assets_demand = "活期"
assets_time = "定期"
assets_wealth_product = "理财"
birth_year = "出生年"
income = "年收入"
elsewhere = "他行资产"
average_assets = "日均"
time_maturity = "到期日"
opened = "开户日"
last_contact = "最近联系"
owner = "管户"
signed = "签约"
ebank = "电子渠道"
gender = "性别"
group = "客群"
extra_products = "产品数"

[codes.ebank]
"2" = "active"
"1" = "signed"
[codes.group]
"投资" = "investing"
"""

FULL_BOOK = """\
客户号;活期;定期;理财;出生年;年收入;他行资产;日均;到期日;开户日;最近联系;管户;签约;电子渠道;性别;客群;产品数
甲01;1,000.5;20;3;1970;30;5;25;2026/03/01;2010/05/06;2025/12/01;RM07;是;2;女;投资;3
乙02;1;0;0;1990;NULL;-;;;2024/01/01;;;否;1;男;;
"""


def test_a_chinese_file_with_units_dates_codes_and_unknown_cells(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(FULL, encoding="utf-8")
    (tmp_path / "book.csv").write_bytes(FULL_BOOK.encode("gb18030"))
    got = read_book(tmp_path / "book.csv", tmp_path / "mapping.toml", scenario(prospects=0))
    book = got.book
    assert book.balance[0].tolist() == [1_000_500_000, 20_000_000, 3_000_000, 0, 0]
    assert book.balance[1].tolist() == [1_000_000, 0, 0, 0, 0]
    assert book.age.tolist() == [55, 35]
    assert book.income[0] == 300_000
    assert book.elsewhere[0] == 5_000_000
    assert book.month_average[0].tolist() == [25_000_000] * 3
    assert book.time_maturity.tolist() == [60, -1]  # 31 December is day 0
    assert book.time_term[0] >= 60
    assert book.opened[0] == (datetime.date(2010, 5, 6) - datetime.date(2025, 12, 31)).days
    assert book.last_contact.tolist() == [-30, NEVER]
    assert book.assigned.tolist() == [1, 0]
    assert got.owner_codes.tolist() == ["RM07", ""]
    assert book.signed.tolist() == [1, 0]
    assert book.ebank.tolist() == [EBANK_ACTIVE, EBANK_SIGNED]
    assert book.female.tolist() == [1, 0]
    assert book.group[0] == INVESTING
    assert book.extra_products[0] == 3
    assert book.tier.tolist() == [1, 0]  # by the given average, not by today's balance
    assert not np.isnan(book.income[1])
    assert book.elsewhere[1] > 0
    once = ("income", "elsewhere", "average_assets", "product_maturity", "extra_products")
    assert got.drawn == dict.fromkeys(once, 1) | {"relationship": 2, "payroll": 2, "points": 2}


def test_parquet_and_csv_give_the_same_book(tmp_path: Path) -> None:
    mapping = MAPPING + 'opened = "since"\n'
    text = "id,assets,age,since\nA1,100.5,30,2020-02-03\nA2,7,41,2021-04-05\n"
    from_csv = read(tmp_path, text, mapping)
    frame = pd.DataFrame(
        {
            "id": ["A1", "A2"],
            "assets": [100.5, 7.0],
            "age": [30, 41],
            "since": pd.to_datetime(["2020-02-03", "2021-04-05"]),
        }
    )
    frame.to_parquet(tmp_path / "book.parquet")
    from_parquet = read_book(tmp_path / "book.parquet", tmp_path / "mapping.toml", scenario())
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(from_csv.book, from_parquet.book, strict=True))


def test_a_stated_factor_turns_other_money_into_fen(tmp_path: Path) -> None:
    mapping = MAPPING.replace('"yuan"', '"other"\nyuan_per_unit = 0.29')
    assert read(tmp_path, GOOD, mapping).book.assets()[:3].tolist() == [2_914, 0, 7_250_000]


def test_one_more_customer_at_the_end_changes_no_other_row(tmp_path: Path) -> None:
    few, more = read(tmp_path), read(tmp_path, GOOD + "A4,5,50\n")
    for a, b in zip(books.rows(few.book, slice(0, 3)), books.rows(more.book, slice(0, 3)), strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def test_ids_of_prospects_give_way_to_those_of_the_bank(tmp_path: Path) -> None:
    ids = read(tmp_path, GOOD.replace("A1", "P0000002")).ids.tolist()
    assert ids[3:] == ["PP0000000", "PP0000001", "PP0000002", "PP0000003"]
    assert len(set(ids)) == 7


def test_columns_left_out_are_drawn_by_the_generators_laws(tmp_path: Path) -> None:
    """Whoever forgets incomes and wealth elsewhere of a generated book gets people of the same kind back."""
    n = 20_000
    made = scenario(customers=n, prospects=0)
    book, ids = generate(made, 1)
    kept = pd.DataFrame({"id": ids, "assets": book.assets() / 100.0, "age": book.age})
    kept.to_csv(tmp_path / "book.csv", index=False)
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    again = read_book(tmp_path / "book.csv", tmp_path / "mapping.toml", scenario(prospects=0, seed=2)).book
    assert np.array_equal(again.assets(), book.assets())
    for band in ((0.0, 1e3), (1e3, 1e5), (1e5, 1e12)):
        inside = (book.assets() / 100.0 >= band[0]) & (book.assets() / 100.0 < band[1])
        for name, tolerance in (("income", 0.04), ("elsewhere", 0.10)):
            truth = np.log(getattr(book, name)[inside] + 1.0)
            drawn = np.log(getattr(again, name)[inside] + 1.0)
            # standard errors of both samples, and what the regression with one wallet share for all leaves over
            error = np.hypot(truth.std(), drawn.std()) / np.sqrt(inside.sum())
            assert abs(truth.mean() - drawn.mean()) < 4 * error + tolerance, (name, band)
            assert drawn.std() == pytest.approx(truth.std(), rel=0.15), (name, band)
    for both in (book, again):
        correlation = np.corrcoef(np.log(both.assets() + 1.0), np.log(both.income))[0, 1]
        assert 0.25 < correlation < 0.45


# ------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("id,assets,age\n", None, "", "at least one customer, found an empty book"),
        ("", None, "", "at least one customer, found an empty file"),
        ("id,asset,age\nA1,1,30\n", 1, "assets", "did you mean asset?"),
        ("id,assets,age\nA1,1,30\nA2,-5,30\n", 3, "assets", "assets of at least 0, found -5 of 'A2' in row 2"),
        ("id,assets,age\nA1,1,30\n\nA2,-5,30\n", 4, "assets", "in row 3"),
        ("id,assets,age\nA1,1,30\nA2,5,30\nA1,6,31\n", 4, "id", "ids that occur once, found 'A1' in rows 1, 3"),
        ("id,assets,age\nA1,1,30\nA2,1O0,30\n", 3, "assets", "a number, found '1O0' in row 2"),
        ("id,assets,age\nA1,,30\n", 2, "assets", "a number, found nothing in row 1"),
        ("id,assets,age\n,5,30\n", 2, "id", "a customer id, found nothing in row 1"),
        ("id,assets,age\nA1,5,200\n", 2, "age", "an age from 0 to 120, found 200 of 'A1' in row 1"),
        ("id,assets,age\nA1,5,30,7\n", 2, "", "as many cells in a row as in the header"),
        ("id,assets,age\nA1,5,30\nA2,5,30,7\n", None, "", "Expected 3 fields in line 3, saw 4"),
        ("id,assets,age\nA1,1e400,30\n", 2, "assets", "a number, found '1e400' in row 1"),
    ],
)
def test_faults_of_a_file_name_row_line_and_column(
    tmp_path: Path, text: str, line: int | None, key: str, says: str
) -> None:
    problem = refused(tmp_path, text)[0]
    assert says in str(problem)
    assert (problem.line, problem.key) == (line, key)
    assert problem.file.endswith("book.csv")


def test_many_faults_of_a_kind_are_counted_and_kinds_shown_together(tmp_path: Path) -> None:
    rows = "".join(f"A{i},-1,x\n" for i in range(20))
    problems = refused(tmp_path, "id,assets,age\n" + rows)
    assert len(problems) == 10
    assert any("(and 15 more rows)" in str(problem) for problem in problems)
    assert {problem.key for problem in problems} == {"assets", "age"}


def test_dates_and_codes_that_cannot_be_read(tmp_path: Path) -> None:
    mapping = MAPPING + 'opened = "since"\nebank = "channel"\n'
    text = "id,assets,age,since,channel\nA1,1,30,2020-13-01,active\nA2,1,30,2027-01-02,sometimes\n"
    date, code = refused(tmp_path, text, mapping)[:2]
    assert "a date like 2026-01-01, found '2020-13-01' in row 1" in str(date)
    assert "one of none, signed, active, found 'sometimes' in row 2" in str(code)
    later = refused(tmp_path, text.replace("2020-13-01", "2020-12-01").replace("sometimes", "none"), mapping)
    assert "a date not after 2026-01-01, found 2027-01-02 of 'A2' in row 2" in str(later[0])


def test_unreadable_files(tmp_path: Path) -> None:
    path, mapping = write(tmp_path, GOOD)
    with pytest.raises(InputError, match=r"did you mean book\.csv"):
        read_book(tmp_path / "bok.csv", mapping, scenario())
    with pytest.raises(InputError, match="a directory"):
        read_book(tmp_path, mapping, scenario())
    path.write_bytes("id,assets,age\n甲,1,30\n".encode("gb18030"))
    with pytest.raises(InputError, match='encoding = "gb18030"'):
        read_book(path, mapping, scenario())
    (tmp_path / "book.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(InputError, match="a Parquet table"):
        read_book(tmp_path / "book.parquet", mapping, scenario())
    odd = MAPPING.replace('money_unit = "yuan"', 'money_unit = "yuan"\nencoding = "latin-99"')
    assert "a known encoding" in str(refused(tmp_path, GOOD, odd)[0])


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("customer_id =", "customer_no ="), 4, "unknown key"),
        (('money_unit = "yuan"', 'money_unit = "yuans"'), 1, "did you mean yuan"),
        (('money_unit = "yuan"', 'money_unit = "wan_yuan"'), 1, "did you mean wan?"),
        (('money_unit = "yuan"', 'money_unit = "thousand_yuan"'), 1, "did you mean thousand?"),
        (('age = "age"', 'income = "pay"'), 3, "either age or birth_year"),
        (('assets = "assets"', 'assets = "assets"\nassets_fund = "f"'), 5, "either assets or columns by class"),
        (('money_unit = "yuan"', 'money_unit = "other"'), 1, "yuan_per_unit"),
    ],
)
def test_faults_of_a_mapping(tmp_path: Path, change: tuple[str, str], line: int, says: str) -> None:
    problems = refused(tmp_path, GOOD, MAPPING.replace(*change))
    assert any(says in str(problem) for problem in problems), [str(problem) for problem in problems]
    assert all(problem.file.endswith("mapping.toml") for problem in problems)


def test_the_template_names_the_units_that_the_reader_takes() -> None:
    (line,) = [line for line in TEMPLATE.read_text("utf-8").splitlines() if line.startswith("money_unit")]
    units = get_args(Mapping.model_fields["money_unit"].annotation)
    assert set(units) <= set(re.findall(r"[a-z_]+", line.partition("#")[2]))
    assert "wan_yuan" not in line


def test_assets_that_no_branch_has_are_a_warning_of_the_unit(tmp_path: Path) -> None:
    assert read(tmp_path).warnings == []
    for unit, mean in (("wan", "833,668,333.33"), ("fen", "833.67")):
        (warning,) = read(tmp_path, GOOD, MAPPING.replace('"yuan"', f'"{unit}"')).warnings
        assert f"mean assets of {mean} yuan a customer" in warning
        assert f"is money_unit right ({unit}," in warning
    wider = MAPPING.replace('"yuan"', '"fen"\nmean_assets_least_yuan = 10.0')
    assert read(tmp_path, GOOD, wider).warnings == []


def test_check_shows_the_warning(tmp_path: Path) -> None:
    book, mapping = write(tmp_path, GOOD, MAPPING.replace('"yuan"', '"wan"'))
    result = CliRunner().invoke(app, ["check", str(book), str(mapping)])
    assert result.exit_code == 0
    assert "warning: mean assets of 833,668,333.33 yuan a customer" in result.output


def test_a_mapping_is_read_from_its_file(tmp_path: Path) -> None:
    _, path = write(tmp_path, GOOD, FULL)
    mapping = read_mapping(path)
    assert isinstance(mapping, Mapping)
    assert mapping.fen_per_unit == 1_000_000.0
    assert mapping.columns.given()["assets_time"] == "定期"


# ---------------------------------------------------------------------------------------------------- privacy


CHINESE = (
    "姓名",
    "客户姓名",
    "身份证",
    "身份证号码",
    "证件号码",
    "手机",
    "手机号",
    "联系电话",
    "邮箱",
    "家庭地址",
    "微信号",
    "姓 名",
    "账号",
    "银行帐号",
    "卡号",
    "客户",
    "联系人",
)
NAMES = ("name", "Name", "customer_name", "customerName", "ClientName", "last_name")
NUMBERS = (
    "phone",
    "PhoneNumber",
    "mobile",
    "tel",
    "id_number",
    "ID_No",
    "idcard",
    "id_card",
    "passport",
    "national_id",
    "accountNumber",
)
PLACES = ("e-mail", "email", "EMAIL", "address", "birth_number", "birthday")


@pytest.mark.parametrize("header", [*CHINESE, *NAMES, *NUMBERS, *PLACES])
def test_headers_that_identify_people_are_refused(header: str, tmp_path: Path) -> None:
    assert identifying_header(header)
    problem = refused(tmp_path, f"id,assets,age,{header}\nA1,1,30,x\n")[0]
    assert problem.key == header
    assert "identifies people" in str(problem)
    assert "take the column out" in problem.suggestion


HARMLESS = (
    "id",
    "customer_id",
    "assets",
    "客户号",
    "资产",
    "年龄",
    "birth_year",
    "age",
    "income",
    "owner",
    "product_name",
)


CHANNELS = ("客户类型", "手机银行", "mobile_banking", "账号数")


@pytest.mark.parametrize("header", [*HARMLESS, "telling", "mailing_share", *CHANNELS])
def test_harmless_headers_pass(header: str) -> None:
    assert identifying_header(header) == ""


ID18 = "11010519491231002X"  # the example number of GB 11643


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([ID18, "x", "y"], "id numbers"),
        ([ID18.lower()], "id numbers"),
        (["130503670401001", "130503670401002"], "id numbers"),
        (["13812345678", "139-1234-5678", "+86 15012345678"], "phone numbers"),
        (["a", "b", "someone@example.com"], "e-mail addresses"),
        (["110105194912310021", "110105194913310026"], ""),  # wrong check digit, wrong month
        (["12345678901", "20000000001"], ""),
        (["C0001", "", " "], ""),
        ([], ""),
    ],
)
def test_values_that_identify_people(values: list[str], what: str) -> None:
    assert identifying_values(values) == what


def test_random_numbers_are_no_id_numbers() -> None:
    rng = np.random.default_rng(1)
    assert identifying_values([str(x) for x in rng.integers(10**17, 9 * 10**17, 20_000)]) == ""
    assert identifying_values([str(x) for x in rng.integers(10**14, 9 * 10**14, 20_000)]) == ""
    assert identifying_values([str(x) for x in rng.integers(10**10, 9 * 10**10, 20_000)]) == ""


def test_an_id_number_as_customer_id_or_in_an_unused_column_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, f"id,assets,age\n{ID18},1,30\n")[0]
    assert (problem.key, problem.line) == ("id", 1)
    assert "id numbers, by its values" in str(problem)
    problem = refused(tmp_path, "id,assets,age,note\nA1,1,30,13812345678\n")[0]
    assert problem.key == "note"


CARD = "6222021001116245702"  # 19 digits with a Luhn check digit


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("13812345678", "phone numbers"),
        ("客户电话13812345678,已联系", "phone numbers"),
        ("tel13812345678", "phone numbers"),
        ("+86 138-1234-5678", "phone numbers"),
        ("１３８１２３４５６７８", "phone numbers"),
        ("13812345678.0", "phone numbers"),
        (f"证件{ID18}。", "id numbers"),
        (CARD, "card numbers"),
        ("卡6222 0210 0111 6245 702已换", "card numbers"),
        ("见 someone@example.com", "e-mail addresses"),
        (CARD[:-1] + "3", ""),
        ("110105194912310021", ""),
        ("13812345678.50", ""),
        ("9f13812345678c", ""),
        ("20260301093000", ""),
        ("12812345678", ""),
    ],
)
def test_one_number_in_one_text_of_many_is_enough(cell: str, what: str) -> None:
    values = ["已联系", "", "RM07", "2026-03-01", "1234.56"] * 60
    assert identifying_text(values) == ""
    assert identifying_text([*values, cell]) == what


@pytest.mark.parametrize("cell", ["13812345678", "客户电话13812345678;已联系", CARD, ID18])
def test_one_row_of_300_is_refused_and_its_cell_is_not_shown(tmp_path: Path, cell: str) -> None:
    rows = [f"A{i},1,30,{cell if i == 150 else 'ok'}\n" for i in range(300)]
    (problem,) = refused(tmp_path, "id,assets,age,备注\n" + "".join(rows))
    assert problem.key == "备注"
    assert "numbers, by its values" in problem.found
    assert not re.search(r"\d{5}", str(problem))


def test_numbers_where_numbers_belong_and_pseudonyms_are_no_phone_numbers(tmp_path: Path) -> None:
    mapping = MAPPING.replace('"id"', '"客户"').replace('"yuan"', '"fen"')
    rows = [f"{13_800_000_000 + 5_000_000_000 * (i % 10) + i},{13_812_345_678 + i},30\n" for i in range(50)]
    assert read(tmp_path, "客户,assets,age\n" + "".join(rows), mapping).book.balance[0].sum() == 13_812_345_678
    (problem,) = refused(tmp_path, "客户,assets,age\nA1,电话13812345678,30\n", mapping)
    assert (problem.key, problem.found) == ("assets", "phone numbers, by its values")


def test_phone_numbers_of_a_parquet_table_with_blanks_are_found(tmp_path: Path) -> None:
    _, mapping = write(tmp_path, GOOD)
    frame = pd.DataFrame({"id": ["A1", "A2"], "assets": [1.0, 2.0], "age": [30, 31], "x": [13_812_345_678.0, np.nan]})
    frame.to_parquet(tmp_path / "book.parquet")
    with pytest.raises(InputError, match="phone numbers, by its values"):
        read_book(tmp_path / "book.parquet", mapping, scenario())
