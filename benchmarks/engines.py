"""How fast vipsim is, as ratios measured side by side: python -m benchmarks.engines [lobby|year|month|start] ...

lobby  The lobby day that engines are compared on, as a vipsim scenario (scenarios/reference/lobby_day.toml, recording
       on) beside programs in SimPy, Ciw, Cimba, Numba and C that live outside this project: --peers names their
       folder. Every round starts every program once; the figure that counts is the median of the ratios.
year   The baseline's year: CPU milliseconds per replication, and the ratio to the same year on the SimPy engine.
month  Month-ends of 100,000 and 1,000,000 customers, against the same rules in plain NumPy; peak memory.
start  What a user waits for: vipsim --help, and the first kernel from the disk cache.

Compilation is outside every clock. The machine may be shared: compare ratios, not times.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT.parent / "shared" / "peers"
SIMPY = "simpy-idiomatic"
PROGRAMS = (
    "lobby_simpy.py --style idiomatic --days 250",
    "lobby_ciw.py --days 100",
    "lobby_cimba.py --style customer --days 2500",
    "lobby_cimba.py --style servers --days 4000",
    "lobby_numba.py --style table --fel sorted --days 20000",
    "lobby_numba.py --style loop --fel sorted --days 20000",
    "lobby_c.py --fel sorted --days 20000",
)
DAYS_A_YEAR = 365
LOBBY_YEARS = 24


# ------------------------------------------------------------------------------------------------ lobby


def vipsim_lobby(seed: int) -> None:
    """Print the rate of vipsim's lobby days as one JSON line, as the other programs do.

    Year by year into the same room, as a replication does it: every visit and step of the year is on record.
    """
    from vipsim.draws import Address
    from vipsim.lobby.days import make_room, run_days
    from vipsim.lobby.params import params
    from vipsim.scenario.files import load

    p = params(load(ROOT / "scenarios" / "reference" / "lobby_day.toml"))
    room = run_days(p, Address(seed, 0, 0), 0, DAYS_A_YEAR, make_room(p))
    start = time.process_time()
    for year in range(1, LOBBY_YEARS + 1):
        room = run_days(p, Address(seed, year, 0), 0, DAYS_A_YEAR, room)
    cpu = time.process_time() - start
    days = LOBBY_YEARS * DAYS_A_YEAR
    line = {"engine": "vipsim", "work": days, "cpu_s": cpu, "per_s": days / cpu, "steps_a_year": int(room.log.n[3])}
    print(json.dumps(line))


def _rate(command: list[str], folder: Path) -> dict[str, Any] | None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode != 0:
        print(f"left out: {' '.join(command[1:3])}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def lobby(rounds: int, peers: Path) -> None:
    """Rates of all programs in turn, as multiples of idiomatic SimPy and of the C loop of the same round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "peers"
        programs: list[str] = []
        if peers.is_dir():
            shutil.copytree(peers, folder)
            programs = list(PROGRAMS)
        else:
            print(f"no folder {peers}: vipsim alone", file=sys.stderr)
        results: list[dict[str, float]] = []
        for n in range(rounds):
            rates: dict[str, float] = {}
            for program in list(programs):
                found = _rate([sys.executable, *program.split(), "--seed", str(n + 1)], folder)
                if found is None:
                    programs.remove(program)
                else:
                    rates[found["engine"]] = found["per_s"]
            own = _rate([sys.executable, "-m", "benchmarks.engines", "vipsim-lobby", "--seed", str(n + 1)], ROOT)
            if own is None:
                raise SystemExit("vipsim's own lobby day failed")
            rates["vipsim"] = own["per_s"]
            results.append(rates)
            print(f"round {n + 1} of {rounds}", file=sys.stderr)
    print("lobby day, recording on        days per CPU second    x SimPy (range)          x C loop")
    for engine in results[0]:
        per_s = statistics.median(r[engine] for r in results if engine in r)
        print(
            f"{engine:28s}  {per_s:19,.0f}    {_ratio(results, engine, SIMPY)}    {_ratio(results, engine, 'c-sorted')}"
        )


def _ratio(results: list[dict[str, float]], engine: str, other: str) -> str:
    ratios = [r[engine] / r[other] for r in results if engine in r and other in r]
    if not ratios:
        return "-"
    return f"{statistics.median(ratios):7.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


# ------------------------------------------------------------------------------------------------- year


def year() -> None:
    """The baseline's year: milliseconds a replication, by part, and the SimPy engine on the same year."""
    from vipsim import simulate
    from vipsim.scenario.files import load

    scenario = load(ROOT / "scenarios" / "baseline.toml")
    c = scenario.calendar
    months = c.run_in_months + c.window_months + c.run_off_months
    simulate.replicate(scenario, 1, 0)
    parts = _timed_parts(simulate)
    compiled = []
    for replication in range(10):
        start = time.process_time()
        simulate.replicate(scenario, 1, replication)
        compiled.append(time.process_time() - start)
    shares = {name: 1000.0 * total / len(compiled) for name, total in sorted(parts.items(), key=lambda p: -p[1])}
    start = time.process_time()
    simulate.replicate(scenario, 1, 0, engine="simpy")
    simpy = time.process_time() - start
    whole = 1000.0 * statistics.median(compiled)
    print(f"baseline, {months} months: {whole:.0f} ms a replication, {whole * 12 / months:.0f} ms a branch-year (CPU)")
    print("  " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in shares.items()))
    print(f"  the same months on the SimPy engine: {simpy * 1000:.0f} ms, {simpy * 1000 / whole:.0f} times as long")


def _timed_parts(simulate: Any) -> dict[str, float]:
    """Wrap the parts of a replication so that their CPU time is summed by name."""
    spent: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - start

        return wrapper

    for name in ("open_month", "close_month", "make_branch", "day_weights"):
        setattr(simulate, name, timed(name, getattr(simulate, name)))
    simulate._ENGINES["compiled"] = timed("days", simulate._ENGINES["compiled"])
    simulate.Recorder.month = timed("counting", simulate.Recorder.month)
    return spent


# ------------------------------------------------------------------------------------------------ month


def month() -> None:
    """Month-ends of large books against plain NumPy; each size in a process of its own.

    Two yardsticks: NumPy with draws that have addresses, as vipsim's have (like with like), and with its own generator.
    """
    print("month-end (opening, closing), ns a customer   vipsim   NumPy addressed    ratio   NumPy own    ratio   peak")
    for customers in (100_000, 1_000_000):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.engines", "vipsim-month", "--customers", str(customers)],
            capture_output=True, text=True, cwd=ROOT, check=True,
        )  # fmt: skip
        print(done.stdout, end="")


def vipsim_month(customers: int) -> None:
    """Print one line of ``month``."""

    from benchmarks import plain_month
    from vipsim import simulate
    from vipsim.draws import Address
    from vipsim.month import close_month, open_month
    from vipsim.scenario.files import load

    scenario = load(ROOT / "scenarios" / "baseline.toml", [f"book.customers={customers}", "book.prospects=0"])
    world = simulate._world(scenario.model_dump_json())
    run = simulate._Run(world, Address(1, 0, 0), "compiled", False)
    run.begin()
    policy, team = world.policy[0], world.team[0]
    ours = []
    for n in range(4):
        run.branch = simulate.with_room(run.branch)
        calendar = run.month(n)
        start = time.process_time()
        open_month(run.branch.state, run.branch.agenda, policy, run.address, team, calendar)
        close_month(run.branch.state, policy, run.address, calendar)
        ours.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    own = 1e9 * min(ours[1:]) / customers
    addressed = 1e9 / customers * _plain_month(world, lambda _: plain_month.Addressed())
    numpy = 1e9 / customers * _plain_month(world, plain_month.Own)
    line = f"{customers:>12,} customers {own:29.0f} {addressed:17.0f} {addressed / own:8.1f}"
    print(f"{line} {numpy:11.0f} {numpy / own:8.1f} {peak:8,.0f} MB")


def _plain_month(world: Any, chance: Callable[[int], Any]) -> float:
    """CPU seconds of a month-end in plain NumPy with one kind of draws: the fastest of some, the first left out."""
    from benchmarks import plain_month
    from vipsim import simulate
    from vipsim.customers.assets import market_returns
    from vipsim.draws import Address

    run = simulate._Run(world, Address(1, 0, 0), "compiled", False)
    run.begin()
    policy, team, sums = world.policy[0], world.team[0], run.branch.state.sums
    book = plain_month.PlainBook(run.branch.state.book)
    times = []
    for n in range(4):
        month = run.month(n)
        start = time.process_time()
        returns = market_returns(run.address, policy.assets, n)
        plain_month.open_month(book, policy, sums, team, chance(n), month, returns)
        plain_month.close_month(book, policy, month)
        times.append(time.process_time() - start)
    return min(times[1:])


# ------------------------------------------------------------------------------------------------ start


def start() -> None:
    """Seconds of wall time until ``--help`` stands, best of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "vipsim", "--help"], capture_output=True, cwd=ROOT, check=True)
        times.append(time.perf_counter() - began)
    print(f"vipsim --help: {min(times):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["lobby", "year", "month", "start"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=PEERS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=100_000)
    a = parser.parse_args()
    jobs: dict[str, Callable[[], None]] = {
        "lobby": lambda: lobby(a.rounds, a.peers),
        "year": year,
        "month": month,
        "start": start,
        "vipsim-lobby": lambda: vipsim_lobby(a.seed),
        "vipsim-month": lambda: vipsim_month(a.customers),
    }
    for what in a.what:
        jobs[what]()


if __name__ == "__main__":
    main()
