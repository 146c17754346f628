//! The URLs that the user names.

use std::io::{self, BufRead};

use url::{Origin, Url};

use crate::error::CheckError;

/// A URL to check.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// The origin of the URL from the user. User fields are sent only to this origin, because they may contain a
    /// password, and a redirect may lead to any host.
    pub(crate) home: Origin,
    /// The page that uses the URL, if it is an asset.
    pub(crate) page: Option<Url>,
}

/// An argument, and its URL.
pub(crate) type Named = (String, Result<Target, CheckError>);

/// Returns the URLs of the command line. `-` stands for the lines of standard input.
pub(crate) fn urls(arguments: &[String]) -> Result<Vec<Named>, String> {
    read(arguments).map_err(|error| format!("cannot read the standard input: {error}"))
}

fn read(arguments: &[String]) -> io::Result<Vec<Named>> {
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

/// Removes the fragment, which is not sent, and a user name and a password, which would be sent unnoticed.
pub(crate) fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    // These calls fail only for a URL without a host, which cannot have a user name or a password.
    _ = url.set_username("");
    _ = url.set_password(None);
    url
}

fn named(text: &str) -> Named {
    let refused = |reason: String| Err(CheckError::Url { reason });
    let target = match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            refused("it contains a name or a password; send them with --header 'Authorization: ...'".to_owned())
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let url = bare(url);
            Ok(Target { home: url.origin(), url, page: None })
        }
        // `localhost:3000` has the scheme `localhost`.
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            refused(format!("it does not start with http:// or https://; write https://{text}"))
        }
        Err(error) => refused(error.to_string()),
    };
    (text.to_owned(), target)
}
