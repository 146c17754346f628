use tower_cache_policy_fuzz::records::{Remote, send};
fn main() {
    for (name, language) in [("page", None), ("variant", Some(http::HeaderValue::from_static("de")))] {
        let remote = Remote::default();
        let seen = send(&remote, language.as_ref());
        eprintln!("{seen:?}");
        for (i, record) in remote.written.lock().unwrap().iter().enumerate() {
            let flags = if language.is_some() { 5u8 } else { 1 };
            let mut out = vec![flags];
            out.extend_from_slice(&record[..record.len() - 8]);
            std::fs::write(format!("seeds/records/{name}-{i}"), &out).unwrap();
            out[0] |= 2;
            if i == 0 { std::fs::write(format!("seeds/records/{name}-purged"), &out).unwrap(); }
            let mut whole = vec![flags & !1];
            whole.extend_from_slice(record);
            std::fs::write(format!("seeds/records/{name}-{i}-whole"), &whole).unwrap();
        }
    }
}
