//! Removes parts of a [`Case`] for as long as the fault remains.

use http::{HeaderMap, Method, StatusCode};
use tower_cache_policy::edge::EdgeProfile;

use super::case::{Case, Conditional, Form, Kind, Policy, Precedence};
use super::service::FramesBody;

/// Returns a case without the parts that the fault does not need.
pub fn shrunk(mut case: Case, has_fault: impl Fn(&Case) -> bool) -> Case {
    while let Some(smaller) = smaller(&case).into_iter().find(|smaller| has_fault(smaller)) {
        case = smaller;
    }
    case
}

/// Each case with one part removed.
fn smaller(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    let mut without = |change: &dyn Fn(&mut Case)| {
        let mut smaller = case.clone();
        change(&mut smaller);
        found.push(smaller);
    };
    for place in 0..case.layers.len() {
        without(&|case| drop(case.layers.remove(place)));
    }
    for index in 0..case.request.headers.len() {
        without(&|case| case.request.headers = without_line(&case.request.headers, index));
    }
    for index in 0..case.handler.headers.len() {
        without(&|case| case.handler.headers = without_line(&case.handler.headers, index));
    }
    let handler = &case.handler;
    if handler.policy.is_some() {
        without(&|case| case.handler.policy = None);
    }
    if handler.status_policy.is_some() {
        without(&|case| case.handler.status_policy = None);
    }
    if handler.personalized {
        without(&|case| case.handler.personalized = false);
    }
    if case.request.personalized {
        without(&|case| case.request.personalized = false);
    }
    if !handler.tags.is_empty() {
        without(&|case| case.handler.tags.clear());
    }
    if handler.purge {
        without(&|case| case.handler.purge = false);
    }
    if handler.not_modified {
        without(&|case| case.handler.not_modified = false);
    }
    if !handler.body.steps.is_empty() {
        without(&|case| case.handler.body = FramesBody::empty());
    }
    if handler.body.steps.len() > 1 {
        without(&|case| case.handler.body.steps.truncate(1));
    }
    if handler.status != 200 {
        without(&|case| case.handler.status = StatusCode::OK);
    }
    if case.request.method != Method::GET {
        without(&|case| case.request.method = Method::GET);
    }
    for (place, kind) in case.layers.iter().enumerate() {
        for smaller in smaller_kinds(kind) {
            without(&|case| case.layers[place] = smaller.clone());
        }
    }
    found
}

fn without_line(headers: &HeaderMap, index: usize) -> HeaderMap {
    let lines = headers.iter().enumerate().filter(|(at, _)| *at != index);
    lines.map(|(_, (name, value))| (name.clone(), value.clone())).collect()
}

fn smaller_kinds(kind: &Kind) -> Vec<Kind> {
    match kind {
        Kind::Policy(policy) => smaller_policies(policy).into_iter().map(Kind::Policy).collect(),
        Kind::Conditional(conditional) => {
            smaller_conditionals(conditional).into_iter().map(Kind::Conditional).collect()
        }
        Kind::Caching(policy, conditional) => {
            let mut found = vec![Kind::Policy(policy.clone()), Kind::Conditional(conditional.clone())];
            found.extend(smaller_policies(policy).into_iter().map(|policy| Kind::Caching(policy, conditional.clone())));
            let smaller = smaller_conditionals(conditional).into_iter();
            found.extend(smaller.map(|conditional| Kind::Caching(policy.clone(), conditional)));
            found
        }
        Kind::Edge(edge) => {
            let mut found = Vec::new();
            for index in 0..edge.risks.len() {
                let mut smaller = edge.clone();
                smaller.risks.remove(index);
                found.push(Kind::Edge(smaller));
            }
            let mut smaller = edge.clone();
            (smaller.default, smaller.coarser) = (None, false);
            if edge.default.is_some() || edge.coarser {
                found.push(Kind::Edge(smaller.clone()));
            }
            if edge.profile.name() != EdgeProfile::STANDARD.name() {
                found.push(Kind::Edge(super::case::Edge { profile: EdgeProfile::STANDARD, ..smaller }));
            }
            found
        }
        _ => Vec::new(),
    }
}

fn smaller_policies(policy: &Policy) -> Vec<Policy> {
    let mut found = Vec::new();
    let mut with = |is_smaller: bool, change: &dyn Fn(&mut Policy)| {
        if is_smaller {
            let mut smaller = policy.clone();
            change(&mut smaller);
            found.push(smaller);
        }
    };
    with(policy.for_status.is_some(), &|policy| policy.for_status = None);
    with(policy.default.is_some(), &|policy| policy.default = None);
    with(policy.compresses, &|policy| policy.compresses = false);
    with(policy.development, &|policy| policy.development = false);
    with(!policy.vary.is_empty(), &|policy| policy.vary.clear());
    with(policy.precedence != Precedence::HandlerFirst, &|policy| policy.precedence = Precedence::HandlerFirst);
    with(policy.form != Form::Fixed, &|policy| policy.form = Form::Fixed);
    with(policy.policy.is_some(), &|policy| policy.policy = None);
    for index in 0..policy.risks.len() {
        with(true, &|policy| {
            policy.risks.remove(index);
        });
    }
    found
}

fn smaller_conditionals(conditional: &Conditional) -> Vec<Conditional> {
    let mut found = Vec::new();
    let Conditional { source, by_head, require, trust_ranges } = conditional;
    if source.is_some() {
        found.push(Conditional { source: None, by_head: false, ..conditional.clone() });
    }
    if *by_head {
        found.push(Conditional { by_head: false, ..conditional.clone() });
    }
    if *require {
        found.push(Conditional { require: false, ..conditional.clone() });
    }
    if *trust_ranges {
        found.push(Conditional { trust_ranges: false, ..conditional.clone() });
    }
    found
}
