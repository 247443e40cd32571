"""The month's opening and closing, one customer at a time, in plain Python: what ``vipsim.month`` must be equal to.

Written from MODEL.md and the docstrings, not from the kernels: dictionaries instead of rows, formulas as one would
say them. It shares with vipsim only the addressed uniforms. Agenda entries are tuples (day, kind, who, number, amount).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from scipy.stats import poisson

from vipsim import agenda, draws, tally

CLASSES = ("demand", "time", "wealth_product", "fund", "insurance_metals")
PROSPECT, EXPLORATION, DEVELOPMENT, MATURITY, DECLINE, NOTICE, EXITED = range(7)
NOBODY, PENDING = -1, -2
FIRST_TELLER, FIRST_HEAD, CENTRE = 20, 40, 60
APPLY, EXCHANGE, RENEW, SPECIAL, EXPIRE, DISQUALIFY = range(6)  # card business
HERE, ELSEWHERE, INCOME, MARKET = range(4)
MATURITY_REMINDER, CONTACT_PLAN, BIRTHDAY, FESTIVAL, CARD_EXPIRY, DOWNGRADE, THRESHOLD_NEAR, LEADER_VISIT = (
    1, 2, 5, 6, 7, 8, 10, 14,
)  # fmt: skip
FALSE_ALARM = 0


class Branch:
    """The customers of one branch as dictionaries, its accounts, its agenda and its tally."""

    def __init__(self, state: Any, scenario: Any, address: Any, open_days_per_year: float) -> None:
        names = state.book.dtype.names
        self.people = [{name: _plain(row[name]) for name in names} for row in state.book]
        self.known = int(state.sums.next_prospect)
        self.class_total = [int(x) for x in state.sums.class_total]
        self.class_days = [int(x) for x in state.sums.class_days]
        self.accounts = [int(x) for x in state.sums.accounts]
        self.cohort_fen = int(state.sums.cohort_fen)
        self.cohort_drift_fen = int(state.sums.cohort_drift_fen)
        self.opening_customers = int(state.sums.opening_customers)
        self.opening_assigned = float(state.sums.opening_assigned)
        self.hazard_mean = [float(x) for x in state.sums.hazard_mean]
        self.hazard_level = [float(x) for x in state.sums.hazard_level]
        self.entries: list[tuple[int, int, int, int, int]] = []
        self.counts = dict.fromkeys(range(tally.WIDTH), 0.0)
        self.books = [0] * 61
        self.cards = int(state.sums.cards)
        self.special_cards = int(state.sums.special_cards)
        self.card_stock = int(state.sums.card_stock)
        self.co_managed = int(state.sums.co_managed)
        self.teller_lists = [[int(x) for x in row] for row in state.sums.teller_lists]
        self.s = scenario
        self.address = address
        self.open_days_per_year = open_days_per_year
        self.last_day = 10**9

    def u(self, stream: int, time: int, who: int, k: int) -> float:
        seed, replication, branch = self.address
        return float(draws.uniform(seed, replication, stream, branch, time, who, k))

    def file(self, day: int, kind: int, who: int, number: int = 0, amount: int = 0) -> None:
        if day < self.last_day:
            self.entries.append((day, kind, who, number, amount))

    # ------------------------------------------------------------------------------------- hazard

    def ratio(self, c: dict[str, Any], day: int) -> float:
        """Hazard relative to an unremarkable customer: every association counts to the power ``causal_share``.

        What the customer has suffered here counts in full.
        """
        life, response = self.s.lifecycle, self.s.response
        held = c["extra_products"] + sum(1 for fen in c["balance"] if fen > 0)
        associations = [life.product_ratio] * min(max(held - 1, 0), 12)
        if c["owner"] >= 0 and day - c["last_talk"] <= life.maintained_days:
            associations.append(life.maintained_ratio)
        if c["ebank"] == 2:
            associations.append(life.ebank_ratio)
        suffered = []
        for since, ratio, days, into in (
            ("complaint_day", life.complaint_ratio, life.shock_days, suffered),
            ("bad_wait_day", life.wait_ratio, life.shock_days, suffered),
            ("tier_shock_day", life.downgrade_ratio, life.shock_days, associations),
            ("loss_day", life.loss_ratio, life.loss_days, associations),
        ):
            if day - c[since] <= days:
                into.append(ratio)
        if c["referred"]:
            associations.append(life.referred_ratio)
        if c["time_maturity"] - day > life.locked_days and c["balance"][1] >= sum(c["balance"]) / 2:
            associations.append(life.locked_ratio)
        if c["stage"] == EXPLORATION:
            associations.append(life.exploration_ratio)
        if c["stage"] == DECLINE:
            associations.append(life.decline_ratio)
        if c["level"] > 0:
            associations.append(self.s.grid.outflow_ratio[c["level"] - 1])
        if self.s.book.areas:
            km = self.s.book.areas[c["area"]].distance_km
            felt = km * (1.0 - life.ebank_distance_share) if c["ebank"] == 2 else km
            associations.append(life.distance_ratio_per_km**felt)
        ratio = math.prod(associations) ** life.causal_share * math.prod(suffered)
        if c["level"] == 1 and self.s.grid.serve_level1 != "full":
            dropped = self.s.grid.serve_level1 == "drop"
            ratio *= self.s.grid.dropped_outflow_ratio if dropped else self.s.grid.channel_outflow_ratio
        ratio *= 1.0 - life.contact_effect_share * c["care"] / (c["care"] + life.contact_half_per_year)
        ratio *= 1.0 + response.fatigue_share * max(0.0, c["contact_load"] - response.fatigue_from_per_year)
        strongest = life.relationship_ratio**life.causal_share
        return ratio * (1.0 - c["relationship"] * (1.0 - strongest))

    def hazard(self, c: dict[str, Any], day: int, quarter: int | None) -> float:
        """Hazard of giving notice, a month; ``quarter`` None: season and offers left out."""
        life = self.s.lifecycle
        vip = c["vip_group"] == 1
        yearly = life.vip_outflow_per_year if vip else life.ordinary_outflow_per_year
        hazard = -math.log(1.0 - yearly) / 12.0 * life.rival_ratio * self.hazard_level[c["vip_group"]]
        hazard *= max(self.ratio(c, day) / self.hazard_mean[c["vip_group"]], life.floor_ratio)
        if vip and quarter is not None:
            autumn = life.quarter4_vip_ratio**life.causal_share
            hazard *= (autumn if quarter == 3 else 1.0) / ((3.0 + autumn) / 4.0)
            hazard *= 1.0 + life.offer_invites_share * 100.0 * life.rescue_offer_share
        return hazard

    def opening_means(self, day: int) -> list[float]:
        """What hazards are divided by: the mean ratio of a group."""
        found = list(self.hazard_mean)
        for group in range(2):
            ratios = [
                self.ratio(c, day)
                for c in self.people[: self.known]
                if c["vip_group"] == group and EXPLORATION <= c["stage"] <= DECLINE
            ]
            if ratios:
                found[group] = sum(ratios) / len(ratios)
        return found

    # ------------------------------------------------------------------------------------- opening

    def open_month(self, month: Any) -> None:
        """Everything that the month's opening does."""
        s, flows = self.s, self.s.assets
        normal = NormalDist().inv_cdf
        self.returns = [
            flows.return_per_year[c] / 12.0
            + flows.volatility_per_year[c] / math.sqrt(12.0) * normal(self.u(draws.ASSETS, month.number, c, 0))
            for c in range(len(CLASSES))
        ]
        self.class_days = [0] * len(CLASSES)
        self.card_stock, self.co_managed = s.cards.stock_per_month, 0
        self.counts[tally.ENTITLEMENT_YUAN] += s.tiers.roaming_yuan_per_year / 12.0
        self.counts[tally.CENTRE_YUAN] += s.ownership.centres * s.ownership.centre_yuan_per_year / 12.0
        for c in self.people[: self.known]:
            if c["owner"] >= 0 and not self.channels_only(c, self.level(c)):
                self.books[c["owner"]] += 1
        for i, c in enumerate(self.people[: self.known]):
            if EXPLORATION <= c["stage"] <= NOTICE:
                self.open_customer(i, c, month)
            elif c["stage"] == EXITED:
                self.start_accounts(c)
                back = self.day_of(
                    self.u(draws.LIFECYCLE, month.number, i, 6), s.lifecycle.win_back_per_year / 12, month
                )
                part = s.response.won_share * s.response.movable_share * self.u(draws.LIFECYCLE, month.number, i, 7)
                if back is not None:
                    self.file(back, agenda.ARRIVE, i, 1, int(c["elsewhere"] * part))
        self.teller_lists = [self.teller_lists[1], [0] * len(self.teller_lists[0])]
        for member in range(s.staff.relationship_manager.employed):
            goes = self.day_of(self.u(draws.TURNOVER, month.number, member, 0), s.money.turnover_per_year / 12, month)
            if goes is not None:
                self.file(goes, agenda.RESIGN, member)
        self.counts[tally.STAFF_YUAN] += sum(role.employed * role.cost_yuan_per_month for _, role in s.staff)

    def day_of(self, u: float, hazard: float, month: Any) -> int | None:
        """The day on which the first event of a Poisson stream falls, if that is this month."""
        if hazard <= 0.0:
            return None
        time = -math.log(u) / hazard
        return month.first_day + min(int(time * month.days), month.days - 1) if time < 1.0 else None

    def start_accounts(self, c: dict[str, Any]) -> None:
        c["month_start"] = sum(c["balance"])
        c["flow_days"] = 0

    def open_customer(self, i: int, c: dict[str, Any], month: Any) -> None:
        life, response = self.s.lifecycle, self.s.response
        day = month.first_day
        self.start_accounts(c)
        c["month_contacts"] = 0
        c["level"] = self.level(c)
        self.credit(c, month)
        self.save(c, month)
        self.buy_again(i, c, month)
        c["channel_contacts"] = [0] * len(c["channel_contacts"])
        base = life.base_strength_share[c["stage"] - EXPLORATION]
        c["relationship"] += (base - c["relationship"]) * life.relationship_decay_per_month
        c["courted"] -= c["courted"] * response.courted_fade_per_month
        care, _ = self.services(c)
        c["relationship"] += (1.0 - c["relationship"]) * care
        c["contact_load"] -= c["contact_load"] / 12.0
        c["care"] -= c["care"] / 12.0
        self.feel_markets(c, day)
        self.care_for(c, day)
        self.seek_owner(i, c, day)
        self.card_dates(i, c, month)
        if c["stage"] != NOTICE:
            notice = self.day_of(self.u(draws.LIFECYCLE, month.number, i, 0), self.hazard(c, day, month.quarter), month)
            if notice is not None:
                self.file(notice, agenda.NOTICE, i)
            self.next_stage(c, self.u(draws.LIFECYCLE, month.number, i, 1), day)
        if 0 <= c["owner"] < CENTRE:
            yearly = life.vip_outflow_per_year if c["vip_group"] else life.ordinary_outflow_per_year
            true_alerts = -math.log(1.0 - yearly) / 12.0 * (1.0 - life.declared_share) * life.detection_recall_share
            precision = life.detection_precision_share
            false_alerts = true_alerts * (1.0 - precision) / precision
            alert = self.day_of(self.u(draws.LIFECYCLE, month.number, i, 4), false_alerts, month)
            if alert is not None:
                self.file(alert, agenda.ALERT, i, 0, FALSE_ALARM)
            self.plan(i, c, month)
        if c["stage"] == MATURITY and c["relationship"] >= response.referral_from_share:
            tells = self.day_of(self.u(draws.LIFECYCLE, month.number, i, 2), response.referral_per_year / 12.0, month)
            if tells is not None:
                self.file(tells, agenda.JOIN, i, month.number)
        for product, due in ((1, c["time_maturity"]), (2, c["product_maturity"])):
            if day <= due < day + month.days:
                self.file(due, agenda.MATURITY, i, product)
        self.visits(i, c, month)

    def credit(self, c: dict[str, Any], month: Any) -> None:
        """Market returns on the first day; no class falls below nothing."""
        for product, rate in enumerate(self.returns):
            fen = c["balance"][product]
            gain = max(int(fen * rate), -fen) if fen > 0 else 0
            c["balance"][product] += gain
            c["drift"] += gain
            c["flow_days"] += gain * month.days
            self.class_total[product] += gain
            self.transfer(gain, MARKET, HERE)
            if c["cohort"]:
                self.cohort_fen += gain
                self.cohort_drift_fen += gain
        gain = int(c["elsewhere"] * (self.s.assets.elsewhere_return_per_year / 12.0))
        c["elsewhere"] += gain
        self.transfer(gain, MARKET, ELSEWHERE)

    def transfer(self, fen: int, source: int, target: int) -> None:
        self.accounts[source] -= fen
        self.accounts[target] += fen

    def save(self, c: dict[str, Any], month: Any) -> None:
        """A month's saving: the part of wealth that is here stays here."""
        flows = self.s.assets
        saved = int(c["income"] * 100.0 / 12.0 * flows.saving_share * self.s.grid.saving_ratio[c["level"] - 1])
        wealth = float(sum(c["balance"])) + c["elsewhere"]
        here = sum(c["balance"]) / wealth if wealth > 0 else 0.0
        ratio = flows.stage_wallet_ratio[c["stage"] - EXPLORATION]
        kept = int(saved * min(max(here, flows.wallet_floor_share) * ratio, 1.0))
        c["balance"][0] += kept
        c["flow_days"] += kept * month.days
        self.class_total[0] += kept
        if c["cohort"]:
            self.cohort_fen += kept
        c["elsewhere"] += saved - kept
        self.transfer(kept, INCOME, HERE)
        self.transfer(saved - kept, INCOME, ELSEWHERE)

    def buy_again(self, i: int, c: dict[str, Any], month: Any) -> None:
        """Who holds deposits or products for a term, and has none running, may buy one."""
        flows = self.s.assets
        has_none = (c["time_term"] > 0 and c["time_maturity"] < 0, c["buys_products"] and c["product_maturity"] < 0)
        terms = (c["time_term"], flows.product_term_days)
        for n, name in enumerate(("time_maturity", "product_maturity")):
            if has_none[n] and self.u(draws.ASSETS, month.number, i, 2 + n) < flows.reopen_share:
                fen = int(c["balance"][0] * flows.reopen_part_share)
                if fen == 0:
                    continue
                c["balance"][0] -= fen
                c["balance"][1 + n] += fen
                self.class_total[0] -= fen
                self.class_total[1 + n] += fen
                c[name] = month.first_day + terms[n]

    def feel_markets(self, c: dict[str, Any], day: int) -> None:
        """Marked losses and gains of a class are felt by those who hold much of it."""
        flows = self.s.assets
        for product, rate in enumerate(self.returns):
            if abs(rate) < flows.loss_from_share or c["balance"][product] < flows.loss_hold_share * sum(c["balance"]):
                continue
            if rate < 0:
                c["loss_day"] = day
                c["relationship"] *= 1.0 - flows.loss_care_share
            else:
                c["relationship"] += (1.0 - c["relationship"]) * flows.gain_care_share

    def next_stage(self, c: dict[str, Any], u: float, day: int) -> None:
        life = self.s.lifecycle
        weak = c["relationship"] < life.decline_below_share
        new = c["stage"]
        if new == EXPLORATION and u < 1.0 - math.exp(-1.0 / life.exploration_months):
            new = DEVELOPMENT
        elif new == DEVELOPMENT and u < 1.0 - math.exp(-1.0 / life.development_months):
            new = MATURITY
        elif new == MATURITY and weak:
            new = DECLINE
        elif new == DECLINE and not weak:
            new = DEVELOPMENT
        if new != c["stage"]:
            c["stage"], c["stage_since"] = new, day

    # ------------------------------------------------------------------------------------- owners, plans, visits

    def measured(self, c: dict[str, Any]) -> float:
        """Assets that decide whose a customer is, yuan."""
        if self.s.ownership.measure == "average":
            return sum(c["month_average"]) / len(c["month_average"]) / 100.0
        return sum(c["balance"]) / 100.0

    def bands(self, yuan: float) -> list[str]:
        """The bands that may take somebody with these assets, the first claim first."""
        rules, staff = self.s.ownership, self.s.staff
        found = []
        if rules.transfer_up == "hand_over" and yuan >= rules.transfer_from_yuan:
            found.append("centre")
        if yuan >= rules.head_from_yuan and staff.head.employed:
            found.append("head")
        of_tellers = rules.teller_from_yuan <= yuan < self.teller_top()
        if yuan >= rules.rm_from_yuan:
            found.append("managers")
        if of_tellers:
            found.insert(0 if rules.precedence == "teller" and found == ["managers"] else len(found), "tellers")
        return found

    def teller_top(self) -> float:
        """Where the tellers' band ends: a gap below the managers' is theirs."""
        rules = self.s.ownership
        if rules.teller_from_yuan >= rules.teller_below_yuan:
            return float(rules.teller_below_yuan)
        return float(max(rules.teller_below_yuan, rules.rm_from_yuan))

    def with_room(self, c: dict[str, Any], posts: Any) -> list[int]:
        rules = self.s.ownership
        found = []
        for post in posts:
            cap = rules.max_book
            if post >= FIRST_TELLER:
                cap = rules.teller_max_book
            if post >= FIRST_HEAD:
                cap = rules.head_max_book
            if post == CENTRE:
                cap = rules.centres * rules.centre_max_book
            if c["owner"] == post or self.books[post] < cap:
                found.append(post)
        return found

    def rightful_owner(self, i: int, c: dict[str, Any]) -> int:
        rules, staff = self.s.ownership, self.s.staff
        yuan = self.measured(c)
        for band in self.bands(yuan):
            posts: Any = {
                "centre": [CENTRE],
                "head": [FIRST_HEAD],
                "managers": list(range(staff.relationship_manager.employed)),
                "tellers": list(range(FIRST_TELLER, FIRST_TELLER + staff.teller.employed)),
            }[band]
            if band == "managers" and len(posts) > 1:
                of_lead = None
                if rules.lead_rule == "share" and c["tier"] > 0:
                    of_lead = self.u(draws.OWNERSHIP, 0, i, 1) < rules.lead_share
                if rules.lead_rule == "top":
                    of_lead = yuan >= rules.lead_from_yuan
                if of_lead and self.with_room(c, [0]):
                    return 0
                posts = posts if of_lead is None else posts[1:]
            free = self.with_room(c, posts)
            if free:
                return max(free, key=lambda post: self.u(draws.OWNERSHIP, 0, i, 2 + post))
        return NOBODY

    def seek_owner(self, i: int, c: dict[str, Any], day: int) -> None:
        """Who has none and is in a band may get one; who has left the owner's band will be handed over."""
        rules, staff = self.s.ownership, self.s.staff
        yuan = self.measured(c)
        if c["owner"] >= 0:
            up, down = yuan / (1.0 + rules.transfer_margin_share), yuan * (1.0 + rules.transfer_margin_share)
            hands_over = rules.transfer_up == "hand_over"
            beyond = hands_over and up >= rules.transfer_from_yuan
            beyond = beyond or (staff.head.employed > 0 and up >= rules.head_from_yuan)
            if rules.follow_bands and rules.teller_list_most > 0 and FIRST_TELLER <= c["owner"] < FIRST_HEAD:
                outgrown = not beyond and yuan >= self.teller_top() and down >= rules.rm_from_yuan
                self.keep_list(c, outgrown, up >= self.teller_top())
            if c["owner"] == CENTRE:
                stays = hands_over and down >= rules.transfer_from_yuan
            elif hands_over and up >= rules.transfer_from_yuan:
                stays = False
            elif c["owner"] >= FIRST_HEAD:
                stays = down >= rules.head_from_yuan
            elif c["owner"] >= FIRST_TELLER:
                stays = up < self.teller_top() or (c["grown"] > 0 and rules.teller_list_most > 0)
            else:
                stays = down >= rules.rm_from_yuan and not (staff.head.employed and up >= rules.head_from_yuan)
            if rules.follow_bands and not stays:
                self.file(day + rules.transfer_lag_days, agenda.ASSIGN, i, 1)
        if c["level"] == 1 and self.s.grid.serve_level1 != "full":
            return
        earned = sum(
            fen / 100.0 * margin for fen, margin in zip(c["balance"], self.s.money.margin_per_year, strict=True)
        )
        if rules.profit_floor_yuan_per_year > 0.0 and earned < rules.profit_floor_yuan_per_year:
            return
        target = rules.assigned_share
        if i < self.opening_customers:  # so many of the opening book that, with those who had one, the target is met
            target = 1.0 - (1.0 - target) / (1.0 - self.opening_assigned)
        if c["owner"] != NOBODY or not self.u(draws.OWNERSHIP, 0, i, 0) < target:
            return
        if self.rightful_owner(i, c) != NOBODY:
            c["owner"] = PENDING
            self.file(day + rules.assignment_lag_days, agenda.ASSIGN, i)

    def keep_list(self, c: dict[str, Any], outgrown: bool, by_far: bool) -> None:
        """A teller's list of customers raised: who has outgrown the band by far joins it while there is room."""
        now, counted = self.teller_lists
        teller = c["owner"] - FIRST_TELLER
        joins = outgrown and by_far and not c["grown"] and now[teller] < self.s.ownership.teller_list_most
        now[teller] += joins
        c["grown"] = int(outgrown and (c["grown"] or joins))
        counted[teller] += c["grown"]

    def channels_only(self, c: dict[str, Any], level: int) -> bool:
        """Whether a customer is of the level that nobody keeps."""
        return c["stage"] != EXITED and level == 1 and self.s.grid.serve_level1 != "full"

    def care_for(self, c: dict[str, Any], day: int) -> None:
        """Extra care of owned customers by level, and the contacts of a wealth centre."""
        rules, grid = self.s.ownership, self.s.grid
        if c["owner"] < 0:
            return
        if self.channels_only(c, c["level"]):
            c["owner"] = NOBODY
            c["relationship"] *= 1.0 - rules.transfer_loss_share
            return
        yuan = grid.perk_yuan_per_year[c["level"] - 1] / 12.0
        self.counts[tally.PERK_YUAN] += yuan
        c["relationship"] += (1.0 - c["relationship"]) * min(1.0, yuan / 100.0 * grid.perk_care_share)
        if rules.centres == 0:
            return
        with_centre = c["owner"] == CENTRE
        if rules.transfer_up == "co_manage" and not with_centre and self.measured(c) >= rules.transfer_from_yuan:
            with_centre = self.co_managed < rules.centres * rules.centre_max_book
            self.co_managed += with_centre
        contacts = rules.centre_contacts_per_year / 12.0
        if with_centre and contacts > 0.0:
            worth = contacts * rules.centre_care_ratio
            c["care"] += worth
            c["contact_load"] += contacts
            c["last_contact"] = c["last_talk"] = day
            c["relationship"] += (1.0 - c["relationship"]) * min(1.0, self.s.response.meeting_care_share * worth)

    # ------------------------------------------------------------------------------------- cards

    def served(self, c: dict[str, Any]) -> int:
        """Level whose services a customer has."""
        return int(c["card"]) if c["special"] else min(c["card"], c["tier"])

    def services(self, c: dict[str, Any]) -> tuple[float, float]:
        """A month's rise of relationship and cost of a customer's services, yuan."""
        level = self.served(c)
        if level == 0:
            return 0.0, 0.0
        tiers = self.s.tiers
        uses = [(x, x.uses_per_year[level - 1] / 12.0 * tiers.service_share[level - 1]) for x in tiers.services]
        return sum(x.care_share * often for x, often in uses), sum(x.use_yuan * often for x, often in uses)

    def card_dates(self, i: int, c: dict[str, Any], month: Any) -> None:
        """What may happen to a card in the month, dated."""
        cards, first = self.s.cards, month.first_day
        days = range(first, first + month.days)
        may_issue = cards.may_issue and self.s.staff.relationship_manager.employed > 0
        rich = c["type"] == 2 and c["tier"] == 0 and cards.special_share > 0.0
        if not (c["card"] or (c["tier"] and c["signed"]) or rich):
            return
        if c["card"]:
            if c["card_expiry"] in days:
                self.file(c["card_expiry"], agenda.CARD, i, EXPIRE)
            lost = self.day_of(self.u(draws.TIER, month.number, i, 2), cards.disqualified_per_year / 12.0, month)
            if lost is not None:
                self.file(lost, agenda.CARD, i, DISQUALIFY)
        open_days = [d for d in days if month.open_weights[d - first] > 0.0]
        if not open_days:
            return
        u, below, day = self.u(draws.TIER, month.number, i, 1), 0.0, -1
        for d in open_days:
            below += month.open_weights[d - first] / float(month.open_weights.sum())
            if u < below:
                day = d
                break
        due = c["card_expiry"] - cards.renew_before_days
        due = max(due, first) if month.number == 0 else due
        accepts = self.u(draws.TIER, month.number, i, 0) < cards.acceptance_share and may_issue
        free = c["card"] == 0 and day >= c["ban_until"]
        if c["card_business"]:
            self.file(day, agenda.CARD, i, c["card_business"] - 1)
        elif c["card"] and due in days:
            before = [d for d in open_days if d <= due]
            self.file(before[-1] if before else open_days[0], agenda.CARD, i, RENEW)
        elif not accepts:
            return
        elif 0 < c["card"] < c["tier"] and not c["special"]:
            self.file(day, agenda.CARD, i, EXCHANGE)
        elif free and c["tier"] and c["signed"]:
            self.file(day, agenda.CARD, i, APPLY)
        elif free and rich and self.is_important(i) and self.special_cards + 1 <= cards.special_share * self.cards:
            self.file(day, agenda.CARD, i, SPECIAL)

    def is_important(self, i: int) -> bool:
        """Whether somebody rich below the cut may have a special card at all."""
        return self.u(draws.TIER, 0, i, 8) < self.s.cards.special_eligible_share

    def end_card(self, c: dict[str, Any], banned_until: int) -> None:
        """A card ends; special cards above the limit end too, the last in the book first."""
        self.take_card(c)
        c["ban_until"] = max(c["ban_until"], banned_until)
        for other in reversed(self.people[: self.known]):
            if self.special_cards <= self.s.cards.special_limit_share * self.cards:
                return
            if other["special"]:
                self.take_card(other)
                self.counts[tally.SPECIAL_WITHDRAWN] += 1.0

    def take_card(self, c: dict[str, Any]) -> None:
        self.cards -= 1
        self.special_cards -= c["special"]
        c["card"], c["card_expiry"], c["card_business"], c["special"] = 0, -1, 0, 0

    def review(self, i: int, c: dict[str, Any], earned: int, month: Any) -> None:
        """The yearly fee of holders below the standard cut."""
        cards, fee = self.s.cards, round(self.s.cards.fee_yuan * 100)
        part = cards.fee_yuan / cards.fee_reference_yuan
        if c["fee_due"] > 0 and c["balance"][0] >= c["fee_due"]:
            self.pay(c, c["fee_due"])
            c["fee_due"] = 0
        if not c["card"] or c["special"] or earned or fee == 0:
            return
        issued = c["card_expiry"] - self.s.book.laws.card_validity_days
        if not any((d - issued) % 365 == 0 for d in range(month.first_day, month.first_day + month.days)):
            return
        self.counts[tally.CARD_FEES_YUAN] += fee / 100.0
        if c["balance"][0] >= fee:
            self.pay(c, fee)
        else:
            c["fee_due"] += fee
        c["relationship"] *= 1.0 - min(1.0, cards.fee_care_share * part)
        if self.u(draws.TIER, month.number, i, 4) < min(1.0, cards.fee_cancel_share * part):
            self.end_card(c, month.first_day + month.days + cards.ban_days)
            self.counts[tally.CARDS_CANCELLED] += 1.0

    def pay(self, c: dict[str, Any], fen: int) -> None:
        """A fee leaves the demand account, with its part of the market gains."""
        gone = int(c["drift"] * (float(fen) / float(sum(c["balance"]))))
        c["drift"] -= gone
        c["balance"][0] -= fen
        self.class_total[0] -= fen
        self.transfer(fen, HERE, INCOME)
        if c["cohort"]:
            self.cohort_fen -= fen
            self.cohort_drift_fen -= gone
        self.counts[tally.CARD_FEES_PAID_YUAN] += fen / 100.0

    def plan(self, i: int, c: dict[str, Any], month: Any) -> None:
        """Reminders of maturities and expiries that lie ahead, occasions, and the contacts of the plans."""
        self.occasions(i, c, month)
        triggers = self.s.outreach.triggers
        if triggers.maturity_reminder.on:
            lead = triggers.maturity_reminder.lead_days
            for product, due in ((1, c["time_maturity"]), (2, c["product_maturity"])):
                if month.first_day <= due - lead < month.first_day + month.days and c["balance"][product] > 0:
                    kept = min(lead, triggers.maturity_reminder.expiry_days)
                    self.file(due - lead, agenda.TASK, i, MATURITY_REMINDER, kept)
        phase = self.u(draws.CONTACT, 0, i, 0)
        if triggers.contact_plan.on:
            yearly = self.s.outreach.plan_contacts_per_year[c["level"] - 1]
            if self.s.grid.contact_plan == "value":
                rich = (c["level"] - 1) % 3 + 1 >= self.s.grid.value_from_column
                growing = (c["level"] - 1) // 3 + 1 >= self.s.grid.value_from_row
                yearly = self.s.grid.value_contacts_per_year[2 * growing + rich]
            yearly *= self.s.outreach.stage_plan_ratio[c["stage"] - 1]
            self.spread(i, yearly, phase, CONTACT_PLAN, triggers.contact_plan.expiry_days, month)
        if triggers.leader_visit.on and c["tier"] > 0:
            yearly = self.s.outreach.leader_visits_per_year[c["tier"] - 1]
            self.spread(i, yearly, phase, LEADER_VISIT, triggers.leader_visit.expiry_days, month)

    def spread(self, i: int, yearly: float, phase: float, reason: int, expiry: int, month: Any) -> None:
        """The k-th contact of a plan falls due (k - phase) x 12 / yearly months after day 0."""
        if yearly <= 0.0:
            return
        monthly = yearly / 12.0
        k = math.floor(phase + monthly * month.number) + 1
        while k <= math.floor(phase + monthly * month.number + monthly):
            into = (k - (phase + monthly * month.number)) / monthly
            day = month.first_day + min(int(into * month.days), month.days - 1)
            self.file(day, agenda.TASK, i, reason, expiry)
            k += 1

    def occasions(self, i: int, c: dict[str, Any], month: Any) -> None:
        """Card expiry, greetings of VIPs, downgrades, and the offer just below the next tier."""
        s, triggers, first = self.s, self.s.outreach.triggers, month.first_day
        after = first + month.days
        lead = triggers.card_expiry.lead_days
        if triggers.card_expiry.on and c["card"] > 0 and first <= c["card_expiry"] - lead < after:
            kept = min(lead, triggers.card_expiry.expiry_days)
            self.file(c["card_expiry"] - lead, agenda.TASK, i, CARD_EXPIRY, kept)
        if c["tier"] > 0 and triggers.birthday.on:
            for day in range(first, after):
                if day % 365 == c["birthday"]:
                    self.file(day, agenda.TASK, i, BIRTHDAY, triggers.birthday.expiry_days)
        if c["tier"] > 0 and triggers.festival.on and month.festival >= 0:
            self.file(month.festival, agenda.TASK, i, FESTIVAL, triggers.festival.expiry_days)
        if triggers.downgrade.on and c["tier_shock_day"] == first:
            self.file(first, agenda.TASK, i, DOWNGRADE, triggers.downgrade.expiry_days)
        cuts = (s.tiers.standard_yuan, s.tiers.platinum_yuan, s.tiers.black_yuan)
        if triggers.threshold_near.on and c["tier"] < 3 and (i + month.number) % s.outreach.threshold_every_months == 0:
            cut = round(cuts[c["tier"]] * 100)
            average = sum(c["month_average"]) / len(c["month_average"])
            if s.outreach.threshold_near_share * cut <= average < cut:
                self.file(first, agenda.TASK, i, THRESHOLD_NEAR, triggers.threshold_near.expiry_days)

    def level(self, c: dict[str, Any]) -> int:
        grid = self.s.grid
        row = sum(c["income"] >= cut for cut in grid.income_cuts_yuan)
        column = sum(sum(c["balance"]) / 100.0 >= cut for cut in grid.asset_cuts_yuan)
        return 3 * row + column + 1

    def visits(self, i: int, c: dict[str, Any], month: Any) -> None:
        demand = self.s.demand
        total = float(month.open_weights.sum())
        if total <= 0.0:
            return
        mean = demand.customer_visits_per_year / self.open_days_per_year * total
        mean *= demand.vip_visit_ratio if c["tier"] > 0 else 1.0
        mean *= demand.ebank_visit_ratio if c["ebank"] == 2 else 1.0
        mean *= self.s.channels.skilled_visit_ratio if c["skilled"] else 1.0
        if c["level"] == 1 and self.s.grid.serve_level1 != "full":
            mean *= self.s.grid.channel_visit_ratio
        count = int(poisson.ppf(self.u(draws.VISIT_COUNT, month.number, i, 0), mean))
        for k in range(min(count, 63)):
            u, below = self.u(draws.VISIT_COUNT, month.number, i, 2 + k), 0.0
            for d, weight in enumerate(month.open_weights):
                below += weight / total
                if u < below:
                    self.file(month.first_day + d, agenda.VISIT, i, month.number * 64 + k)
                    break

    # ------------------------------------------------------------------------------------- closing

    def close_month(self, month: Any) -> None:
        """Everything that the month's closing does."""
        s = self.s
        for i, c in enumerate(self.people[: self.known]):
            if c["stage"] == PROSPECT:
                continue
            width = len(c["month_average"])
            c["month_average"][month.number % width] = c["month_start"] + c["flow_days"] // month.days
            if c["stage"] == EXITED:
                if c["card"]:
                    self.end_card(c, -(10**6) if s.cards.waive_ban else c["stage_since"] + s.cards.ban_days)
                    self.counts[tally.CARDS_CANCELLED] += 1.0
                c["fee_due"] = 0
                continue
            self.regrade(i, c, month)
            after = month.first_day + month.days
            if c["assigned_day"] >= 0 and after - c["assigned_day"] > s.ownership.first_contact_days:
                self.counts[tally.FIRST_CONTACTS_DUE] += 1.0
                self.counts[tally.FIRST_CONTACTS_MADE] += c["last_contact"] >= c["assigned_day"]
                c["assigned_day"] = -1
            self.counts[tally.ENTITLEMENT_YUAN] += self.services(c)[1]
            if c["tier"] > 0:
                self.counts[tally.PREMIUM_YUAN] += c["balance"][1] / 100.0 * s.assets.rate_premium_share / 12.0
            if c["ebank"] == 2:
                self.counts[tally.REMOTE] += s.experience.remote_per_user_per_year / 12.0
        for fen_days, margin in zip(self.class_days, s.money.margin_per_year, strict=True):
            self.counts[tally.REVENUE_YUAN] += fen_days / month.days / 100.0 * margin / 12.0
        average = (self.class_days[0] + self.class_days[1]) / month.days
        excess = self.class_total[0] + self.class_total[1] - average
        if average > 0 and excess / average > s.money.month_end_deviation_share:
            self.counts[tally.DEPOSIT_DEVIATIONS] += 1.0

    def regrade(self, i: int, c: dict[str, Any], month: Any) -> None:
        s = self.s
        average = sum(c["month_average"]) // len(c["month_average"])
        cuts = (s.tiers.standard_yuan, s.tiers.platinum_yuan, s.tiers.black_yuan)
        earned = sum(average >= round(cut * 100) for cut in cuts)
        after, had = month.first_day + month.days, self.served(c)
        c["below_months"] = c["below_months"] + 1 if earned < c["tier"] else 0
        if c["below_months"] > s.tiers.grace_months:
            self.counts[tally.DOWNGRADES] += 1.0
            c["tier"], c["below_months"] = earned, 0
            if self.served(c) < had:
                c["tier_shock_day"] = after
        elif earned > c["tier"]:
            self.counts[tally.UPGRADES] += 1.0
            c["tier"] = earned
        if c["tier"] <= c["card"]:
            c["qualified_day"] = -1
        elif c["qualified_day"] < 0:
            c["qualified_day"] = after
        self.review(i, c, earned, month)
        wealth, cut = sum(c["balance"]) + c["elsewhere"], round(s.tiers.standard_yuan * 100)
        if c["tier"] > 0:
            c["type"] = 0 if c["signed"] else 2
        elif wealth >= cut:
            c["type"] = 2
        else:
            c["type"] = 1 if wealth >= s.book.segments.potential_ratio * cut else 3


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
