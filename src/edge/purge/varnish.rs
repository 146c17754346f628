//! [`Varnish`].

use http::{HeaderName, HeaderValue};

use super::api::PurgeApi;
use super::base::Base;
use super::error::PurgeError;
use super::parts::{
    ONE_TAG_FOR_ALL, PurgeRequest, bare, batches, method, purge_method, refuse_everything, tags, to_cache, with,
};
use super::value::Purge;
use crate::edge::EdgeProfile;

/// The longest field value, in octets: half of what Varnish takes for a line when it is not told
/// otherwise.
const MAX_VALUE: usize = 4_000;

/// Varnish: what the VCL of one instance makes of `PURGE` and `BAN`. Several instances are several
/// values.
///
/// A URL is purged by `PURGE`, with the URL's host in `Host`. Tags are purged by the module `xkey`,
/// softly too, or by a ban. These are the names that the VCL has to know, unless it is told of
/// others:
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
/// There must be such a list of who may purge: the requests carry no credential.
#[derive(Clone, Debug)]
pub struct Varnish {
    base: Base,
    by: By,
}

/// How tags are purged.
#[derive(Clone, Debug)]
enum By {
    Xkey { hard: HeaderName, soft: HeaderName },
    Ban { field: HeaderName },
}

impl Varnish {
    /// One instance, such as `http://10.0.0.7:6081`, that purges tags by the module `xkey`.
    ///
    /// # Errors
    ///
    /// [`PurgeError::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, PurgeError> {
        let hard = HeaderName::from_static("xkey-purge");
        let soft = HeaderName::from_static("xkey-softpurge");
        Ok(Self { base: Base::new(url)?, by: By::Xkey { hard, soft } })
    }

    /// The names of the fields that the VCL gives to `xkey.purge` and `xkey.softpurge`, instead of
    /// `xkey-purge` and `xkey-softpurge`.
    #[must_use]
    pub fn xkey_fields(self, hard: HeaderName, soft: HeaderName) -> Self {
        Self { by: By::Xkey { hard, soft }, ..self }
    }

    /// Purges tags by `BAN /` with this field, `ban-tags` for one, whose value is a regular expression that
    /// matches the field with the tags of what is stored, which spaces or commas separate. It has no
    /// white space, quotation mark or backslash, and so is one word of a ban. A tag with `"`, `\` or `^`
    /// cannot be purged in this way.
    #[must_use]
    pub fn bans(self, field: HeaderName) -> Self {
        Self { by: By::Ban { field }, ..self }
    }

    fn by_tag(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        let (method, field, separator, around) = match &self.by {
            By::Xkey { hard, .. } if !purge.is_soft() => (purge_method(), hard, " ", ("", "")),
            By::Xkey { soft, .. } => (purge_method(), soft, " ", ("", "")),
            // Tags have any visible character but the comma.
            By::Ban { field } => (method(b"BAN"), field, "|", ("(^|[^!-+--~])(", ")($|[^!-+--~])")),
        };
        let is_expression = matches!(self.by, By::Ban { .. });
        let write = |tag: &str| if is_expression { literal(tag) } else { Ok(tag.to_owned()) };
        let tags: Vec<String> = tags(EdgeProfile::VARNISH, purge)?.map(write).collect::<Result<_, _>>()?;
        let batches = batches(tags.iter().map(String::as_str), usize::MAX, MAX_VALUE, separator.len());
        let requests = batches.iter().map(|batch| {
            let value = format!("{}{}{}", around.0, batch.join(separator), around.1);
            let value = HeaderValue::try_from(value).expect("tags are of visible ASCII");
            Ok(with(bare(method.clone(), self.base.join(format_args!("/")))?, field.clone(), value))
        });
        requests.collect()
    }
}

/// A regular expression for this text. It has no quotation mark and no backslash, which mean something in a ban.
fn literal(tag: &str) -> Result<String, PurgeError> {
    let mut expression = String::with_capacity(tag.len());
    for character in tag.chars() {
        match character {
            '"' | '\\' | '^' => {
                let what = "ban of a tag with `\"`, `\\` or `^`";
                let remedy = "purge it by the module xkey, or leave these characters out";
                return Err(PurgeError::Unsupported { api: "Varnish", what, remedy });
            }
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '$' => {
                expression.extend(['[', character, ']']);
            }
            _ => expression.push(character),
        }
    }
    Ok(expression)
}

impl PurgeApi for Varnish {
    fn requests(&self, purge: &Purge) -> Result<Vec<PurgeRequest>, PurgeError> {
        refuse_everything("Varnish", ONE_TAG_FOR_ALL, purge)?;
        if purge.is_soft() && (!purge.urls().is_empty() || matches!(self.by, By::Ban { .. })) {
            let remedy = "purge softly by tag and by the module xkey, or give it `Purge::hard`";
            let what = "soft purge but that of the module xkey";
            return Err(PurgeError::Unsupported { api: "Varnish", what, remedy });
        }
        let mut requests = self.by_tag(purge)?;
        for url in purge.urls() {
            requests.push(to_cache(&self.base, purge_method(), "", url)?);
        }
        Ok(requests)
    }
}
