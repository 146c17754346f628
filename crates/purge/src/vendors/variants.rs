//! [`Variants`]: one URL that a cache stores several times.

use http::header::HOST;
use http::{HeaderName, HeaderValue};

use crate::error::PurgeError;
use crate::request::PurgeRequest;

/// The maximum number of requests for one URL.
const MAX_VARIANTS: usize = 64;

/// The request fields by which a cache distinguishes the stored responses for one URL. There is always a variant
/// without these fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Variants(Vec<Vec<(HeaderName, HeaderValue)>>);

impl Variants {
    /// Combines each existing variant with each value, and with the absence of the field.
    pub(super) fn and(
        self,
        api: &'static str,
        field: &HeaderName,
        values: impl IntoIterator<Item = HeaderValue>,
    ) -> Result<Self, PurgeError> {
        let other = |reason: String| PurgeError::Other { api, reason };
        if field == HOST {
            return Err(other("Host cannot select a variant: purge the URL of each host".to_owned()));
        }
        let mut variants = self.or_without_fields();
        let others = variants.len();
        for value in values {
            for at in 0..others {
                if variants.len() == MAX_VARIANTS {
                    let reason = format!("there are more than {MAX_VARIANTS} variants of a URL: purge by tag");
                    return Err(other(reason));
                }
                let mut variant = variants[at].clone();
                variant.push((field.clone(), value.clone()));
                variants.push(variant);
            }
        }
        Ok(Self(variants))
    }

    /// Returns the request for each variant.
    pub(super) fn of(&self, request: &PurgeRequest) -> Vec<PurgeRequest> {
        let with_fields = |fields: &Vec<(HeaderName, HeaderValue)>| {
            let mut request = request.clone();
            request.headers_mut().extend(fields.iter().cloned());
            request
        };
        self.clone().or_without_fields().iter().map(with_fields).collect()
    }

    fn or_without_fields(self) -> Vec<Vec<(HeaderName, HeaderValue)>> {
        if self.0.is_empty() { vec![Vec::new()] } else { self.0 }
    }
}
