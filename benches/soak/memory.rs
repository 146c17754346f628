//! The memory of the server, looked at from outside.

use std::fs;
use std::time::Duration;

use super::model::Model;

/// The maximum growth of the server's memory after the warm-up, in bytes. The allocator does not return all freed
/// memory, and the amount varies. In two minutes this allows some ten bytes for each response, and in an hour less than
/// one.
const MOST: u64 = 4 << 20;

/// The memory of the server, second by second.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    second: u64,
    resident: u64,
    answers: u64,
}

impl Memory {
    pub(crate) fn look_at(&mut self, process: u32, after: Duration, model: &Model) -> Result<(), String> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| error.to_string())?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
            .ok_or("the server has ended")?;
        self.seen.push(Seen { second: after.as_secs(), resident: resident << 10, answers: model.answers() });
        Ok(())
    }

    pub(crate) fn print(&self) {
        println!("\n{:>8}{:>14}{:>14}", "second", "answers", "server, KiB");
        let step = self.seen.len().div_ceil(10).max(1);
        for Seen { second, resident, answers } in self.seen.iter().step_by(step).chain(self.seen.last()) {
            println!("{second:>8}{answers:>14}{:>14}", resident >> 10);
        }
    }

    /// Held against each other: the most in the second fifth of the time, and the most in the last.
    pub(crate) fn is_flat(&self) -> Result<(), String> {
        let fifth = self.seen.len() / 5;
        let most = |seen: &[Seen]| seen.iter().map(|seen| seen.resident).max().unwrap_or(0);
        let (warm, end) = (most(&self.seen[fifth..2 * fifth]), most(&self.seen[4 * fifth..]));
        let answers = self.seen.last().unwrap().answers - self.seen[fifth].answers;
        let grown = end.saturating_sub(warm);
        println!(
            "warm {} KiB, at the end {} KiB: {:.2} bytes for each of {answers} answers",
            warm >> 10,
            end >> 10,
            grown as f64 / answers.max(1) as f64
        );
        if grown > MOST {
            return Err(format!("the server's memory grew by {} KiB, and {} are allowed", grown >> 10, MOST >> 10));
        }
        Ok(())
    }
}
