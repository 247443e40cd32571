"""KPIs of the lobby (catalogue KPI16-KPI24): waits by class and station, identification, referrals, e-banking."""

from __future__ import annotations

from vipsim.kpis.kpi import Kpi

_WHOSE = {
    "vip": ("VIPs at counters", "贵宾客户"),
    "core": ("core primes at counters (VIPs from the platinum tier on)", "核心优质客户"),
    "middle": ("signed customers below VIP at counters", "中端客户"),
    "ordinary": ("all others at counters", "普通客户"),
    "desk": ("visitors at the lobby managers' desk", "大堂咨询"),
    "cash": ("visitors at cash counters", "高柜"),
    "noncash": ("visitors at non-cash counters", "低柜"),
    "self_service": ("visitors at machines", "自助设备"),
    "relationship_manager": ("visitors who seek a relationship manager without appointment", "客户经理"),
}
_OLDER = ("vip_wait_mean_min", "vip_wait_p90_min", "ordinary_wait_mean_min", "ordinary_wait_p90_min")
"""Waits that ``kpis.py`` names itself."""


def _waits() -> list[Kpi]:
    found = []
    for name, (who, zh) in _WHOSE.items():
        for what, english, chinese in (
            ("mean", "Mean", "平均等候"),
            ("p50", "Median", "等候中位数"),
            ("p90", "90 % quantile of the", "等候九成分位"),
        ):
            key = f"{name}_wait_{what}_min"
            if key not in _OLDER:
                text = f"{english} wait from joining the line to being called, {who}; who gave up counts until called."
                found.append(Kpi(key, "min", "down", text, zh + chinese, "KPI19"))
        if name in ("vip", "ordinary"):
            text = f"Waits of {who} within lobby.counters.target_{name}_min."
            found.append(Kpi(f"{name}_wait_in_target_share", "share", "up", text, zh + "等候达标率", "KPI19"))
    return found


LOBBY = (
    *_waits(),
    Kpi(
        "utilisation_lobby_assistant",
        "share",
        "none",
        "Booked over paid minutes, lobby assistants.",
        "大堂助理工作负荷",
        "KPI20, L21",
    ),
    Kpi(
        "utilisation_marketing_supervisor",
        "share",
        "none",
        "Booked over paid minutes, the marketing supervisor; none without one.",
        "营销主管工作负荷",
        "KPI20, B01",
    ),
    Kpi(
        "utilisation_online_team",
        "share",
        "none",
        "Minutes of answers over minutes of the online team; none without a team.",
        "网络客服工作负荷",
        "EB20",
    ),
    Kpi(
        "online_answers_per_day",
        "answers/day",
        "none",
        "Questions that the online team answered on an open day, each of which saved a visit.",
        "网络客服日均答复",
        "EB20",
    ),
    Kpi(
        "remote_share",
        "share",
        "up",
        "Transactions that never come to the lobby (remote, or answered online), of all transactions; the rest of "
        "self_service_share is done on the branch's machines.",
        "远程交易占比",
        "EB10, KPI23",
    ),
    Kpi(
        "received_share",
        "share",
        "up",
        "Visitors whom a lobby manager received in person or approached while they waited; a nod does not count.",
        "一对一接待率",
        "L28, KPI16",
    ),
    Kpi(
        "prime_seen_share",
        "share",
        "up",
        "Visitors of true type A, B or C whom staff looked at with an eye to who they are.",
        "优质客户被关注率",
        "KPI16",
    ),
    Kpi(
        "core_identified_share",
        "share",
        "up",
        "Core primes whom staff took for core primes; none where the two degrees are not told apart (lobby.degrees).",
        "核心优质客户识别率",
        "S19, KPI16",
    ),
    Kpi(
        "core_right_share",
        "share",
        "up",
        "Core primes in truth, of the visitors whom staff took for core primes.",
        "核心优质客户判断准确率",
        "S19, KPI16",
    ),
    Kpi(
        "prime_met_share",
        "share",
        "up",
        "Visitors of true type A, B or C who met a relationship manager on the visit.",
        "优质客户面谈率",
        "KPI16",
    ),
    Kpi(
        "missed_primes_per_day",
        "visitors/day",
        "down",
        "Visitors of true type A, B or C on an open day whom nobody took for prime.",
        "日均漏识别",
        "KPI16",
    ),
    Kpi(
        "wasted_meeting_min_per_day",
        "min/day",
        "down",
        "Minutes of relationship managers with visitors of true type D on an open day, screening included.",
        "误判占用时间",
        "KPI16, I14",
    ),
    Kpi(
        "balk_share",
        "share",
        "down",
        "Visitors who left at the sight of the ticket's number, of all who came to a counter's line.",
        "见队即走率",
        "KPI19, N06",
    ),
    Kpi(
        "overtaken_per_visit",
        "times/visit",
        "down",
        "Times that somebody who came later was called first, per visitor at a counter.",
        "被插队次数",
        "L15, KPI19",
    ),
    Kpi(
        "lobby_cost_per_visit_yuan",
        "yuan",
        "down",
        "Cost of the staff minutes spent in the lobby (desk, counters, meetings) and of the machines, per visit.",
        "单次到店成本",
        "KPI20",
    ),
    Kpi(
        "leads_per_day",
        "leads/day",
        "up",
        "Leads that the lobby leaves for the next day on an open day: telephone numbers and tellers' referrals.",
        "日均待跟进",
        "KPI17, L26",
    ),
    Kpi(
        "teller_referrals_per_day",
        "visitors/day",
        "up",
        "Visitors on an open day to whom a teller hinted at a relationship manager.",
        "柜员日均推介",
        "KPI17, L17",
    ),
    Kpi(
        "referred_on_the_spot_share",
        "share",
        "up",
        "Visitors hinted at by tellers who met a relationship manager on the same visit.",
        "当场推介成功率",
        "KPI17",
    ),
    Kpi(
        "ebank_sign_up_share",
        "share",
        "up",
        "Sign-ups for e-banking at the counter, of accounts opened there.",
        "同步签约率",
        "KPI24, EB07",
    ),
    Kpi(
        "ebank_activated_share",
        "share",
        "up",
        "Sign-ups that staff activated with the customer on the spot, of all sign-ups at the counter.",
        "现场激活率",
        "KPI24, EB06",
    ),
    Kpi(
        "ebank_active_share",
        "share",
        "up",
        "Customers who use e-banking actively, end of the window.",
        "电子银行激活占比",
        "KPI24, EB09",
    ),
    Kpi(
        "consent_breaches",
        "count",
        "down",
        "Sign-ups for e-banking without the customer's consent, in window and run-off.",
        "未经同意签约",
        "EB03, KPI34",
    ),
    Kpi(
        "false_vip_statements",
        "count",
        "down",
        "Ordinary people who signed up for e-banking and were told that they are VIPs, in window and run-off.",
        "虚假贵宾承诺",
        "EB04, KPI34",
    ),
    Kpi(
        "disappointed_customers",
        "count",
        "down",
        "Of them, who came again and were taken for ordinary visitors, in window and run-off.",
        "贵宾预期落空",
        "EB04",
    ),
    Kpi(
        "cost_channel_yuan",
        "yuan",
        "down",
        "Keys given with sign-ups and fees not earned on remote transactions, in window and run-off.",
        "电子渠道费用",
        "EB04, EB05",
    ),
)
