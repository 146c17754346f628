//! Recognizes content types that require special treatment of a response.

use http::HeaderValue;
#[cfg(feature = "assets")]
use http::{HeaderMap, header::ACCEPT};

#[cfg(feature = "assets")]
use super::coding::weight;
#[cfg(feature = "assets")]
use super::syntax::{MAX_MEMBERS, members};
use super::syntax::{is_tchar, trim_ows};

/// Returns whether a content type is gRPC.
///
/// A gRPC response always has status 200 and its result in the trailers. A gRPC client treats a 304 or 412 as a
/// connection error.
///
/// ```text
/// application/grpc [ "-web" [ "-text" ] ] [ "+" token ] [ OWS ";" parameters ]
/// ```
pub(crate) fn is_grpc_type(content_type: &HeaderValue) -> bool {
    // Q-01 to Q-03.
    let Some(rest) = without_start(content_type.as_bytes(), b"application/grpc") else {
        return false;
    };
    let rest = match without_start(rest, b"-web") {
        Some(rest) => without_start(rest, b"-text").unwrap_or(rest),
        None => rest,
    };
    let rest = match rest.strip_prefix(b"+") {
        Some(suffix) => match suffix.iter().take_while(|byte| is_tchar(**byte)).count() {
            0 => return false,
            length => &suffix[length..],
        },
        None => rest,
    };
    matches!(trim_ows(rest), [] | [b';', ..])
}

/// Returns whether a content type is a stream that lasts until the client disconnects.
pub(crate) fn is_live_stream_type(content_type: &HeaderValue) -> bool {
    // G-10, G-24.
    let content_type = content_type.as_bytes();
    starts_with(content_type, b"text/event-stream") || starts_with(content_type, b"multipart/x-mixed-replace")
}

/// Returns whether a content type is an HTML page.
///
/// A page is never `immutable`, and services return one as a fallback for missing paths.
pub(crate) fn is_page_type(content_type: &[u8]) -> bool {
    // G-27, G-19.
    let content_type = content_type.trim_ascii_start();
    starts_with(content_type, b"text/html") || starts_with(content_type, b"application/xhtml+xml")
}

/// Returns whether `Accept` names the media type of a page. Browsers send such a field when they open a page, but not
/// when they load a script, a stylesheet or an image. All of these requests contain `*/*`.
#[cfg(feature = "assets")]
pub(crate) fn accepts_page(request: &HeaderMap) -> bool {
    members(request.get_all(ACCEPT)).take(MAX_MEMBERS).any(|member| {
        is_page_type(member) && !member.split(|&byte| byte == b';').any(|part| weight(trim_ows(part)) == Some(0))
    })
}

fn starts_with(content_type: &[u8], start: &[u8]) -> bool {
    without_start(content_type, start).is_some()
}

#[inline]
fn without_start<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    // The first and the last byte rule out nearly all types.
    let last = start.len() - 1;
    if !(text.first()?.eq_ignore_ascii_case(&start[0]) && text.get(last)?.eq_ignore_ascii_case(&start[last])) {
        return None;
    }
    let (head, rest) = text.split_at_checked(start.len())?;
    (head == start || head.eq_ignore_ascii_case(start)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_recognized_in_any_case() {
        let table = [
            // Columns: the content type, and whether it is gRPC, a stream or a page.
            ("application/grpc", true, false, false),
            ("Application/gRPC-web+proto", true, false, false),
            ("application/grpc-web-text+proto; charset=utf-8", true, false, false),
            ("application/grpc \t; a=b", true, false, false),
            ("application/grpc+json", true, false, false),
            ("application/grp", false, false, false),
            ("application/grpc+", false, false, false),
            ("application/grpc+ json", false, false, false),
            ("application/grpcx", false, false, false),
            ("application/grpc-text", false, false, false),
            ("application/grpc-webx", false, false, false),
            ("application/grpc/json", false, false, false),
            ("application/grpc, application/json", false, false, false),
            ("application/grpc+json, text/html", false, false, false),
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
            let found = (is_grpc_type(&value), is_live_stream_type(&value), is_page_type(content_type.as_bytes()));
            assert_eq!(found, (grpc, live, page), "{content_type:?}");
        }
    }

    #[cfg(feature = "assets")]
    #[test]
    fn a_browser_that_opens_a_page_accepts_one() {
        let table: &[(&[&'static str], bool)] = &[
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], true),
            (&["*/*", "TEXT/HTML"], true),
            (&["application/xhtml+xml;q=0.1"], true),
            (&["*/*"], false),
            (&["text/*"], false),
            (&["text/css,*/*;q=0.1"], false),
            (&["image/avif,image/webp,*/*;q=0.8"], false),
            (&["application/json"], false),
            (&["text/html;q=0"], false),
            (&["text/html;level=1;q=0.000, */*"], false),
            (&[""], false),
            (&[], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(ACCEPT, HeaderValue::from_static(line));
            }
            assert_eq!(accepts_page(&headers), *expected, "{lines:?}");
        }
    }
}
