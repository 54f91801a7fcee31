"""The last block of a storm: one line per promise, OK or NOT; and the arithmetic of percentiles."""

import sys


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def show(value):
    return f"{value:.1f}" if isinstance(value, float) else str(value)


class Verdict:
    def __init__(self, title):
        self.title = title
        self.rows = []
        self.details = []

    def note(self, what, value):
        """A figure without a limit."""
        self.rows.append(("  ", what, show(value), ""))

    def zero(self, what, value):
        self.at_most(what, value, 0)

    def at_most(self, what, value, limit):
        self.rows.append(("OK" if value <= limit else "NOT", what, show(value), f"<= {show(limit)}"))

    def at_least(self, what, value, limit):
        self.rows.append(("OK" if value >= limit else "NOT", what, show(value), f">= {show(limit)}"))

    def detail(self, what, things):
        self.details += [(what, thing) for thing in list(things)[:5]]

    def ledger(self, ledger, part=""):
        for what, found in ledger.found.items():
            self.zero(f"{part}{what}", len(found))
            self.detail(what, found)

    def end(self):
        """Prints all; the exit status."""
        for what, thing in self.details:
            print(f"  {what}: {str(thing)[:400]}")
        print(f"{self.title}:")
        for mark, what, value, limit in self.rows:
            print(f"  {mark:3} {what:52} {value:>10}  {limit}".rstrip())
        sys.stdout.flush()
        return any(mark == "NOT" for mark, *_ in self.rows)
