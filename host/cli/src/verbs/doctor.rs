//! `irongate doctor`: what a command needs, looked at one thing after the other, and what to do about what is missing.
//! Changes nothing.

use crate::address::ServiceAddr;
use crate::client::{connect, host_info};
use crate::failure::{FAILED, Failure, sentence};
use crate::output::{Output, harmless};
use crate::profile;
use anyhow::Result;
use irongate_proto::danube::TopicLookupRequest;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::irongate_v1::ListTopicsRequest;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use serde_json::json;
use tonic::Code;

/// What was found about one thing.
struct Finding {
    what: &'static str,
    is_well: bool,
    text: String,
}

/// Looks at everything; the exit code is 1 where something is wrong.
pub(crate) async fn run(address: &ServiceAddr, output: Output) -> Result<()> {
    let mut findings = vec![configuration()];
    findings.extend(server(address).await);
    let mut is_well = true;
    for finding in findings {
        is_well &= finding.is_well;
        let mark = if finding.is_well { "✅" } else { "❌" };
        output.result(
            || format!("{mark} {}: {}", finding.what, harmless(&finding.text)),
            || json!({ "event": "finding", "what": finding.what, "is_well": finding.is_well, "text": finding.text }),
        )?;
    }
    if is_well { Ok(()) } else { Err(Failure::Told { code: FAILED }.into()) }
}

fn well(what: &'static str, text: String) -> Finding {
    Finding { what, is_well: true, text }
}

fn wrong(what: &'static str, text: String) -> Finding {
    Finding { what, is_well: false, text }
}

/// A file that cannot be understood ends every command before it comes here.
fn configuration() -> Finding {
    match profile::file() {
        Some(file) if file.exists() => well("configuration", file.display().to_string()),
        Some(file) => well("configuration", format!("none; profiles would be in {}", file.display())),
        None => well("configuration", "none; this user has no home folder".to_owned()),
    }
}

async fn server(address: &ServiceAddr) -> Vec<Finding> {
    let channel = match connect(address).await {
        Ok(channel) => channel,
        Err(error) => return vec![wrong("server", format!("{error:#}"))],
    };
    let mut findings = vec![well("server", format!("{address} answers"))];
    let what = "kind";
    let is_irongate = match host_info(&channel, address).await {
        Ok(Some(info)) => {
            let limits = format!(
                "messages up to {} bytes, {} in one call",
                info.message_bytes_max, info.publish_batch_messages_max
            );
            findings.push(well(what, format!("irongate {}, {limits}", info.version)));
            true
        }
        Ok(None) => {
            findings.push(well(
                what,
                "a Danube broker: no offsets back, nothing to read without a subscription".to_owned(),
            ));
            false
        }
        Err(error) => {
            findings.push(wrong(what, format!("{error:#}")));
            return findings;
        }
    };
    let asked = if is_irongate {
        let request = ListTopicsRequest { namespace: String::new() };
        TopicServiceClient::new(channel).list_topics(request).await.map(|_| ())
    } else {
        let request = TopicLookupRequest { request_id: 0, topic: "/default/doctor".to_owned() };
        DiscoveryClient::new(channel).topic_partitions(request).await.map(|_| ())
    };
    let shown =
        if address.credentials().token().is_some() { "with the token that was given" } else { "without a token" };
    findings.push(match asked {
        Ok(()) => well("access", format!("granted {shown}")),
        Err(status) if matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied) => {
            wrong("access", format!("refused {shown}: {}; give one with --token-file", sentence(&status, address)))
        }
        Err(status) => wrong("access", sentence(&status, address)),
    });
    findings
}
