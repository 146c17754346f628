//! The table of a snapshot: any text results in a table or an error with a line, and a written table parses to the same
//! table.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cache_policy::audit::CacheSnapshot;

fuzz_target!(|text: &str| {
    match text.parse::<CacheSnapshot>() {
        Ok(snapshot) => {
            let read = |text: String| text.parse::<CacheSnapshot>().expect("a table that was written");
            assert_eq!(read(snapshot.to_markdown()), snapshot);
            assert_eq!(read(snapshot.replace_in(text)), snapshot);
            assert_eq!(snapshot.changes_to(&snapshot), []);
            let (seen, empty) = (snapshot.behind_cdn(), CacheSnapshot::new());
            assert_eq!(seen.behind_cdn(), seen);
            assert_eq!(empty.changes_to(&snapshot).len(), snapshot.rows().count());
            for change in snapshot.changes_to(&empty).iter().chain(&empty.changes_to(&seen)) {
                assert!(change.to_string().starts_with('`'), "{change}");
            }
        }
        Err(error) => {
            assert!((1..=text.lines().count() + 1).contains(&error.line()), "{error}");
            assert!(error.to_string().len() < 2_000, "{error}");
        }
    }
});
