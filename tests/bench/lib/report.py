"""What a run found: tables, lines, and a verdict for each target; printed as it comes, kept for RESULTS.md."""

import datetime

from . import machine, servers


class Report:
    def __init__(self):
        self.lines = []
        self.targets = {}  # key: [what, limit, figure or None, is met]

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def title(self, text):
        self.say()
        self.say(f"### {text}")
        self.say()

    def table(self, head, rows):
        """Rows of strings; the first column is text, the others are figures."""
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

        def line(row):
            cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
            return "| " + " | ".join(cells) + " |"

        self.say(line(head))
        self.say("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
        for row in rows:
            self.say(line(row))

    def loads(self, subjects):
        measured = [s for s in subjects if s.samples and not s.trouble]
        self.table(["", "req/s", "CPU us/req", "user", "kernel", "p50 us", "p99 us"],
                   [[s.name, f"{s.median('req/s'):,.0f}", f"{s.median('us/req'):.2f}", f"{s.median('user us'):.2f}",
                     f"{s.median('kernel us'):.2f}", f"{s.median('p50 us'):,.0f}", f"{s.median('p99 us'):,.0f}"]
                    for s in measured])
        for subject in subjects:
            if subject.trouble:
                self.say(f"\nGiven up: {subject.trouble}")

    # ---- targets ----

    def expect(self, targets):
        """{key: (what, limit)}: what a case will judge; what it does not get to is not met."""
        for key, (what, limit) in targets.items():
            self.targets[key] = [what, limit, None, False]

    def judge(self, key, figure, is_met):
        self.targets[key][2:] = [figure, is_met]

    def at_most(self, key, value, limit, form="{:.2f}"):
        if value is not None:
            self.judge(key, form.format(value), value <= limit)

    def at_least(self, key, value, limit, form="{:.2f}"):
        if value is not None:
            self.judge(key, form.format(value), value >= limit)

    def verdicts(self):
        rows = [("OK " if met else "NOT", what, figure or "not measured", limit)
                for what, limit, figure, met in self.targets.values()]
        widths = [max(len(row[i]) for row in rows) for i in range(4)] if rows else []
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]

    def write(self, path, patience, load):
        """The whole run as a page."""
        about = machine.describe() + servers.versions()
        parts = ["# Measured", "",
                 "Written by `make bench`; what the figures mean stands in [docs/performance.md](../../docs/performance.md).",
                 "",
                 f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC; rounds of {load.seconds} s: "
                 f"{load.rounds}; {patience.samples} samples, of which {patience.disturbed} were disturbed by others "
                 "and could not be repeated.", ""]
        parts += [f"- {name}: {value}" for name, value in about]
        parts += ["", "## Targets", "", "```", *self.verdicts(), "```", "", "## Figures"]
        with open(path, "w") as f:
            f.write("\n".join(parts + self.lines) + "\n")
