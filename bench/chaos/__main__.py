"""`python -m bench.chaos`: ends with 1 if any promise was broken; the last line is a JSON summary."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time

from bench.chaos.havoc import Havoc
from bench.chaos.plan import Plan
from bench.chaos.verdict import verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description="Kill workers at random, and count what was done.")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=30, help="workers to kill (SIGKILL)")
    parser.add_argument("--pauses", type=int, default=0, help="workers to stop past their lease, and continue")
    parser.add_argument("--store", choices=["sqlite"], default="sqlite")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--upstream", choices=["keyed", "plain"], default="keyed", help="does it honour keys?")
    parser.add_argument("--skew-ms", type=int, default=0, help="the workers' clocks are wrong by up to this")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--timeout-s", type=float, default=600, help="after this, runs that have not ended are lost")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="chaos-")
    plan = Plan(
        folder=folder,
        runs=args.runs,
        kills=args.kills,
        pauses=args.pauses,
        workers=args.workers,
        keyed=args.upstream == "keyed",
        skew_ms=args.skew_ms,
        seed=int(time.time()) if args.seed is None else args.seed,
    )
    print(f"{args.runs} runs, {args.kills} kills, seed {plan.seed}, in {folder}", file=sys.stderr)
    havoc = Havoc(plan)
    asyncio.run(havoc.wreak(args.timeout_s))
    summary, problems = verdict(plan, havoc)
    for problem in problems:
        print(problem, file=sys.stderr)
    if summary["ok"]:
        shutil.rmtree(folder)
    else:
        print(f"the store and the logs of the workers are in {folder}", file=sys.stderr)
    print(json.dumps({"store": args.store, "upstream": args.upstream, "seed": plan.seed, **summary}))
    return 0 if summary["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
