//! The URLs that the user names.

use std::io::{self, BufRead};

use url::Url;

use super::target::{Target, bare};
use super::trouble::Trouble;

/// What the user wrote, and the URL that it is.
pub(crate) type Named = (String, Result<Target, Trouble>);

/// The URLs of the command line; `-` stands for the lines of the input.
pub(crate) fn urls(arguments: &[String]) -> io::Result<Vec<Named>> {
    let mut urls = Vec::new();
    for argument in arguments {
        if argument == "-" {
            for line in io::stdin().lock().split(b'\n') {
                let line = line?;
                let text = String::from_utf8_lossy(&line);
                let text = text.trim();
                if !text.is_empty() && !text.starts_with('#') {
                    urls.push(named(text));
                }
            }
        } else {
            urls.push(named(argument));
        }
    }
    Ok(urls)
}

fn named(text: &str) -> Named {
    let refused = |why: String| Err(Trouble::Url { why });
    let url = match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            refused("it has a name or a password; send them with --header 'Authorization: ...'".to_owned())
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Target::named(bare(url))),
        // `localhost:3000` has the scheme `localhost`.
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            refused(format!("it has no http:// or https://; write https://{text}"))
        }
        Err(error) => refused(error.to_string()),
    };
    (text.to_owned(), url)
}
