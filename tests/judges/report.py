"""The table of what was asked and what came: one row for each check, and the failures once more at the end."""


class Report:
    """The rows of one judge."""

    def __init__(self):
        self.rows = []
        self.passed = 0
        self.failures = []

    def heading(self, judge, version):
        self.rows.append(f"\n{judge} {version}")

    def check(self, judge, way, asked, came, expected, why=""):
        """One row. `why` is the reason for what is expected where that is not plain."""
        row = f"{judge:<21} {way:<17} {asked:<58} "
        reason = f"  ({why})" if why else ""
        if came == expected:
            self.passed += 1
            self.rows.append(f"ok    {row}{came}{reason}")
        else:
            self.failures.append(f"{row}{came}, and expected {expected}{reason}")
            self.rows.append(f"FAIL  {self.failures[-1]}")

    def broke_off(self, judge, trace):
        """It could not be heard to its end."""
        self.failures.append(f"{judge} broke off:\n{trace}")
        self.rows.append(f"FAIL  {self.failures[-1]}")


def end(reports):
    """Prints what did not hold and the total, and says whether all of it held."""
    failures = [failure for report in reports for failure in report.failures]
    if failures:
        print("\nWhat does not hold:", *failures, sep="\n  ")
    print(f"\n{sum(report.passed for report in reports)} passed, {len(failures)} failed")
    return not failures
