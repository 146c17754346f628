//! The policy file: any text results in a valid table or an error with a position. The cache settings in a valid file
//! create a cache.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cache_policy::SharedCache;
use tower_cache_policy::policy::config::PolicyConfig;
use tower_cache_policy::policy::routes::RoutePolicies;
use tower_cache_policy_fuzz::hostile::readers::is_cache_control;

fuzz_target!(|text: &str| {
    match RoutePolicies::from_toml(text) {
        Ok(table) => {
            for row in table.rows() {
                assert!(is_cache_control(row.cache_control().as_bytes()) && !row.cache_control().is_empty());
                let _ = (row.at_edge().count(), row.vary(), row.tags().count());
            }
            assert!(!table.to_markdown().is_empty());
        }
        Err(error) => {
            assert!(!error.message().is_empty() && !error.to_string().is_empty());
            if let Some(line) = error.line() {
                assert!((1..=text.split('\n').count()).contains(&line), "{error}");
                assert!(error.column().is_none_or(|column| column > 0));
            }
        }
    }
    let Ok(config) = PolicyConfig::from_toml(text) else { return };
    if let Some(store) = config.store() {
        assert_eq!(PolicyConfig::from_toml(text).unwrap().store(), Some(store));
        let _ = SharedCache::from_config(store).layer();
    }
    let _ = config.into_routes();
});
