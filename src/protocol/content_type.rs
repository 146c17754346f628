//! The content types that change what may be said of an answer.

use http::HeaderValue;

/// Whether a content type is one of gRPC in all its forms: always status 200, the outcome in
/// trailers, and a client that takes a 304 or 412 for a broken connection.
pub(crate) fn is_grpc_type(content_type: &HeaderValue) -> bool {
    starts_with(content_type.as_bytes(), b"application/grpc")
}

/// Whether a content type is one of an answer that lasts as long as the client stays (G-10, G-24).
pub(crate) fn is_live_stream_type(content_type: &HeaderValue) -> bool {
    let content_type = content_type.as_bytes();
    starts_with(content_type, b"text/event-stream") || starts_with(content_type, b"multipart/x-mixed-replace")
}

/// Whether a content type is one of a page, which is never `immutable` (G-27), and is what a
/// service falls back to for what is not there (G-19).
pub(crate) fn is_page_type(content_type: &[u8]) -> bool {
    let content_type = content_type.trim_ascii_start();
    starts_with(content_type, b"text/html") || starts_with(content_type, b"application/xhtml+xml")
}

fn starts_with(content_type: &[u8], start: &[u8]) -> bool {
    // The first octet tells nearly all of them apart.
    content_type.first().is_some_and(|first| first.eq_ignore_ascii_case(&start[0]))
        && content_type.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_by_its_start_in_any_case() {
        let table = [
            // (the type, gRPC, a live stream, a page)
            ("application/grpc", true, false, false),
            ("Application/gRPC-web+proto", true, false, false),
            ("application/grp", false, false, false),
            ("text/event-stream; charset=utf-8", false, true, false),
            ("multipart/X-Mixed-Replace; boundary=x", false, true, false),
            ("multipart/mixed", false, false, false),
            ("text/HTML; charset=utf-8", false, false, true),
            (" text/html", false, false, true),
            ("application/xhtml+xml", false, false, true),
            ("text/css", false, false, false),
            ("", false, false, false),
        ];
        for (content_type, grpc, live, page) in table {
            let value = HeaderValue::from_static(content_type);
            let told = (is_grpc_type(&value), is_live_stream_type(&value), is_page_type(content_type.as_bytes()));
            assert_eq!(told, (grpc, live, page), "{content_type:?}");
        }
    }
}
