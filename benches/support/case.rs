//! A case, which can run a given number of times.

/// Runs the case this number of times.
pub(crate) type Run = Box<dyn FnMut(u64)>;

pub(crate) struct Case {
    /// The table that contains the case.
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// The name of the case in the same group that this one is compared with.
    pub(crate) base: Option<String>,
    /// How often to run the case when instructions are counted. Expensive cases run less often.
    pub(crate) times: u64,
    /// Creates everything that the case needs before its first run.
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
