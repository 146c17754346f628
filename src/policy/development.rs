//! [`Development`]: the switch by which no cache stores a response.

use std::env;
use std::ffi::OsStr;
use std::fmt;

/// The development switch: if it is on, no cache stores a response, so that each request shows the current state of the
/// program.
///
/// Pass one value to the `development` method of every layer of a stack and to
/// [`AssetDirectory::source`](crate::assets::AssetDirectory::source). A `bool` converts into it. The
/// [layers](crate::layers#development) page lists what each layer does.
///
/// The switch is never turned on automatically, not even in debug builds: a deployed debug build should behave like a
/// release build. [`from_env`](Self::from_env) reads an environment variable of your choice.
///
/// ```
/// use std::time::Duration;
///
/// use tower::ServiceBuilder;
/// use tower_cache_policy::edge::EdgeProfile;
/// use tower_cache_policy::policy::{CachePolicy, Development};
/// use tower_cache_policy::{CachingLayer, EdgeLayer};
///
/// let development = Development::from_env("SHOP_DEVELOPMENT")?;
/// let stack = ServiceBuilder::new()
///     .layer(EdgeLayer::new(EdgeProfile::CLOUDFLARE).development(development))
///     .layer(CachingLayer::new(CachePolicy::public(Duration::from_secs(60))).development(development));
/// # let _ = stack;
/// # Ok::<(), tower_cache_policy::policy::InvalidDevelopment>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Development {
    on: bool,
}

impl Development {
    /// The switch is off. This is the default of every layer.
    pub const OFF: Self = Self { on: false };

    /// The switch is on.
    pub const ON: Self = Self { on: true };

    /// Reads the switch from an environment variable. No other function of this crate reads the environment.
    ///
    /// `1`, `true`, `on` and `yes` turn it on. `0`, `false`, `off`, `no`, an empty value and a variable that is not set
    /// turn it off. The case does not matter.
    ///
    /// # Errors
    ///
    /// Returns an error for any other value, because a misspelled value could otherwise disable caching in production
    /// without notice.
    #[inline]
    pub fn from_env(variable: &str) -> Result<Self, InvalidDevelopment> {
        // `var_os` panics for some names on some platforms, such as an empty one.
        let value = if variable.is_empty() || variable.contains(['=', '\0']) { None } else { env::var_os(variable) };
        Self::parse(value.as_deref()).ok_or_else(|| InvalidDevelopment {
            variable: variable.to_owned(),
            value: value.unwrap_or_default().to_string_lossy().chars().take(MAX_SHOWN).collect(),
        })
    }

    /// Returns whether the switch is on.
    #[must_use]
    #[inline]
    pub const fn is_on(self) -> bool {
        self.on
    }

    #[inline]
    fn parse(value: Option<&OsStr>) -> Option<Self> {
        let Some(value) = value else { return Some(Self::OFF) };
        let value = value.to_str()?.trim();
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        if is_one_of(&["1", "true", "on", "yes"]) {
            Some(Self::ON)
        } else {
            is_one_of(&["", "0", "false", "off", "no"]).then_some(Self::OFF)
        }
    }
}

impl From<bool> for Development {
    #[inline]
    fn from(on: bool) -> Self {
        Self { on }
    }
}

/// The number of characters of a value that an error shows.
const MAX_SHOWN: usize = 32;

/// The error for an environment variable that is neither on nor off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDevelopment {
    variable: String,
    value: String,
}

impl fmt::Display for InvalidDevelopment {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, value } = self;
        write!(f, "the environment variable `{variable}` is {value:?}; set it to `1` or `0`, or do not set it")
    }
}

impl std::error::Error for InvalidDevelopment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_on_or_off_or_an_error() {
        let table: &[(Option<&str>, Option<Development>)] = &[
            (None, Some(Development::OFF)),
            (Some(""), Some(Development::OFF)),
            (Some(" "), Some(Development::OFF)),
            (Some("0"), Some(Development::OFF)),
            (Some("False"), Some(Development::OFF)),
            (Some("off"), Some(Development::OFF)),
            (Some("NO"), Some(Development::OFF)),
            (Some("1"), Some(Development::ON)),
            (Some("TRUE"), Some(Development::ON)),
            (Some("on\n"), Some(Development::ON)),
            (Some("Yes"), Some(Development::ON)),
            (Some("flase"), None),
            (Some("2"), None),
            (Some("production"), None),
            (Some("11"), None),
        ];
        for (value, expected) in table {
            assert_eq!(Development::parse(value.map(OsStr::new)), *expected, "{value:?}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_off_whatever_its_name() {
        for variable in ["TOWER_CACHE_POLICY_IS_NOT_SET", "", "=", "A=B", "\0"] {
            assert_eq!(Development::from_env(variable), Ok(Development::OFF), "{variable:?}");
        }
    }

    #[test]
    fn the_error_shows_the_variable_and_the_start_of_its_value() {
        // A variable that cargo sets for each test. It is a path, so it is neither on nor off.
        let error = Development::from_env("CARGO_MANIFEST_DIR").unwrap_err();
        assert!(error.value.chars().count() <= MAX_SHOWN);
        let error = InvalidDevelopment { variable: "SHOP".into(), value: "fla\u{7}se".into() };
        assert_eq!(
            error.to_string(),
            "the environment variable `SHOP` is \"fla\\u{7}se\"; set it to `1` or `0`, or do not set it"
        );
    }
}
