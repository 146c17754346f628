//! [`Load`]: reads, changes and purges on several instances, and a model that knows each version of each page.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tower_cache_policy::layers::shared_cache::SecondLevel;

use super::site::{Instance, Pages};

/// The limit of an operation.
pub(crate) const LIMIT: Duration = Duration::from_millis(50);
pub(crate) const MAX_PURGE_DELAY: Duration = Duration::from_secs(2);
const PAGES: usize = 40;
const WORKERS: usize = 8;
/// The tolerance for the duration of the handler and for a busy machine.
const SLACK: Duration = Duration::from_millis(30);

/// Reads, changes and purges on several instances.
pub(crate) struct Load {
    pages: Arc<Pages>,
    model: Arc<Model>,
    instances: Vec<Instance>,
    tasks: Vec<JoinHandle<()>>,
    slow: Vec<String>,
}

/// The state of the model.
#[derive(Default)]
struct Model {
    purges: Mutex<Vec<Purge>>,
    /// Reads that returned a version that was not the newest when they began.
    old_reads: Mutex<Vec<Read>>,
    latencies: Mutex<Vec<Duration>>,
    reads: AtomicU64,
    errors: AtomicU64,
    is_over: AtomicBool,
}

struct Purge {
    page: usize,
    version: u64,
    instance: usize,
    /// The time at which its own instance applied it.
    applied: Instant,
    /// The latest time at which it may have been published.
    published: Option<Instant>,
}

struct Read {
    page: usize,
    version: u64,
    instance: usize,
    began: Instant,
}

impl Model {
    /// Reads, changes and purges pages.
    async fn work(self: Arc<Self>, pages: Arc<Pages>, instance: Instance, number: usize, mut random: u64) {
        while !self.is_over.load(Ordering::Relaxed) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let page = usize::try_from(random >> 33).unwrap() % PAGES;
            if (random >> 20) % 100 < 3 {
                let version = pages.versions[page].fetch_add(1, Ordering::SeqCst) + 1;
                let publication = instance.begin_purge(page);
                let purge = Purge { page, version, instance: number, applied: Instant::now(), published: None };
                self.purges.lock().unwrap().push(purge);
                self.timed(publication).await;
            } else {
                let newest = pages.versions[page].load(Ordering::SeqCst);
                let began = Instant::now();
                let path = format!("/p/{page}");
                match self.timed(instance.try_get(&path, None)).await {
                    Ok(seen) => {
                        let version: u64 = seen.body.split(' ').next().unwrap().parse().unwrap();
                        if version < newest {
                            self.old_reads.lock().unwrap().push(Read { page, version, instance: number, began });
                        }
                    }
                    Err(_) => _ = self.errors.fetch_add(1, Ordering::Relaxed),
                }
                self.reads.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Records which purges have been published.
    async fn watch(self: Arc<Self>, instance: Instance, number: usize) {
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = Instant::now();
            if instance.second().purges_pending == 0 {
                let mut purges = self.purges.lock().unwrap();
                for purge in purges.iter_mut().rev().filter(|purge| purge.instance == number) {
                    if purge.published.is_some() {
                        break;
                    }
                    // The purge may have been applied after the number was read.
                    if purge.applied < now {
                        purge.published = Some(Instant::now());
                    }
                }
            }
        }
    }

    async fn timed<T>(&self, operation: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let result = operation.await;
        self.latencies.lock().unwrap().push(began.elapsed());
        result
    }

    /// The number of reads since the last phase, and the latency that 99 % of the operations did not exceed.
    fn end_phase(&self, name: &str) -> Duration {
        let mut latencies = std::mem::take(&mut *self.latencies.lock().unwrap());
        latencies.sort_unstable();
        let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
        println!("{name}: {} operations, p50 {:?}, p99 {:?}", latencies.len(), percentile(50), percentile(99));
        percentile(99)
    }

    /// Counts reads that returned a purged version: one that the same instance had purged at any time, or another
    /// instance before the maximum delay. Also returns the longest time until a purge of another instance took effect.
    fn stale_reads(&self) -> (usize, usize, Duration) {
        let (purges, reads) = (self.purges.lock().unwrap(), self.old_reads.lock().unwrap());
        let (mut own, mut others, mut longest) = (0, 0, Duration::ZERO);
        for read in reads.iter() {
            let missed = |purge: &&Purge| purge.page == read.page && purge.version > read.version;
            let is_own = |purge: &Purge| purge.instance == read.instance && purge.applied < read.began;
            let age = |purge: &Purge| read.began.saturating_duration_since(purge.published.unwrap_or(read.began));
            own += usize::from(purges.iter().filter(missed).any(is_own));
            let oldest = purges.iter().filter(missed).map(age).max().unwrap_or_default();
            others += usize::from(oldest > MAX_PURGE_DELAY + SLACK);
            longest = longest.max(oldest);
        }
        (own, others, longest)
    }
}

impl Default for Load {
    fn default() -> Self {
        let (instances, tasks, slow) = (Vec::new(), Vec::new(), Vec::new());
        Self { pages: Pages::new(PAGES), model: Arc::default(), instances, tasks, slow }
    }
}

impl Load {
    /// Adds an instance and starts using it.
    pub(crate) async fn add(&mut self, second: SecondLevel) {
        let number = self.instances.len();
        let instance = Instance::new(&self.pages, second);
        instance.until(|stats| stats.is_current).await;
        for worker in 0..WORKERS {
            let random = u64::try_from(number * WORKERS + worker).unwrap();
            let work = Arc::clone(&self.model).work(Arc::clone(&self.pages), instance.clone(), number, random);
            self.tasks.push(tokio::spawn(work));
        }
        self.tasks.push(tokio::spawn(Arc::clone(&self.model).watch(instance.clone(), number)));
        self.instances.push(instance);
    }

    pub(crate) fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Waits until all instances use the engine again.
    pub(crate) async fn recovered(&self) {
        for instance in &self.instances {
            instance.until(|stats| stats.is_current && !stats.is_open && stats.purges_pending == 0).await;
        }
    }

    /// Ends a phase, and remembers whether it was slow.
    pub(crate) fn end_phase(&mut self, name: &str) {
        let p99 = self.model.end_phase(name);
        if p99 > LIMIT + SLACK {
            self.slow.push(format!("{name}: {p99:?}"));
        }
    }

    /// Ends the load, and checks that no client received an error, a purged response or a slow response.
    pub(crate) async fn check(self) {
        let Self { model, instances, tasks, slow, .. } = self;
        model.is_over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        let (own, others, longest) = model.stale_reads();
        let (reads, purges) = (model.reads.load(Ordering::Relaxed), model.purges.lock().unwrap().len());
        println!("{reads} reads, {purges} purges; a purge of another instance was missed for at most {longest:?}");
        for instance in &instances {
            println!("{:?}", instance.second());
        }
        assert_eq!(model.errors.load(Ordering::Relaxed), 0, "errors that clients saw");
        let stale = "reads of purged pages on the same instance, and on another one after the bound";
        assert_eq!((own, others), (0, 0), "{stale}");
        assert_eq!(slow, Vec::<String>::new(), "slower than the limit");
    }
}
