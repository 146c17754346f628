//! A case, which can run a given number of times.

/// Runs the case this number of times.
pub(crate) type Run = Box<dyn FnMut(u64)>;
/// Creates this number of runs, one for each thread. They share the same data as the connections of a server.
type PerThread = Box<dyn Fn(usize) -> Vec<Box<dyn FnMut(u64) + Send>>>;

pub(crate) struct Case {
    /// The table that contains the case.
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// The name of the case in the same group that this one is compared with.
    pub(crate) base: Option<String>,
    /// Creates everything that the case needs before its first run.
    pub(crate) prepare: Box<dyn Fn() -> Run>,
    /// Whether the case is also measured on two threads.
    pub(crate) per_thread: Option<PerThread>,
}

impl Case {
    pub(crate) fn new(group: &'static str, name: impl Into<String>, prepare: impl Fn() -> Run + 'static) -> Self {
        Self { group, name: name.into(), base: None, prepare: Box::new(prepare), per_thread: None }
    }

    pub(crate) fn against(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }

    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}
