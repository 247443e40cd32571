"""What a customer file must not carry: columns that say who somebody is (P01-P02).

A column is refused by its header or by its values, whether or not it is used: a file with names or id numbers should
not travel to a planning computer at all. Pseudonymous ids are enough for everything that vipsim does. What is found is
named by its kind; a cell is never shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

# Part of a header in Chinese -> what it is.
_CHINESE = {
    "姓名": "names",
    "名字": "names",
    "户名": "names",
    "户主": "names",
    "联系人": "names",
    "客户名称": "names",
    "身份证": "id numbers",
    "证件号": "id numbers",
    "护照": "passport numbers",
    "手机": "phone numbers",
    "电话": "phone numbers",
    "联系方式": "phone numbers",
    "邮箱": "e-mail addresses",
    "电子邮件": "e-mail addresses",
    "地址": "addresses",
    "住址": "addresses",
    "微信": "account names",
    "卡号": "card numbers",
    "账号": "account numbers",
    "帐号": "account numbers",
    "出生日期": "birth dates",
}

# Headers that are harmless in some columns and name people in others: they count only as the whole header.
_WHOLE = {"客户": "names", "客户名": "names", "顾客": "names", "姓": "names", "名": "names"}

# Channels and counts, not numbers: taken out of a header before it is looked at.
_CHANNEL = re.compile(r"(?i)手机银行|电话银行|(?:mobile|phone|telephone)[ _-]?bank(?:ing)?")
_COUNT = re.compile(r"[账帐卡]号(?:个)?数量?$")

# Words of a header in English -> what it is.
_ENGLISH = {
    "phone": "phone numbers",
    "telephone": "phone numbers",
    "tel": "phone numbers",
    "mobile": "phone numbers",
    "cellphone": "phone numbers",
    "email": "e-mail addresses",
    "mail": "e-mail addresses",
    "address": "addresses",
    "street": "addresses",
    "passport": "passport numbers",
    "ssn": "id numbers",
    "idcard": "id numbers",
    "idnumber": "id numbers",
    "idno": "id numbers",
    "wechat": "account names",
    "surname": "names",
    "firstname": "names",
    "lastname": "names",
    "fullname": "names",
    "birthnumber": "birth numbers",
    "birthdate": "birth dates",
    "birthday": "birth dates",
    "dob": "birth dates",
}
_NAME_OF = frozenset(
    ("customer", "cust", "client", "account", "holder", "first", "last", "full", "family", "given", "owner", "manager")
)
_PAIRS = {
    ("id", "number"): "id numbers",
    ("id", "no"): "id numbers",
    ("id", "card"): "id numbers",
    ("identity", "number"): "id numbers",
    ("identity", "card"): "id numbers",
    ("national", "id"): "id numbers",
    ("card", "number"): "card numbers",
    ("card", "no"): "card numbers",
    ("account", "number"): "account numbers",
    ("account", "no"): "account numbers",
    ("birth", "number"): "birth numbers",
    ("birth", "date"): "birth dates",
    ("e", "mail"): "e-mail addresses",
}

# A number counts where no letter, digit or decimal stands beside it, so that hashes and amounts are none; what a table
# program adds to whole numbers (".0") is overlooked.
_BEFORE = r"(?<![0-9A-Za-z])(?<!\d\.)"
_AFTER = r"(?!\.0*[1-9])(?![0-9A-Za-z])"
_LABEL = r"(?:(?i:tel|phone|mobile|mob|cell|wechat|wx|vx)\.?)?"

_ID18 = re.compile(_BEFORE + r"(\d{17}[\dXx])" + _AFTER)
_ID15 = re.compile(_BEFORE + r"(\d{15})" + _AFTER)
_MOBILE = re.compile(_BEFORE + _LABEL + r"(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}" + _AFTER)
_CARD = re.compile(_BEFORE + r"((?:[3-6]\d{3}|9558)(?:[- ]?\d{4}){3}(?:[- ]?\d{1,3})?)" + _AFTER)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ID18_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID18_CHECK = "10X98765432"

# Ids are numbers of the bank's own choice. By chance, 18 random digits pass as an id number in 4 of 100,000 cases, 15
# digits in 4 of 100, 16 to 19 as a card number in 4 of 100, and 11 digits look like a mobile number in 7 of 100: the
# shares of rows from which ids are refused lie far above. An id number of 15 digits has no check digit; so much of a
# column of texts must look like one, too.
_ID18_SHARE = 0.001
_OTHER_SHARE = 0.3


def identifying_header(header: str) -> str:
    """What a column carries by its header, e.g. "phone numbers"; empty where the header is harmless.

    >>> identifying_header("客户姓名"), identifying_header("Mobile_No"), identifying_header("birth_year")
    ('names', 'phone numbers', '')
    """
    plain = _COUNT.sub("", _CHANNEL.sub("", re.sub(r"\s", "", unicodedata.normalize("NFKC", header))))
    if plain in _WHOLE:
        return _WHOLE[plain]
    for part, what in _CHINESE.items():
        if part in plain:
            return what
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", _CHANNEL.sub("", header))
    words = re.findall(r"[a-z]+", spaced.lower())
    for word in words:
        if word in _ENGLISH:
            return _ENGLISH[word]
    if words == ["name"] or ("name" in words and _NAME_OF & set(words)):
        return "names"
    for pair in pairwise(words):
        if pair in _PAIRS:
            return _PAIRS[pair]
    joined = "".join(words)
    return _ENGLISH.get(joined, "names" if joined in ("customername", "clientname", "accountname") else "")


def identifying_text(values: Sequence[str]) -> str:
    """What a column of texts carries, be it in one cell and amid other words; empty where it is harmless.

    One e-mail address, mobile number, resident id number or bank card number is enough.

    >>> identifying_text(["", "客户电话13812345678,已联系"]), identifying_text(["RM07", "2026-03-01", "1234.5"])
    ('phone numbers', '')
    """
    text = _joined(values)
    if _EMAIL.search(text):
        return "e-mail addresses"
    if any(map(_is_id18, _ID18.findall(text))):
        return "id numbers"
    if _MOBILE.search(text):
        return "phone numbers"
    if any(map(_is_card, _CARD.findall(text))):
        return "card numbers"
    return "id numbers" if _mostly(map(_is_id15, _ID15.findall(text)), values) else ""


def identifying_values(values: Sequence[str]) -> str:
    """What a column of ids carries; empty where they are harmless. Blank values do not count.

    Ids may be long numbers, so some look like a phone, id or card number by chance: a share of them decides.
    """
    text = _joined(values)
    if _EMAIL.search(text):
        return "e-mail addresses"
    if _mostly(map(_is_id18, _ID18.findall(text)), values, _ID18_SHARE):
        return "id numbers"
    if _mostly(map(_is_id15, _ID15.findall(text)), values):
        return "id numbers"
    if _mostly(map(bool, _MOBILE.findall(text)), values):
        return "phone numbers"
    return "card numbers" if _mostly(map(_is_card, _CARD.findall(text)), values) else ""


def _joined(values: Sequence[str]) -> str:
    """The filled cells as one text, a line each; digits of full width become plain ones."""
    text = "\n".join(value for value in values if value and not value.isspace())
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _mostly(hits: Iterable[bool], values: Sequence[str], share: float = _OTHER_SHARE) -> bool:
    """Whether more than a share of the filled cells are what is looked for."""
    found = sum(hits)
    return found > 0 and found > share * sum(1 for value in values if value and not value.isspace())


def _is_id18(number: str) -> bool:
    """Whether 18 characters are a resident id number: a birth date and the check character of GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID18_WEIGHTS, strict=False))
    return _ID18_CHECK[total % 11] == number[17].upper() and _is_date(number[6:10], number[10:12], number[12:14])


def _is_card(number: str) -> bool:
    """Whether 16 to 19 digits are a bank card number: the check digit of ISO/IEC 7812 (Luhn)."""
    digits = [int(digit) for digit in re.sub(r"\D", "", number)][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def _is_id15(number: str) -> bool:
    """Whether 15 digits are an id number of before 1999: region and a birth date with a two-digit year."""
    return 11 <= int(number[:2]) <= 82 and _is_date("19" + number[6:8], number[8:10], number[10:12])


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2100
    except ValueError:
        return False
