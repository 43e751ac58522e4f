//! What axe has against a page. Which pages are asked about is the tests' business.

use super::driver::{Browser, Look};

const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// One line for each finding: the rule and the element.
const RUN_AXE: &str = "return axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))";

/// What axe has against what is shown, in both looks.
pub async fn findings(browser: &Browser, what: &str) -> Vec<String> {
    let page = browser.page();
    page.script(AXE).await;
    let mut findings = Vec::new();
    for look in [Look::Light, Look::Dark] {
        browser.prefer(look).await;
        browser.come_to_rest().await;
        let found = page.script(RUN_AXE).await;
        let found = found.as_array().expect("axe answers with a list").iter();
        findings.extend(found.map(|finding| format!("{what}, {look:?}: {finding}")));
    }
    browser.prefer(Look::Light).await;
    findings
}
