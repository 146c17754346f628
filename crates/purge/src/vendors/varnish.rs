//! [`Varnish`].

use bytes::Bytes;
use http::header::SERVER;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tower_cache_policy::edge::EdgeProfile;
use tower_cache_policy::edge::purge::Purge;

use crate::api::PurgeApi;
use crate::base::Base;
use crate::error::PurgeError;
use crate::outcome::{PurgeFailure, PurgeOutcome};
use crate::request::{
    ONE_TAG_FOR_ALL, PurgeRequest, bare, batches, method, purge_method, refuse_everything, refuse_in_tags,
    refuse_uncarried, tags, to_cache, with,
};

const NAME: &str = "Varnish";
const X_VARNISH: HeaderName = HeaderName::from_static("x-varnish");
/// The maximum length of a field value, in bytes: half of the longest line that Varnish accepts by default.
const MAX_VALUE: usize = 4_000;
/// The text before and after the tags in the expression of a ban: the start or end of the field, or a character that is
/// not part of a tag.
const AROUND_BAN: (&str, &str) = ("(^|[^!-+--~])(", ")($|[^!-+--~])");

/// A Varnish instance whose VCL handles `PURGE` and `BAN`. Use one value for each instance.
///
/// A URL is purged with `PURGE`, with the URL's host in `Host`. Send it over HTTP/1.1, because an HTTP/2 request does
/// not have a `Host` that differs from the authority of the URL. Tags are purged by the module `xkey`, which also
/// supports soft purges, or by a ban. The VCL uses these names, unless you set others:
///
/// ```vcl
/// import xkey;
///
/// acl purgers { "127.0.0.1"; }
///
/// sub vcl_recv {
///     if (req.method == "PURGE" || req.method == "BAN") {
///         if (client.ip !~ purgers) {
///             return (synth(405));
///         }
///         if (req.http.xkey-purge) {
///             set req.http.n-gone = xkey.purge(req.http.xkey-purge);
///             return (synth(200, "Purged " + req.http.n-gone));
///         }
///         if (req.http.xkey-softpurge) {
///             set req.http.n-gone = xkey.softpurge(req.http.xkey-softpurge);
///             return (synth(200, "Purged " + req.http.n-gone));
///         }
///         if (req.http.ban-tags) {  // Instead of the module; see `Varnish::bans`.
///             ban("obj.http.xkey ~ " + req.http.ban-tags);
///             return (synth(200, "Banned"));
///         }
///         return (purge);
///     }
/// }
/// ```
///
/// The list of clients that may purge is necessary: the requests do not contain a credential. A success must have the field
/// `X-Varnish` or `Server: Varnish`, because a VCL that does not handle a method forwards it to the application.
///
/// # Variants
///
/// `PURGE` removes all variants of a URL, regardless of `Vary`. The host of a URL is sent in lower case, as the
/// built-in VCL of Varnish 7 stores it. If your `vcl_recv` returns before the built-in one, it has to convert the host
/// too: `set req.http.host = req.http.host.lower();`.
#[derive(Clone, Debug)]
pub struct Varnish {
    base: Base,
    by: By,
}

/// The method of purging tags.
#[derive(Clone, Debug)]
enum By {
    Xkey { hard: HeaderName, soft: HeaderName },
    Ban { field: HeaderName },
}

impl Varnish {
    /// Creates the API for one instance, such as `http://10.0.0.7:6081`, that purges tags with the module `xkey`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        let hard = HeaderName::from_static("xkey-purge");
        let soft = HeaderName::from_static("xkey-softpurge");
        Ok(Self { base: Base::new(url)?, by: By::Xkey { hard, soft } })
    }

    /// Sets the names of the fields that the VCL passes to `xkey.purge` and `xkey.softpurge`, instead
    /// of `xkey-purge` and `xkey-softpurge`.
    #[must_use]
    pub fn xkey_fields(self, hard: HeaderName, soft: HeaderName) -> Self {
        Self { by: By::Xkey { hard, soft }, ..self }
    }

    /// Purges tags with `BAN /` and this field, such as `ban-tags`. Its value is a regular expression that matches the
    /// field with the tags of a stored response, whether commas or spaces separate them. It does not contain white
    /// space, quotation marks or backslashes, so it is a single word of the ban expression.
    #[must_use]
    pub fn bans(self, field: HeaderName) -> Self {
        Self { by: By::Ban { field }, ..self }
    }

    fn by_tag(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        let (method, field, separator, around) = match &self.by {
            By::Xkey { hard, .. } if !purge.is_soft() => (purge_method(), hard, " ", ("", "")),
            By::Xkey { soft, .. } => (purge_method(), soft, " ", ("", "")),
            By::Ban { field } => (method(b"BAN"), field, "|", AROUND_BAN),
        };
        let is_ban = matches!(self.by, By::Ban { .. });
        // Characters that end the word of a ban or cannot be written in a class.
        let is_refused = |c: char| is_ban && r#""\^"#.contains(c);
        refuse_in_tags(NAME, purge, is_refused, "has a character that cannot be part of a ban: use the module xkey")?;
        let write = |tag: &str| if is_ban { literal(tag) } else { tag.to_owned() };
        let tags: Vec<String> = tags(purge).map(write).collect();
        let batches = batches(tags.iter().map(String::as_str), usize::MAX, MAX_VALUE, separator.len());
        let requests = batches.iter().map(|batch| {
            let value = format!("{}{}{}", around.0, batch.join(separator), around.1);
            let value = HeaderValue::try_from(value).expect("these tags are visible ASCII");
            Ok(with(bare(method.clone(), &self.base.join(format_args!("/")))?, field.clone(), value))
        });
        requests.collect()
    }
}

/// Returns an expression that matches only this tag. A class of one character does not need a backslash.
fn literal(tag: &str) -> String {
    let is_literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '@' | '/');
    tag.chars().map(|c| if is_literal(c) { c.to_string() } else { format!("[{c}]") }).collect()
}

impl PurgeApi for Varnish {
    fn name(&self) -> &'static str {
        NAME
    }

    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_uncarried(EdgeProfile::VARNISH, purge)?;
        refuse_everything(NAME, ONE_TAG_FOR_ALL, purge)?;
        if purge.is_soft() && (!purge.urls().is_empty() || matches!(self.by, By::Ban { .. })) {
            let remedy = "purge softly by tag with the module xkey, or use `Purge::hard`";
            let what = "soft purge of URLs or by bans";
            return Err(PurgeError::Unsupported { api: NAME, what, remedy });
        }
        let mut requests = self.by_tag(purge)?;
        for url in purge.urls() {
            requests.push(to_cache(&self.base, purge_method(), "", url)?);
        }
        Ok(requests)
    }

    /// The status determines the outcome. Varnish does not report whether a response was stored. A 404 comes from the
    /// application, because the VCL forwarded the request, and so does any response without a field of Varnish.
    fn judge(&self, response: &Response<Bytes>) -> Result<PurgeOutcome, PurgeFailure> {
        if response.status().is_success() && !is_of_varnish(response.headers()) {
            return Err(PurgeFailure::from_response(NAME, response).with_reason(
                "the response is not from Varnish, so the request reached the application: check that the VCL handles \
                 this method, and does not remove `X-Varnish` from the response",
            ));
        }
        PurgeFailure::unless_success(NAME, response).map_err(|failure| match failure.status().map(|s| s.as_u16()) {
            Some(404 | 501) => failure.with_reason("check that the VCL handles this method"),
            _ => failure,
        })
    }
}

/// Returns whether Varnish wrote the response. Its built-in VCL connects clients that send an unknown method directly with
/// the application, whose response is then unchanged.
fn is_of_varnish(fields: &HeaderMap) -> bool {
    fields.contains_key(X_VARNISH) || fields.get(SERVER).is_some_and(|server| server == "Varnish")
}
