//! [`Reference`]: finds the references of a stylesheet.

use std::ops::Range;

use cssparser::{ParseError, Parser, Token};

/// A reference and its position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The bytes to replace.
    pub(super) span: Range<usize>,
    /// The target, with escapes decoded.
    pub(super) target: String,
    pub(super) form: Form,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The syntax of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `url(x)`
    Url,
    /// `"x"`
    Quoted,
    /// `x`, in a comment.
    SourceMap,
}

/// The error for blocks that are nested too deeply.
#[derive(Debug)]
pub(super) struct TooDeep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NestingContext {
    /// A string is a reference, as in `url()` and `image-set()`.
    References,
    /// Nothing in this context is a reference.
    Namespace,
    Anything,
}

/// Returns the references of a stylesheet in their order.
pub(super) fn references(css: &str) -> Result<Vec<Reference>, TooDeep> {
    let mut found = Vec::new();
    walk(&mut Parser::new(css), NestingContext::Anything, &mut found).map_err(|_| TooDeep)?;
    Ok(found)
}

/// Collects the references of a block. The parser limits the depth of the recursion.
fn walk<'i>(
    parser: &mut Parser<'i>,
    context: NestingContext,
    found: &mut Vec<Reference>,
) -> Result<(), ParseError<TooDeep>> {
    let mut after_import = false;
    let mut in_namespace = context == NestingContext::Namespace;
    loop {
        let (start, place) = (parser.position().byte_index(), parser.current_source_location());
        let Ok(token) = parser.next_including_whitespace_and_comments().cloned() else { return Ok(()) };
        let span = start..parser.position().byte_index();
        let mut put = |span: Range<usize>, target: &str, form| {
            let target = target.to_owned();
            found.push(Reference { span, target, form, line: place.line + 1, column: place.column });
        };
        match &token {
            Token::WhiteSpace(_) => continue,
            Token::Comment(text) => {
                if let Some((at, map)) = source_map(text) {
                    let start = start + "/*".len() + at;
                    put(start..start + map.len(), map, Form::SourceMap);
                }
                continue;
            }
            Token::AtKeyword(name) => {
                after_import = name.eq_ignore_ascii_case("import");
                in_namespace = name.eq_ignore_ascii_case("namespace");
                continue;
            }
            Token::UnquotedUrl(target) if !in_namespace => put(span, target, Form::Url),
            Token::QuotedString(target) if !in_namespace && (after_import || context == NestingContext::References) => {
                put(span, target, Form::Quoted);
            }
            Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock => {
                let inner = match &token {
                    _ if in_namespace => NestingContext::Namespace,
                    Token::Function(name) if takes_references(name) => NestingContext::References,
                    _ => NestingContext::Anything,
                };
                parser.parse_nested_block(|parser| walk(parser, inner, found))?;
            }
            Token::Semicolon => in_namespace = context == NestingContext::Namespace,
            _ => {}
        }
        after_import = false;
    }
}

fn takes_references(function: &str) -> bool {
    ["url", "src", "image-set", "-webkit-image-set"].iter().any(|name| name.eq_ignore_ascii_case(function))
}

/// Returns the position and the URL of the source map that a comment names.
fn source_map(comment: &str) -> Option<(usize, &str)> {
    let rest = comment.strip_prefix(['#', '@'])?.trim_start().strip_prefix("sourceMappingURL=")?;
    let map = rest.split_whitespace().next()?;
    Some((comment.len() - rest.trim_start().len(), map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(css: &str) -> Vec<String> {
        references(css).unwrap().into_iter().map(|reference| reference.target).collect()
    }

    #[test]
    fn references_are_found_as_in_a_browser() {
        let table: &[(&str, &[&str])] = &[
            ("p { background: url(a.png) }", &["a.png"]),
            ("p { background: URL( 'a.png' ) }", &["a.png"]),
            ("p { background: url(\"a b.png\"), url(c.png) }", &["a b.png", "c.png"]),
            ("p { background: url(a\\20 b\\).png) }", &["a b).png"]),
            ("@import 'a.css'; @import url(b.css) screen; @IMPORT \"c.css\";", &["a.css", "b.css", "c.css"]),
            ("@import /* x */ 'a.css' layer('b.css');", &["a.css"]),
            ("p { background: image-set('a.png' 1x, url(b.png) type('image/png') 2x) }", &["a.png", "b.png"]),
            ("@media print { @supports (a: b) { p { background: url(a.png) } } }", &["a.png"]),
            ("p { --x: url(a.png) }", &["a.png"]),
            ("p { content: 'url(a.png)' } /* url(b.png) */", &[]),
            ("@namespace url(a); @namespace svg 'b'; @namespace c url('d'); p { background: url(e) }", &["e"]),
            ("p { background: url(a b) }", &[]),
            ("p { color: red }\n/*# sourceMappingURL=a.css.map */", &["a.css.map"]),
            ("/*@ sourceMappingURL=a.css.map*/", &["a.css.map"]),
            ("/* sourceMappingURL=a.css.map */", &[]),
            ("p { background: url() }", &[""]),
            ("p { background: url('a.png", &["a.png"]),
            ("}}} ) ] p { background: url(a.png) }", &["a.png"]),
        ];
        for (css, expected) in table {
            assert_eq!(targets(css), *expected, "{css}");
        }
    }

    #[test]
    fn a_reference_has_its_span_and_its_position() {
        let css = "@import 'a.css';\np { background: url(b.png) }\n/*# sourceMappingURL=c.map */";
        let found = references(css).unwrap();
        let pieces: Vec<_> = found.iter().map(|reference| &css[reference.span.clone()]).collect();
        assert_eq!(pieces, ["'a.css'", "url(b.png)", "c.map"]);
        let places: Vec<_> = found.iter().map(|reference| (reference.line, reference.column)).collect();
        assert_eq!(places, [(1, 9), (2, 17), (3, 1)]);
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = |depth: usize| format!("{}url(a.png){}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(targets(&deep(50)), ["a.png"]);
        assert!(references(&deep(100_000)).is_err());
    }
}
