//! Paths that software behind the layer may take for others.

/// Whether the path has a segment `.` or `..` in any spelling that some software knows:
/// percent-encoded, behind `\`, `%2f` or `%5c`, or before `;`. What such a path is for depends
/// on who resolves it, and a browser may be made to send it (G-19).
pub(crate) fn has_dot_segment(path: &str) -> bool {
    // Most paths have nothing of the kind.
    if !path.as_bytes().windows(2).any(|pair| matches!(pair, [b'/', b'.'] | [b'%' | b'\\', _])) {
        return false;
    }
    let mut rest = path.as_bytes();
    // How many dots the segment holds, while it holds nothing else.
    let mut dots = Some(0);
    loop {
        let (octet, after) = match rest {
            [] => return matches!(dots, Some(1 | 2)),
            [b'%', b'2', b'e' | b'E', after @ ..] => (b'.', after),
            [b'%', b'2', b'f' | b'F', after @ ..] | [b'%', b'5', b'c' | b'C', after @ ..] | [b'\\', after @ ..] => {
                (b'/', after)
            }
            [octet, after @ ..] => (*octet, after),
        };
        rest = after;
        match octet {
            b'/' | b';' if matches!(dots, Some(1 | 2)) => return true,
            b'/' => dots = Some(0),
            b'.' => dots = dots.map(|count| count + 1),
            _ => dots = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_seen_in_every_spelling() {
        for path in [
            "/..",
            "/.",
            "/a/../b",
            "/a/./b",
            "/a/..%2fb",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a%2f..%2Fb",
            "/a/..%5cb",
            "/a\\..\\b",
            "/a/..;/b",
            "/a/..;x=1/b",
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in [
            "",
            "*",
            "/",
            "//",
            "/a",
            "/.well-known/x",
            "/a..b",
            "/a/...",
            "/a/..b",
            "/a/b..",
            "/a;v=1.2/b",
            "/a%2fb",
            "/caf%C3%A9",
            "/%",
            "/%2",
            "/a/;..",
        ] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }
}
