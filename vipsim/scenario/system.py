"""The customer system: how fresh its data are, what it shows, and what it does by itself (D01, D02, D04, D07, D08).

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from math import log, sqrt

from vipsim.scenario.fields import Section, fact, lever, uncertainty


class System(Section):
    """What the customer system knows, writes and costs; the list of contacts is ranked by what it knows.

    Money at other banks is not seen but guessed. The guess is right on average and stays what it is: who is guessed
    too poor today is guessed too poor tomorrow.
    """

    guess_cv: float = uncertainty(
        "ratio",
        "Spread of the guess of a customer's wealth elsewhere, by which contacts are ranked; 0 = it is known",
        "D07, assumption",
        ge=0,
        le=10,
    )
    analytics: bool = lever("switch", "Whether behaviour is analysed: the guess is better", "D07, D08")
    analytics_cv_ratio: float = uncertainty(
        "ratio", "Spread of the guess with analytics, relative", "D07, D08, assumption", ge=0, le=1
    )
    analytics_yuan_per_month: float = fact("yuan/month", "Cost of the analytics", "D07, assumption", ge=0)
    all_branches: bool = lever(
        "switch", "Whether a signed customer's business with all branches of the bank is shown", "D02"
    )
    other_branches_share: float = uncertainty(
        "share", "Part of the wealth elsewhere that lies in other branches of the bank", "D02, assumption", ge=0, le=1
    )
    all_branches_yuan_per_month: float = fact("yuan/month", "Cost of showing it", "D02, assumption", ge=0)
    performance_module: bool = lever("switch", "Whether the system counts what staff else write by hand", "D04")
    record_ratio: float = uncertainty(
        "ratio", "Minutes of the record of a contact with the module, relative", "D04, assumption", ge=0, le=1
    )
    performance_module_yuan_per_month: float = fact("yuan/month", "Cost of the module", "D04, assumption", ge=0)
    free_lag_days: int = fact(
        "days", "Data lag (outreach.data_lag_days) that costs nothing more", "D01, assumption", ge=0, le=30
    )
    fresher_yuan_per_month: float = fact(
        "yuan/month", "Cost of each day by which data are fresher than that", "D01, DV77, assumption", ge=0
    )

    def sigma(self) -> float:
        """Spread of the logarithm of the guess."""
        cv = self.guess_cv * (self.analytics_cv_ratio if self.analytics else 1.0)
        return sqrt(log(1.0 + cv * cv))

    def seen_share(self) -> float:
        """Part of a signed customer's wealth elsewhere that is seen and not guessed."""
        return self.other_branches_share if self.all_branches else 0.0

    def record_of(self) -> float:
        """Minutes of a record relative to one written by hand."""
        return self.record_ratio if self.performance_module else 1.0

    def yuan_per_month(self, lag_days: int) -> float:
        """What the system costs a month with data so many days old."""
        found = self.fresher_yuan_per_month * max(self.free_lag_days - lag_days, 0)
        found += self.analytics_yuan_per_month if self.analytics else 0.0
        found += self.all_branches_yuan_per_month if self.all_branches else 0.0
        return found + (self.performance_module_yuan_per_month if self.performance_module else 0.0)
