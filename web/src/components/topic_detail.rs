//! One topic in full: its partitions, its subscriptions with their backlog, and the schema
//! it is bound to with the policy, which can be changed.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube_schema::SubjectSummary;
use irongate_proto::irongate_v1::{DescribeTopicResponse, Feature, PartitionInfo, SubscriptionInfo, TopicSummary};
use yew::prelude::*;

use super::failure::{failure, lacking, outcome_of};
use super::field::SelectField;
use super::topic_danger::TopicDanger;
use crate::api;
use crate::hooks::use_action::use_action;
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::state::topic_facts::Policy;
use crate::text::size::{counted, grouped};

/// Properties of [`TopicDetail`].
#[derive(Clone, PartialEq, Properties)]
pub struct TopicDetailProps {
    /// Its name.
    pub topic: AttrValue,
    /// Counts up when something has changed on the host.
    pub revision: u32,
    /// Goes to the page that produces to it.
    pub onproduce: Callback<()>,
    /// Goes to the page that shows what comes out of it.
    pub ontail: Callback<()>,
    /// Called when the topic has been deleted.
    pub ongone: Callback<()>,
}

/// The topic. Test ids: `topic-detail`, `topic-partition`, `topic-subscription`, `topic-subject`, `topic-policy`,
/// `topic-bind`, `bind-barred`, `topic-refresh`, `detail-lacking`.
#[component]
pub fn TopicDetail(props: &TopicDetailProps) -> Html {
    let no_counts = use_console().missing(Feature::Counts);
    let asked = use_state(|| 0_u32);
    let described = use_remote((props.topic.clone(), props.revision, *asked), |(topic, ..)| {
        let topic = topic.clone();
        async move {
            let described = api::topics::describe(&topic).await?;
            let summary = described.summary.clone().unwrap_or_default();
            let policy = api::topics::policy(&topic, &summary).await?;
            Ok(Described { summary, policy, all: described })
        }
    });
    let refresh = {
        let asked = asked.clone();
        Callback::from(move |_: MouseEvent| asked.set(asked.wrapping_add(1)))
    };
    html! {
        <section class="topic-detail" aria-label={props.topic.clone()} data-testid="topic-detail">
            <header class="detail-head">
                <h2 class="mono">{ &props.topic }</h2>
                <div class="row-actions">
                    <button type="button" class="quiet" data-testid="topic-refresh" onclick={refresh}>{ "Refresh" }</button>
                    <button type="button" class="secondary" onclick={props.ontail.reform(|_: MouseEvent| ())}>{ "Tail" }</button>
                    <button type="button" class="secondary" onclick={props.onproduce.reform(|_: MouseEvent| ())}>{ "Produce" }</button>
                </div>
            </header>
            { match &described {
                Remote::Pending => html! { <p class="muted">{ "Asking about the topic…" }</p> },
                Remote::Failed(failed) => failure(failed),
                Remote::Ready(described) => html! {
                    <>
                        { overview(described) }
                        <Binding summary={described.summary.clone()} policy={described.policy} revision={props.revision} />
                        { lacking("detail-lacking", no_counts.as_ref()) }
                        { partitions(&described.all, no_counts.is_some()) }
                        { subscriptions(&described.all, no_counts.is_some()) }
                        <TopicDanger topic={props.topic.clone()} ongone={props.ongone.clone()}
                            reliable={described.summary.dispatch_strategy == DispatchStrategy::Reliable as i32} />
                    </>
                },
            } }
        </section>
    }
}

/// What the host says of a topic.
struct Described {
    summary: TopicSummary,
    policy: Policy,
    all: DescribeTopicResponse,
}

fn overview(described: &Described) -> Html {
    let reliable = described.summary.dispatch_strategy == DispatchStrategy::Reliable as i32;
    let words = match (reliable, described.summary.partitions) {
        (true, 0) => "Reliable: stored before it is acknowledged. Not partitioned.".to_owned(),
        (true, count) => format!(
            "Reliable: stored before it is acknowledged. {}.",
            counted(count as usize, "partition", "partitions")
        ),
        (false, _) => "Not reliable: delivered to whoever listens, never stored.".to_owned(),
    };
    html! { <p class="muted">{ words }</p> }
}

/// A figure of the host, or a dash where it knows none.
fn figure(count: u64, no_counts: bool) -> String {
    if no_counts { "–".to_owned() } else { grouped(count) }
}

fn partitions(described: &DescribeTopicResponse, no_counts: bool) -> Html {
    let row = |(index, info): (usize, &PartitionInfo)| {
        html! {
            <tr key={index} data-testid="topic-partition">
                <td class="mono">{ &info.topic }</td>
                <td class="number">{ figure(info.first_offset, no_counts) }</td>
                <td class="number">{ figure(info.next_offset, no_counts) }</td>
                <td class="number">{ figure(info.next_offset.saturating_sub(info.first_offset), no_counts) }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ "Partitions" }</h3>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Partitions">
                <table>
                    <thead><tr>
                        <th scope="col">{ "Partition" }</th><th scope="col" class="number">{ "First offset" }</th>
                        <th scope="col" class="number">{ "Next offset" }</th><th scope="col" class="number">{ "Stored" }</th>
                    </tr></thead>
                    <tbody>{ described.partitions.iter().enumerate().map(row).collect::<Html>() }</tbody>
                </table>
            </div>
        </>
    }
}

fn kind(info: &SubscriptionInfo) -> &'static str {
    match SubscriptionType::try_from(info.subscription_type) {
        Ok(SubscriptionType::Exclusive) => "exclusive",
        Ok(SubscriptionType::Shared) => "shared",
        Ok(SubscriptionType::Failover) => "failover",
        Ok(SubscriptionType::KeyShared) => "key shared",
        Err(_) => "unknown",
    }
}

fn subscriptions(described: &DescribeTopicResponse, no_counts: bool) -> Html {
    let row = |(index, info): (usize, &SubscriptionInfo)| {
        html! {
            <tr key={index} data-testid="topic-subscription">
                <td class="mono">{ &info.name }</td>
                <td class="mono">{ &info.topic }</td>
                <td>{ kind(info) }</td>
                <td class="number">{ figure(info.consumer_count.into(), no_counts) }</td>
                <td class="number">{ figure(info.next_offset, no_counts) }</td>
                <td class="number">{ figure(info.backlog_count, no_counts) }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ "Subscriptions" }</h3>
            if described.subscriptions.is_empty() {
                <p class="muted">{ "Nobody has subscribed. The Tail page reads without a subscription and leaves no trace here." }</p>
            } else {
                <div class="table-scroll" tabindex="0" role="region" aria-label="Subscriptions">
                    <table>
                        <thead><tr>
                            <th scope="col">{ "Subscription" }</th><th scope="col">{ "Partition" }</th><th scope="col">{ "Type" }</th>
                            <th scope="col" class="number">{ "Consumers" }</th><th scope="col" class="number">{ "Next offset" }</th>
                            <th scope="col" class="number">{ "Backlog" }</th>
                        </tr></thead>
                        <tbody>{ described.subscriptions.iter().enumerate().map(row).collect::<Html>() }</tbody>
                    </table>
                </div>
            }
        </>
    }
}

/// What a topic does with a message that breaks its schema, in words.
const POLICIES: [(Policy, &str); 3] = [
    (Policy::Enforce, "Enforce: refuse invalid messages"),
    (Policy::Warn, "Warn: let them through and say so"),
    (Policy::None, "None: check nothing"),
];

#[derive(Clone, PartialEq, Properties)]
struct BindingProps {
    summary: TopicSummary,
    policy: Policy,
    revision: u32,
}

#[component]
fn Binding(props: &BindingProps) -> Html {
    let summary = &props.summary;
    let barred = use_console().read_only();
    let subjects = use_remote(props.revision, |_| api::registry::subjects());
    let bound = (summary.schema_subject.clone(), props.policy);
    let wanted = use_state(|| None::<(String, Policy)>);
    {
        // What the host says now is where the next change starts.
        let wanted = wanted.setter();
        use_effect_with(bound.clone(), move |_| wanted.set(None));
    }
    let (subject, policy) = (*wanted).clone().unwrap_or_else(|| match bound.0.is_empty() {
        true => (String::new(), Policy::Enforce),
        false => bound.clone(),
    });
    let action = use_action();
    let choose_subject = {
        let wanted = wanted.setter();
        Callback::from(move |subject| wanted.set(Some((subject, policy))))
    };
    let choose_policy = {
        let (wanted, subject) = (wanted.setter(), subject.clone());
        Callback::from(move |name: String| wanted.set(Some((subject.clone(), Policy::in_force(&name, true)))))
    };
    let changed = !subject.is_empty() && (subject.clone(), policy) != bound;
    let onsubmit = {
        let (action, topic, subject) = (action.clone(), summary.name.clone(), subject.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            action.run(api::registry::bind_topic(topic.clone(), subject.clone(), policy), Callback::noop());
        })
    };
    let known = subjects.ready().map(Vec::as_slice).unwrap_or_default();
    let policies =
        POLICIES.map(|(policy, words)| (AttrValue::Static(policy.name()), AttrValue::Static(words))).to_vec();
    html! {
        <>
            <h3>{ "Schema" }</h3>
            <form class="binding" {onsubmit}>
                <SelectField id="topic-subject" label="Subject" value={subject.clone()} onchange={choose_subject}
                    groups={vec![(AttrValue::default(), subject_options(known, &bound.0))]} />
                <SelectField id="topic-policy" label="Policy" value={policy.name()} onchange={choose_policy} disabled={subject.is_empty()}
                    groups={vec![(AttrValue::default(), policies)]} />
                <button type="submit" class="primary" data-testid="topic-bind" disabled={!changed || action.running() || barred.is_some()}>
                    { if bound.0.is_empty() { "Bind" } else { "Change" } }
                </button>
            </form>
            { lacking("bind-barred", barred.as_ref()) }
            { outcome_of(&action.progress) }
        </>
    }
}

/// A bound topic stays bound: the contract has no word for taking a binding away.
fn subject_options(known: &[SubjectSummary], bound: &str) -> Vec<(AttrValue, AttrValue)> {
    let mut options = Vec::new();
    if bound.is_empty() {
        options.push((AttrValue::default(), AttrValue::Static("Not bound: any payload will do")));
    }
    options.extend(known.iter().map(|subject| {
        let name = AttrValue::from(subject.subject.clone());
        (name.clone(), name)
    }));
    options
}
