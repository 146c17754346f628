//! [`Checker`]: checks one URL.

use tower_cache_policy::audit::CacheAudit;
use tower_cache_policy::edge::EdgeProfile;

use crate::client::Client;
use crate::exchange::Exchange;
use crate::finding::Finding;
use crate::html;
use crate::input::Target;
use crate::probes::{self, Probe};
use crate::redirects;
use crate::report::{PageResponse, Report};

/// The settings that all URLs share.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    pub(crate) client: &'a Client,
    pub(crate) edges: &'a [EdgeProfile],
    /// The maximum number of assets of a page to check.
    pub(crate) most_assets: usize,
}

impl Checker<'_> {
    /// Checks `target`, and returns the assets of its page.
    pub(crate) async fn check(&self, target: &Target) -> (Report, Vec<Target>) {
        let Target { url, home, page } = target;
        let mut report = Report::new(url.as_str(), page.as_ref());
        let route = redirects::follow(self.client, url, home, |exchange| self.audit(exchange)).await;
        (report.redirects, report.errors) = (route.hops, route.errors);
        let (last, first) = match route.end {
            Ok(end) => end,
            Err(error) => return (report.with_error(error), Vec::new()),
        };
        report.response = Some(PageResponse::new(last.clone(), &first));
        if let Some(error) = first.obstacle_at_first() {
            return (report.with_error(error), Vec::new());
        }
        let audit = self.audit(&first);
        let mut probe = Probe::new(self.client, &last, home, &first);
        probes::run_all(&mut probe, &audit).await;
        let Probe { records, findings, errors, capabilities, .. } = probe;
        report.findings = audit.warnings().iter().map(Finding::from).chain(findings).collect();
        // The sort is stable, so the findings of the audit come first within a level.
        report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        (report.capabilities, report.probes) = (Some(capabilities), records);
        report.errors.extend(errors);
        let assets = html::assets(&last, &first, self.most_assets);
        report.errors.extend(assets.error);
        let targets = assets.urls.into_iter();
        let targets = targets.map(|url| Target { url, home: home.clone(), page: Some(last.clone()) }).collect();
        report.audit = Some(audit);
        (report, targets)
    }

    fn audit(&self, exchange: &Exchange) -> CacheAudit {
        CacheAudit::of(&exchange.request, &exchange.response, exchange.at).with_edges(self.edges)
    }
}
