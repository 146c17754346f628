"""The table of checks: one row for each, and the failures again at the end."""


class Report:
    """The rows of one judge."""

    def __init__(self):
        self.rows = []
        self.passed = 0
        self.failures = []

    def heading(self, judge, version):
        self.rows.append(f"\n{judge} {version}")

    def check(self, judge, way, asked, came, expected, why=""):
        """Adds one row. `why` is the reason for an unusual expectation."""
        row = f"{judge:<21} {way:<17} {asked:<58} "
        reason = f"  ({why})" if why else ""
        if came == expected:
            self.passed += 1
            self.rows.append(f"ok    {row}{came}{reason}")
        else:
            self.failures.append(f"{row}{came}, and expected {expected}{reason}")
            self.rows.append(f"FAIL  {self.failures[-1]}")

    def broke_off(self, judge, trace):
        """Records that the judge failed."""
        self.failures.append(f"{judge} broke off:\n{trace}")
        self.rows.append(f"FAIL  {self.failures[-1]}")


def end(reports):
    """Prints the failures and the total, and returns whether all checks passed."""
    failures = [failure for report in reports for failure in report.failures]
    if failures:
        print("\nWhat does not hold:", *failures, sep="\n  ")
    print(f"\n{sum(report.passed for report in reports)} passed, {len(failures)} failed")
    return not failures
