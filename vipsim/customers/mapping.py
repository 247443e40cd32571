"""The column mapping of a customer file: the bank's column names, units and codes, and vipsim's."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from vipsim.customers.book import EBANK_ACTIVE, EBANK_NONE, EBANK_SIGNED
from vipsim.customers.segments import CLASS_NAMES, GROUP_NAMES
from vipsim.scenario import documents, translate
from vipsim.scenario.errors import InputError, did_you_mean
from vipsim.scenario.fields import Section

YUAN_PER_UNIT = {"fen": 0.01, "yuan": 1.0, "thousand": 1_000.0, "wan": 10_000.0}

ASSET_COLUMNS = tuple(f"assets_{name}" for name in CLASS_NAMES)


class Columns(Section):
    """vipsim's name of a column -> its header in the bank's file."""

    customer_id: str = Field(description="pseudonymous id, unique")
    assets: str | None = Field(None, description="assets here, all classes together")
    assets_demand: str | None = Field(None, description="demand deposits")
    assets_time: str | None = Field(None, description="time deposits")
    assets_wealth_product: str | None = Field(None, description="wealth products")
    assets_fund: str | None = Field(None, description="funds")
    assets_insurance_metals: str | None = Field(None, description="insurance and precious metals")
    age: str | None = Field(None, description="age, years")
    birth_year: str | None = Field(None, description="year of birth, instead of age")
    income: str | None = Field(None, description="yearly income")
    elsewhere: str | None = Field(None, description="wealth at other banks")
    average_assets: str | None = Field(None, description="daily average of assets over the tier window")
    time_maturity: str | None = Field(None, description="date on which the time deposit matures next")
    product_maturity: str | None = Field(None, description="date on which the wealth product matures next")
    opened: str | None = Field(None, description="date on which the account was opened")
    last_contact: str | None = Field(None, description="date of the last contact by staff; blank = never")
    owner: str | None = Field(None, description="code of the owner; blank = nobody")
    signed: str | None = Field(None, description="signed for the relationship service")
    ebank: str | None = Field(None, description="electronic channel: none, signed, active")
    payroll: str | None = Field(None, description="the salary or pension is paid in here by batch")
    points: str | None = Field(None, description="points held")
    gender: str | None = Field(None, description="gender")
    group: str | None = Field(None, description="customer group (S20)")
    area: str | None = Field(None, description="part of town where the customer lives: a name of book.areas")
    trade: str | None = Field(None, description="trade of the customer: a name of book.trades")
    extra_products: str | None = Field(None, description="products held beside the balances, count")

    @model_validator(mode="after")
    def _one_of_each(self) -> Columns:
        by_class = any(getattr(self, name) for name in ASSET_COLUMNS)
        if bool(self.assets) == by_class:
            raise ValueError("expected either assets or columns by class (assets_demand, assets_time, ...)")
        if bool(self.age) == bool(self.birth_year):
            raise ValueError("expected either age or birth_year")
        return self

    def given(self) -> dict[str, str]:
        """vipsim's names of the mapped columns -> their headers."""
        return {name: header for name in type(self).model_fields if (header := getattr(self, name))}


class Codes(Section):
    """The bank's codes -> vipsim's words; what is written here comes on top of the plain words."""

    gender: dict[str, Literal["female", "male"]] = Field({}, description="code -> female or male")
    signed: dict[str, Literal["yes", "no"]] = Field({}, description="code -> yes or no")
    ebank: dict[str, Literal["none", "signed", "active"]] = Field({}, description="code -> none, signed or active")
    payroll: dict[str, Literal["yes", "no"]] = Field({}, description="code -> yes or no")
    group: dict[str, Literal["youth", "middle_aged_elderly", "investing", "saving"]] = Field(
        {}, description="code -> youth, middle_aged_elderly, investing or saving"
    )
    area: dict[str, str] = Field({}, description="code -> a name of book.areas")
    trade: dict[str, str] = Field({}, description="code -> a name of book.trades")

    def table(self, column: str) -> dict[str, int]:
        """Code as written in the file, in lower case -> the book's number."""
        return self._with_own(column, _WORDS[column])

    def parts(self, column: str, names: list[str]) -> dict[str, int]:
        """The same of areas and trades, whose words are the scenario's names. Raises InputError for an unknown name."""
        for word in getattr(self, column).values():
            if word not in names:
                near = did_you_mean(word, names)
                raise InputError(f"a name of book.{column}s", found=repr(word), key=f"codes.{column}", suggestion=near)
        found = self._with_own(column, {name: n for n, name in enumerate(names)})
        return {code.strip().lower(): number for code, number in found.items()}

    def _with_own(self, column: str, words: dict[str, int]) -> dict[str, int]:
        own = {code.strip().lower(): words[word] for code, word in getattr(self, column).items()}
        return words | own


_YES_NO = {"yes": 1, "y": 1, "true": 1, "1": 1, "是": 1, "no": 0, "n": 0, "false": 0, "0": 0, "否": 0}
_WORDS: dict[str, dict[str, int]] = {
    "gender": {"female": 1, "f": 1, "女": 1, "male": 0, "m": 0, "男": 0},
    "signed": _YES_NO,
    "payroll": _YES_NO,
    "ebank": {"none": EBANK_NONE, "signed": EBANK_SIGNED, "active": EBANK_ACTIVE},
    "group": {name: number for number, name in enumerate(GROUP_NAMES)},
}


class Mapping(Section):
    """How to read a bank's customer file."""

    schema_version: Literal[1] = Field(1, description="version of the mapping format")
    money_unit: Literal["fen", "yuan", "thousand", "wan", "other"] = Field(
        description="unit of all amounts: wan = 10,000 yuan, thousand = 1,000; other = see yuan_per_unit"
    )
    yuan_per_unit: float | None = Field(None, gt=0, description="yuan of one unit, where money_unit is other")
    date_format: str = Field("%Y-%m-%d", description="how dates are written, as in strftime")
    as_of_date: datetime.date | None = Field(
        None, description="date of the extract: it counts as the first simulated day; default: the scenario's start"
    )
    encoding: str = Field("utf-8", description="encoding of a CSV file, for instance gb18030")
    separator: str = Field(",", description="what separates the columns of a CSV file", min_length=1, max_length=1)
    thousands: str = Field("", description="mark between thousands inside a number", max_length=1)
    unknown: list[str] = Field([], description="texts that mean that a value is not known, beside an empty cell")
    mean_assets_least_yuan: float = Field(
        1_000.0, ge=0, description="mean assets of a customer below which vipsim check doubts money_unit; assumption"
    )
    mean_assets_most_yuan: float = Field(
        5_000_000.0, gt=0, description="mean assets of a customer above which vipsim check doubts it; assumption"
    )
    columns: Columns
    codes: Codes = Field(default_factory=lambda: Codes.model_validate({}))

    @model_validator(mode="after")
    def _unit(self) -> Mapping:
        if (self.money_unit == "other") != (self.yuan_per_unit is not None):
            raise ValueError('expected yuan_per_unit together with money_unit = "other", and only then')
        return self

    @property
    def fen_per_unit(self) -> float:
        """Fen of one unit of the file's money."""
        return 100.0 * (self.yuan_per_unit or YUAN_PER_UNIT[self.money_unit])


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping file, strictly.

    Raises
    ------
    InputError
        Not there, not TOML, unknown or missing key, wrong value: with file, line, key and nearest spelling.
    """
    tree = documents.lay([documents.read(path)])
    try:
        return Mapping.model_validate_json(json.dumps(tree.data, default=str))
    except ValidationError as error:
        raise InputError.collect(translate.problems(error, tree, Mapping)) from None
