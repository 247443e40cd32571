"""What a customer file must not carry: columns that say who somebody is (P01-P02).

A column is refused by its header or by its values, whether or not it is used: a file with names or id numbers should
not travel to a planning computer at all. Pseudonymous ids are enough for everything that vipsim does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

# Part of a header in Chinese -> what it is.
_CHINESE = {
    "姓名": "names",
    "名字": "names",
    "户名": "names",
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
    "出生日期": "birth dates",
}

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
    ("birth", "number"): "birth numbers",
    ("birth", "date"): "birth dates",
    ("e", "mail"): "e-mail addresses",
}

_ID18 = re.compile(r"(?m)^\s*(\d{17}[\dXx])\s*$")
_ID15 = re.compile(r"(?m)^\s*(\d{15})\s*$")
_MOBILE = re.compile(r"(?m)^\s*(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}\s*$")
_EMAIL = re.compile(r"(?m)^\s*[\w.+-]+@[\w-]+(?:\.[\w-]+)+\s*$")
_ID18_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID18_CHECK = "10X98765432"

# By chance, 18 random digits pass as an id number in 4 of 100,000 cases, 15 digits in 4 of 100, and 11 digits look
# like a mobile number in 7 of 100: the shares from which a column is refused lie far above.
_ID18_SHARE = 0.001
_OTHER_SHARE = 0.3


def identifying_header(header: str) -> str:
    """What a column carries by its header, e.g. "phone numbers"; empty where the header is harmless.

    >>> identifying_header("客户姓名"), identifying_header("Mobile_No"), identifying_header("birth_year")
    ('names', 'phone numbers', '')
    """
    for part, what in _CHINESE.items():
        if part in header:
            return what
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", header)
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


def identifying_values(values: Sequence[str]) -> str:
    """What a column carries by its values; empty where they are harmless. Blank values do not count."""
    filled = [value for value in values if value and not value.isspace()]
    if not filled:
        return ""
    text = "\n".join(filled)
    count = len(filled)
    if _EMAIL.search(text):
        return "e-mail addresses"
    if sum(map(_is_id18, _ID18.findall(text))) > _ID18_SHARE * count:
        return "id numbers"
    if sum(map(_is_id15, _ID15.findall(text))) > _OTHER_SHARE * count:
        return "id numbers"
    if len(_MOBILE.findall(text)) > _OTHER_SHARE * count:
        return "phone numbers"
    return ""


def _is_id18(number: str) -> bool:
    """Whether 18 characters are a resident id number: a birth date and the check character of GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID18_WEIGHTS, strict=False))
    return _ID18_CHECK[total % 11] == number[17].upper() and _is_date(number[6:10], number[10:12], number[12:14])


def _is_id15(number: str) -> bool:
    """Whether 15 digits are an id number of before 1999: region and a birth date with a two-digit year."""
    return 11 <= int(number[:2]) <= 82 and _is_date("19" + number[6:8], number[8:10], number[10:12])


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2100
    except ValueError:
        return False
