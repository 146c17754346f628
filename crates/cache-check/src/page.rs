//! One URL, checked.

use tower_cache_policy::audit::CacheAudit;
use tower_cache_policy::edge::EdgeProfile;

use super::assets;
use super::client::Client;
use super::exchange::Exchange;
use super::finding::Finding;
use super::probes::{self, Probe};
use super::redirects;
use super::report::{Answer, Report};
use super::target::Target;
use super::trouble::Trouble;

/// What is the same for all URLs.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    pub(crate) client: &'a Client,
    pub(crate) edges: &'a [EdgeProfile],
    /// The most assets to take along from a page.
    pub(crate) most_assets: usize,
}

impl Checker<'_> {
    /// Checks `target`, and tells which assets it takes along.
    pub(crate) async fn check(&self, target: &Target) -> (Report, Vec<Target>) {
        let Target { url, home, page } = target;
        let mut report = Report::new(url.as_str(), page.as_ref());
        let (redirects, arrived) = redirects::follow(self.client, url, home, |exchange| self.audit(exchange)).await;
        report.redirects = redirects;
        let (last, first) = match arrived {
            Ok(arrived) => arrived,
            Err(trouble) => return (report.with_trouble(trouble), Vec::new()),
        };
        let audit = self.audit(&first);
        let mut probe = Probe::new(self.client, &last, home, &first);
        probes::all(&mut probe, &audit).await;
        let Probe { asked, findings, troubles, works, .. } = probe;
        report.findings = audit.warnings().iter().map(Finding::from).chain(findings).collect();
        // Stable, so that of one level the audit's come first.
        report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        (report.troubles, report.works, report.probes) = (troubles, Some(works), asked);
        let assets = assets::of(&last, &first, self.most_assets).into_iter();
        let assets = assets.map(|url| Target { url, home: home.clone(), page: Some(last.clone()) }).collect();
        report.answer = Some(Answer::new(last, &first));
        report.audit = Some(audit);
        (report, assets)
    }

    /// Of what is no URL.
    pub(crate) fn refuse(text: &str, trouble: Trouble) -> Report {
        Report::new(text, None).with_trouble(trouble)
    }

    fn audit(&self, exchange: &Exchange) -> CacheAudit {
        CacheAudit::of(&exchange.request, &exchange.answer, exchange.at).at_all(self.edges)
    }
}
