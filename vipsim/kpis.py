"""KPIs: one name, one meaning, one unit, one direction, in one place; and how each follows from the tally.

A KPI with nothing to average is nan (null in files), not zero. Waits are in minutes, money in yuan, shares between
0 and 1. Unless a text says otherwise a count covers the window, money the window and the run-off.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Direction = Literal["up", "down", "none"]


class Kpi(NamedTuple):
    """One KPI: name, unit, which way is better, what it means (English), its Chinese name, catalogue rows."""

    name: str
    unit: str
    direction: Direction
    text: str
    zh: str
    source: str


_COHORT = "customers of the book at the start of the window"

_ALL = (
    Kpi("opening_assets_yuan", "yuan", "none", f"Assets of the cohort ({_COHORT}) at its start.", "期初资产", "KPI01"),
    Kpi(
        "retained_assets_yuan",
        "yuan",
        "up",
        f"Average over the last 90 days before the end of the run-off of the assets of the cohort ({_COHORT}), market "
        "drift since then excluded. A level: compare it with the twin run, never by itself.",
        "客户留存资产",
        "KPI01",
    ),
    Kpi(
        "retained_assets_capped_yuan",
        "yuan",
        "up",
        "As retained_assets_yuan over the last three months, each customer counted up to the opening assets.",
        "留存资产(封顶)",
        "KPI01",
    ),
    Kpi(
        "retained_assets_with_drift_yuan",
        "yuan",
        "up",
        "As retained_assets_yuan, market drift included.",
        "留存资产(含市值变动)",
        "KPI01",
    ),
    Kpi(
        "retained_assets_ratio", "share", "up", "retained_assets_yuan over opening_assets_yuan.", "资产留存率", "KPI01"
    ),
    Kpi(
        "new_assets_yuan",
        "yuan",
        "up",
        "Money won from elsewhere by contacts, meetings, recommendations and win-back in window and run-off, less what "
        "of it left when its reward window ended.",
        "新增资产",
        "KPI27",
    ),
    Kpi(
        "net_retained_value_yuan",
        "yuan",
        "up",
        "Margin by product class and sale fees, less staff, vacancies, bonuses, rescue offers, contacts, services, "
        "machines and rate premium, over window and run-off, plus the terminal value of what stays at the end.",
        "净留存价值",
        "KPI02, U09",
    ),
    Kpi(
        "margin_yuan",
        "yuan",
        "up",
        "Margin of daily-average balances by product class and sale fees.",
        "利差与手续费收入",
        "N22",
    ),
    Kpi(
        "terminal_value_yuan",
        "yuan",
        "up",
        "Margin of what stays at the end of the run-off, over money.terminal_months with each customer's attrition.",
        "期末存续价值",
        "model",
    ),
    Kpi(
        "vip_churn_share",
        "share",
        "down",
        "Opening VIPs who left or took half their assets or more within the window, a year.",
        "贵宾客户流失率",
        "KPI05",
    ),
    Kpi(
        "vip_downgrade_share",
        "share",
        "down",
        "Opening VIPs whose tier at the end of the window is below their opening tier, a year.",
        "贵宾客户降级率",
        "KPI05",
    ),
    Kpi(
        "net_vip_growth",
        "customers",
        "up",
        "VIPs at the end of the window less VIPs at its start.",
        "贵宾客户净增数",
        "KPI04",
    ),
    Kpi("vip_customers", "customers", "none", "VIPs at the end of the window.", "贵宾客户数", "KPI03"),
    Kpi(
        "vip_customer_share",
        "share",
        "none",
        "VIPs among customers at the end of the window.",
        "贵宾客户数量占比",
        "KPI03",
    ),
    Kpi(
        "vip_asset_share",
        "share",
        "none",
        "Assets of VIPs among all assets at the end of the window.",
        "贵宾客户资产占比",
        "KPI03",
    ),
    Kpi(
        "win_back_share",
        "share",
        "up",
        "Rescue windows (detected notices) that ended with the money staying.",
        "挽回率",
        "KPI06",
    ),
    Kpi(
        "maturity_kept_share",
        "share",
        "up",
        "Maturing deposits and wealth products, by amount, that stayed in the branch.",
        "到期承接率",
        "O06",
    ),
    Kpi("visits_per_day", "visits/day", "none", "Visits on an open day.", "日均到店人次", "N01"),
    Kpi(
        "vip_wait_mean_min",
        "min",
        "down",
        "Mean minutes from joining the counter queue to service, true VIPs; who gave up counts with the time at which "
        "the ticket was called.",
        "贵宾平均等候",
        "KPI19",
    ),
    Kpi(
        "vip_wait_p90_min",
        "min",
        "down",
        "90 % quantile of the same, pooled over the days of the window.",
        "贵宾等候90分位",
        "KPI19",
    ),
    Kpi(
        "ordinary_wait_mean_min",
        "min",
        "down",
        "Mean minutes as vip_wait_mean_min, all others.",
        "普通客户平均等候",
        "KPI19",
    ),
    Kpi(
        "ordinary_wait_p90_min",
        "min",
        "down",
        "90 % quantile of the same, pooled over the days of the window.",
        "普通客户等候90分位",
        "KPI19",
    ),
    Kpi(
        "vip_abandon_share",
        "share",
        "down",
        "True VIPs who gave up or were sent away, of those who joined a counter queue.",
        "贵宾弃号率",
        "KPI19",
    ),
    Kpi(
        "ordinary_abandon_share",
        "share",
        "down",
        "Others who gave up or were sent away, of those who joined a counter queue.",
        "普通客户弃号率",
        "KPI19",
    ),
    Kpi(
        "identification_sensitivity",
        "share",
        "up",
        "Visitors of true type A, B or C who were treated as prime.",
        "优质客户识别率",
        "KPI16",
    ),
    Kpi(
        "identification_specificity",
        "share",
        "up",
        "Visitors of true type D who were treated as ordinary.",
        "普通客户正确识别率",
        "KPI16",
    ),
    Kpi(
        "self_service_share",
        "share",
        "up",
        "Transactions off the counter, on machines or remote, of all transactions.",
        "交易替代率",
        "KPI23",
    ),
    Kpi(
        "utilisation_relationship_manager",
        "share",
        "none",
        "Booked minutes (admin included) over paid minutes, relationship managers.",
        "客户经理工作负荷",
        "KPI20, KPI38",
    ),
    Kpi(
        "utilisation_lobby_manager",
        "share",
        "none",
        "Booked over paid minutes, lobby managers.",
        "大堂经理工作负荷",
        "KPI20",
    ),
    Kpi("utilisation_teller", "share", "none", "Booked over paid minutes, tellers.", "柜员工作负荷", "KPI20"),
    Kpi("utilisation_head", "share", "none", "Booked over paid minutes, the head.", "网点负责人工作负荷", "KPI20"),
    Kpi(
        "utilisation_max",
        "share",
        "down",
        "Highest utilisation of relationship managers, lobby managers, tellers.",
        "最高工作负荷",
        "KPI38",
    ),
    Kpi(
        "meetings_per_day",
        "meetings/day",
        "up",
        "Meetings of relationship managers on an open day.",
        "日均面谈",
        "KPI14",
    ),
    Kpi(
        "contacts_per_day",
        "contacts/day",
        "up",
        "Calls and visits that reached the customer and meetings, on an open day; messages not counted.",
        "日均联络量",
        "KPI38",
    ),
    Kpi(
        "coverage_share",
        "share",
        "up",
        "Contacts made of the contacts that the maintenance plan asked for; a message counts by its response ratio.",
        "维护计划完成率",
        "KPI11, KPI14",
    ),
    Kpi(
        "assigned_share",
        "share",
        "up",
        "Target customers (VIP, B or C) with an owner, end of the window.",
        "客户指派率",
        "KPI07",
    ),
    Kpi("signed_share", "share", "up", "Target customers who are signed, end of the window.", "客户签约率", "KPI08"),
    Kpi(
        "maintained_share",
        "share",
        "up",
        "Target customers whose owner was in contact recently, end of the window.",
        "稳定管户率",
        "KPI11",
    ),
    Kpi(
        "follow_up_in_time_share",
        "share",
        "up",
        "Lobby leads followed up within the agreed days, of all leads.",
        "线索及时跟进率",
        "KPI12, KPI18",
    ),
    Kpi(
        "satisfaction_index",
        "share",
        "up",
        "Weighted: contact (coverage), processing (waits of visitors), identification (sensitivity).",
        "客户满意度",
        "KPI21",
    ),
    Kpi("complaints_per_1000_visits", "per 1000", "down", "Complaints in a thousand visits.", "千次到店投诉", "KPI22"),
    Kpi("sales_per_month", "sales/month", "up", "Closed sales in the window, a month.", "月均成交", "KPI15"),
    Kpi(
        "cost_total_yuan",
        "yuan",
        "down",
        "All cost: staff, vacancies, incentives, campaign, services, premium, machines.",
        "总成本",
        "U09",
    ),
    Kpi(
        "cost_staff_yuan",
        "yuan",
        "down",
        "Staff cost, overtime, hiring and severance, pay of vacant posts saved.",
        "人力成本",
        "N23",
    ),
    Kpi("cost_incentive_yuan", "yuan", "down", "Bonuses to staff and rescue offers to customers.", "激励成本", "KPI35"),
    Kpi(
        "cost_campaign_yuan",
        "yuan",
        "down",
        "Cost of contacts and campaigns beside staff time (messages, calls, travel, venue, gifts, rewards).",
        "营销费用",
        "KPI26",
    ),
    Kpi(
        "campaign_goal_share",
        "share",
        "up",
        "Attainment of the campaigns' goals (prime customers won, successes of those asked), the lowest of each, mean.",
        "活动目标达成率",
        "KPI25",
    ),
    Kpi(
        "campaign_moved_yuan",
        "yuan",
        "up",
        "Money that guests of campaigns moved here, on arrival; compare the twin for what would have come anyway.",
        "活动引入资金",
        "KPI27",
    ),
    Kpi(
        "campaign_cost_ratio",
        "ratio",
        "down",
        "Yuan spent on campaigns beside staff time for each yuan that their guests moved here.",
        "活动成本率",
        "KPI26",
    ),
    Kpi("cost_service_yuan", "yuan", "down", "Cost of VIP services by tier.", "增值服务成本", "U04"),
    Kpi("cost_premium_yuan", "yuan", "down", "Rate premium on every eligible balance.", "利率上浮成本", "DV66"),
    Kpi("cost_equipment_yuan", "yuan", "down", "Cost of self-service machines.", "设备成本", "DV25"),
    Kpi(
        "budget_used_share",
        "share",
        "down",
        "Incentives, offers, contacts and services over the budget of window and run-off.",
        "预算使用率",
        "KPI35",
    ),
    Kpi(
        "compliance_breaches",
        "breaches",
        "down",
        "Months whose last day's deposits exceed the daily average by more than the law allows, and contacts outside "
        "calling hours.",
        "合规事项",
        "KPI34, P12",
    ),
    Kpi(
        "plan_score",
        "points",
        "up",
        "The plan's scorecard: weighted attainment of its targets, 0 to 100.",
        "方案得分",
        "K01, K07",
    ),
)

KPIS: dict[str, Kpi] = {kpi.name: kpi for kpi in _ALL}
