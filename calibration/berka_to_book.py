"""Turn the Berka tables into a customer book: a worked example of a bank's own data.

    python calibration/berka_to_book.py TABLES OUT --yuan-per-czk 0.29 --lift 3.0

TABLES is the folder with account, client, disp, district, card, loan and trans_1993 (``.asc`` or ``.asc.gz``) of the
PKDD'99 Discovery Challenge (P. Berka and M. Sochorova, Guide to the Financial Data Set; free for research). OUT gets
``berka_book.csv`` and ``berka_mapping.toml``. What becomes what is told in docs/berka.md.

A customer is the owner of an account with transactions in 1993. Ids are pseudonyms made from the account number; the
birth number gives age and gender and is then dropped.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

YEAR = 93
MONTH_ENDS = ("931031", "931130", "931231")
YUAN_PER_CZK = 0.29
"""8.70 yuan a dollar (unified rate of 1 January 1994) over 30.0 Czech crowns a dollar (end of 1993)."""

LIFT = 3.0
"""From the money of 1993 to that of today: the districts' salaries, 31,000 yuan a year, become 95,000, between the
mean urban wages of China in 2024 inside and outside private firms (69,476 and 124,110 yuan, NBS)."""

COLUMNS = (
    "customer",
    "balance_czk",
    "average_czk",
    "age",
    "gender",
    "salary_czk_per_year",
    "opened",
    "other_products",
)


class TablesError(Exception):
    """The folder does not hold the tables."""


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one table, plain or gzipped.

    Raises TablesError where there is no such table.
    """
    for path in (folder / f"{name}.asc.gz", folder / f"{name}.asc"):
        if path.is_file():
            raw = path.read_bytes()
            text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("latin-1")
            return list(csv.DictReader(text.splitlines(), delimiter=";"))
    raise TablesError(f"{folder}: expected {name}.asc.gz or {name}.asc of the Berka data set, found neither")


def age_and_gender(birth_number: str) -> tuple[int, str]:
    """Age at the end of 1993 and gender from a Czech birth number YYMMDD, in which women's months are raised by 50.

    >>> age_and_gender("706213"), age_and_gender("450204")
    ((23, 'female'), (48, 'male'))
    """
    month = int(birth_number[2:4])
    return YEAR - int(birth_number[:2]), "female" if month > 50 else "male"


def month_end_balances(transactions: Iterable[dict[str, str]]) -> list[float]:
    """Balances of one account at the ends of October, November, December 1993, CZK: the last one, carried forward.

    Transactions of a day stand in no order, so that of the balances of the last day the one is taken that the running
    sum of all amounts leads to (the tables round it by less than a crown). 0 before the account's first transaction.
    """
    rows = sorted(transactions, key=lambda row: row["date"])
    found = []
    for end in MONTH_ENDS:
        past = [row for row in rows if row["date"] <= end]
        if not past:
            found.append(0.0)
            continue
        running = sum(float(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1) for row in past)
        closing = [float(row["balance"]) for row in past if row["date"] == past[-1]["date"]]
        found.append(min(closing, key=lambda balance: abs(balance - running)))
    return found


def customers(folder: Path) -> Iterator[dict[str, object]]:
    """One row of COLUMNS per account with transactions in 1993, in the order of the pseudonyms."""
    transactions: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in table(folder, "trans_1993"):
        transactions[row["account_id"]].append(row)
    clients = {row["client_id"]: row for row in table(folder, "client")}
    districts = {row["A1"]: row for row in table(folder, "district")}
    opened = {row["account_id"]: row["date"] for row in table(folder, "account")}
    owner: dict[str, str] = {}
    products: defaultdict[str, int] = defaultdict(int)
    account_of = {}
    for row in table(folder, "disp"):
        account_of[row["disp_id"]] = row["account_id"]
        if row["type"] == "OWNER":
            owner[row["account_id"]] = row["client_id"]
    for row in table(folder, "card"):
        products[account_of[row["disp_id"]]] += row["issued"][:6] <= MONTH_ENDS[-1]
    for row in table(folder, "loan"):
        products[row["account_id"]] += row["date"] <= MONTH_ENDS[-1]
    pseudonym = {account: hashlib.sha256(account.encode()).hexdigest()[:10] for account in transactions}
    for account in sorted(transactions, key=pseudonym.__getitem__):
        client = clients[owner[account]]
        age, gender = age_and_gender(client["birth_number"])
        balances = month_end_balances(transactions[account])
        date = opened[account]
        yield {
            "customer": pseudonym[account],
            "balance_czk": f"{balances[-1]:.2f}",
            "average_czk": f"{sum(balances) / len(balances):.2f}",
            "age": age,
            "gender": gender,
            "salary_czk_per_year": int(districts[client["district_id"]]["A11"]) * 12,
            "opened": f"19{date[:2]}-{date[2:4]}-{date[4:6]}",
            "other_products": products[account],
        }


def mapping(yuan_per_czk: float, lift: float) -> str:
    """The column mapping that reads the book, TOML."""
    return f"""# How vipsim reads berka_book.csv: written by calibration/berka_to_book.py.
schema_version = 1
money_unit = "other"
# {yuan_per_czk:g} yuan a crown, times {lift:g} from the money of 1993 to that of today
yuan_per_unit = {yuan_per_czk * lift:.10g}
date_format = "%Y-%m-%d"
as_of_date = 1993-12-31

[columns]
customer_id = "customer"
assets_demand = "balance_czk"       # the tables hold current accounts only
average_assets = "average_czk"      # mean of three month-ends: the tier window
age = "age"
gender = "gender"
income = "salary_czk_per_year"      # average salary of the owner's district, times twelve
opened = "opened"
extra_products = "other_products"   # cards issued and loans granted by the end of 1993
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the book and its mapping; exit status 1 where the tables are not there."""
    parser = argparse.ArgumentParser(description="Turn the Berka tables into a vipsim book.")
    parser.add_argument("tables", type=Path, help="folder with the Berka tables")
    parser.add_argument("out", type=Path, help="folder for berka_book.csv and berka_mapping.toml")
    parser.add_argument("--yuan-per-czk", type=float, default=YUAN_PER_CZK, help="default: %(default)s, end of 1993")
    parser.add_argument("--lift", type=float, default=LIFT, help="money of 1993 to today's; default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        rows = list(customers(options.tables))
    except TablesError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "berka_book.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    text = mapping(options.yuan_per_czk, options.lift)
    (options.out / "berka_mapping.toml").write_text(text, encoding="utf-8")
    print(f"{len(rows):,} customers in {options.out / 'berka_book.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
