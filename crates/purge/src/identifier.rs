//! Identifiers in the URLs of an API.

use crate::error::PurgeError;

/// The maximum length of an identifier.
const MAX_LENGTH: usize = 128;

/// Checks the identifier of a zone, a service or a project. It becomes one segment of a path, or the value of a query
/// parameter.
pub(crate) fn identifier(name: &'static str, value: impl Into<String>) -> Result<String, PurgeError> {
    let value = value.into();
    match fault_of(&value) {
        None => Ok(value),
        Some(fault) => Err(PurgeError::InvalidId { name, fault }),
    }
}

/// The error shows only one character of the identifier, because the caller may have passed a credential by mistake.
fn fault_of(value: &str) -> Option<String> {
    if value.is_empty() {
        return Some("is empty".to_owned());
    }
    if value.len() > MAX_LENGTH {
        return Some(format!("is {} bytes long", value.len()));
    }
    if matches!(value, "." | "..") {
        return Some(format!("is {value:?}"));
    }
    let is_wrong = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-' | ':');
    let (at, wrong) = value.char_indices().find(|(_, c)| is_wrong(*c))?;
    Some(format!("has {wrong:?} at byte {}", at + 1))
}
