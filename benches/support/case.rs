//! A case: a thing that can be done so many times.

/// Does the thing so many times.
pub(crate) type Run = Box<dyn FnMut(u64)>;

pub(crate) struct Case {
    /// The table that the case is in.
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// The name of the case in the same group that this one is held against.
    pub(crate) base: Option<String>,
    /// How often to do it where instructions are counted: fewer times for what costs much.
    pub(crate) times: u64,
    /// Makes all that is there before the first time.
    pub(crate) prepare: Box<dyn Fn() -> Run>,
}

impl Case {
    pub(crate) fn new(group: &'static str, name: impl Into<String>, prepare: impl Fn() -> Run + 'static) -> Self {
        Self { group, name: name.into(), base: None, times: 500, prepare: Box::new(prepare) }
    }

    pub(crate) fn against(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }

    pub(crate) fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}
