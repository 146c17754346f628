//! [`History`]: which purges of other processes have been applied, and when.

use std::collections::VecDeque;

use crate::store::{Moment, PurgeMoment};

/// The maximum number of purges whose moments are remembered. A record from before them counts as purged.
const MAX_APPLIED: usize = 1 << 16;

/// Which purges of the remote history have been applied to the clock of the process, and when.
///
/// A record contains the last purge that its process had applied before it began the request. The record is out of date
/// if a later purge names it. This maps the number of that purge to a moment of the clock of this process, and back.
#[derive(Debug, Default)]
pub(super) struct History {
    position: PurgeMoment,
    /// The numbers of applied purges, with the moments after which they had been applied.
    applied: VecDeque<(u64, Moment)>,
}

impl History {
    /// The last purge that has been applied.
    pub(super) const fn position(&self) -> PurgeMoment {
        self.position
    }

    /// Begins with another history, after everything was purged. Records from before `forgotten` count as purged.
    pub(super) fn restart(&mut self, history: u64, forgotten: u64, now: Moment) {
        self.position = PurgeMoment { history, number: forgotten };
        self.applied.clear();
        self.applied.push_back((forgotten, now));
    }

    /// Records that the purge with this number, and all before it, have been applied.
    pub(super) fn applied(&mut self, number: u64, now: Moment) {
        self.position.number = number;
        self.applied.push_back((number, now));
        if self.applied.len() > MAX_APPLIED {
            self.applied.pop_front();
        }
    }

    /// Returns the moment of this process at which exactly these purges had been applied. Returns `None` if that is not
    /// known. The record then counts as purged.
    pub(super) fn here(&self, there: PurgeMoment) -> Option<Moment> {
        if there.history != self.position.history {
            return None;
        }
        let after = self.applied.partition_point(|(number, _)| *number <= there.number);
        // The other process may have applied more than this one.
        self.applied.get(after.checked_sub(1)?).map(|(_, moment)| *moment)
    }

    /// Returns the last purge that had been applied at this moment of the process.
    pub(super) fn there(&self, here: Moment) -> Option<PurgeMoment> {
        let after = self.applied.partition_point(|(_, moment)| *moment <= here);
        let (number, _) = self.applied.get(after.checked_sub(1)?)?;
        Some(PurgeMoment { number: *number, ..self.position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(number: u64) -> PurgeMoment {
        PurgeMoment { history: 7, number }
    }

    #[test]
    fn moments_are_mapped_to_the_last_purge_that_had_been_applied() {
        let mut history = History::default();
        assert_eq!(history.there(Moment::from_u64(3)), None, "nothing is known yet");
        assert_eq!(history.here(PurgeMoment::default()), None);
        history.restart(7, 10, Moment::from_u64(3));
        // The purges of this process have their own moments.
        history.applied(11, Moment::from_u64(5));
        history.applied(14, Moment::from_u64(6));
        for (number, moment) in [(9, None), (10, Some(3)), (11, Some(5)), (13, Some(5)), (14, Some(6)), (99, Some(6))] {
            assert_eq!(history.here(there(number)), moment.map(Moment::from_u64), "{number}");
        }
        for (moment, number) in [(2, None), (3, Some(10)), (4, Some(10)), (5, Some(11)), (6, Some(14)), (9, Some(14))] {
            assert_eq!(history.there(Moment::from_u64(moment)), number.map(there), "{moment}");
        }
        assert_eq!(history.here(PurgeMoment { history: 8, number: 11 }), None, "of another history");
        history.restart(8, 0, Moment::from_u64(7));
        assert_eq!(history.here(there(14)), None);
        assert_eq!(history.there(Moment::from_u64(6)), None);
    }

    #[test]
    fn the_number_of_purges_is_bounded() {
        let mut history = History::default();
        history.restart(7, 0, Moment::from_u64(0));
        let last = MAX_APPLIED as u64 + 10;
        for number in 1..=last {
            history.applied(number, Moment::from_u64(number));
        }
        assert_eq!(history.applied.len(), MAX_APPLIED);
        assert_eq!(history.here(there(5)), None);
        assert_eq!(history.here(there(last)), Some(Moment::from_u64(last)));
    }
}
