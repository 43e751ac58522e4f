//! Tokens at every method of every contract: none, a wrong one, one without the scope, one for
//! another namespace. The list of methods comes from the contracts, so that a new one is not forgotten.

use crate::harness::{HttpAnswer, TestServer};
use crate::upstream::Front;
use irongate_proto::danube::{self, MsgId};
use irongate_proto::danube_admin as admin;
use irongate_proto::irongate_v1 as v1;
use irongate_server::{Grant, Scope, ServerConfig, TokenSecret};
use irongate_upstream::UpstreamConfig;
use prost::Message;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::Code;

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
/// A topic that tokens for the namespace `own` do not reach.
const FOREIGN: &str = "/other/topic";

fn secret() -> TokenSecret {
    TokenSecret::new(SECRET).expect("long enough")
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after the epoch").as_secs()
}

fn token_of(secret: &TokenSecret, scopes: &[Scope], namespaces: Option<&[&str]>, expires_at_s: u64) -> String {
    let namespaces = namespaces.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let grant = Grant { name: "app".into(), scopes: scopes.to_vec(), namespaces, issued_at_s: 0, expires_at_s };
    secret.mint(&grant).expect("a token")
}

fn token(scopes: &[Scope], namespaces: Option<&[&str]>) -> String {
    token_of(&secret(), scopes, namespaces, now_s() + 600)
}

async fn guarded() -> TestServer {
    let config = ServerConfig { token_secrets: vec![secret()], ..ServerConfig::default() };
    TestServer::start_with(config, |_| {}).await
}

/// A gRPC-web call that carries `authorization` as it is given, and its status.
async fn call(server: &TestServer, path: &str, body: &[u8], authorization: Option<&str>) -> (i32, String) {
    let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/grpc-web+proto\r\n{authorization}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        server.address,
        5 + body.len()
    );
    status(&server.exchange(&[head.as_bytes(), &[0], &length, body].concat()).await)
}

async fn bearer(server: &TestServer, path: &str, body: &[u8], token: &str) -> (i32, String) {
    call(server, path, body, Some(&format!("Bearer {token}"))).await
}

fn status(answer: &HttpAnswer) -> (i32, String) {
    let trailers = String::from_utf8_lossy(&answer.body).into_owned();
    let in_trailers = |name: &str| {
        let line = trailers.split(['\r', '\n', '\0']).find_map(|line| line.split_once(name).map(|(_, value)| value));
        line.map(|value| value.trim_start_matches(':').trim().to_owned())
    };
    let find = |name: &str| match answer.header(name) {
        "" => in_trailers(name).unwrap_or_default(),
        value => value.to_owned(),
    };
    let code = find("grpc-status");
    (code.parse().unwrap_or_else(|_| panic!("no status in {answer:?}")), find("grpc-message"))
}

/// Every method of the contracts, as the path of its calls.
pub(crate) fn methods() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = std::fs::read_dir(&folder).expect("the contracts' folder").filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.ends_with(".proto").then_some(name)
    });
    let files: Vec<String> = files.collect();
    let compiled = protox::compile(files, [folder]).expect("the contracts compile");
    let mut methods = Vec::new();
    for file in compiled.file {
        for service in &file.service {
            let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
            methods.extend(service.method.iter().map(|method| path(method.name())));
        }
    }
    methods
}

const OPEN: &str = "/danube.HealthCheck/HealthCheck";

fn code(code: Code) -> i32 {
    code as i32
}

#[tokio::test]
async fn no_method_but_the_health_check_answers_without_a_token() {
    let server = guarded().await;
    let methods = methods();
    assert!(methods.len() > 40, "{}", methods.len());
    for method in &methods {
        let (status, message) = call(&server, method, &[], None).await;
        if method == OPEN {
            assert_eq!(status, 0, "{method}: {message}");
        } else {
            assert_eq!(status, code(Code::Unauthenticated), "{method}: {message}");
        }
    }
    assert_eq!(call(&server, "/danube.New/Method", &[], None).await.0, code(Code::Unauthenticated));
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused_at_every_method() {
    let server = guarded().await;
    let none = token(&[], None);
    for method in methods().iter().filter(|method| *method != OPEN) {
        let (status, message) = bearer(&server, method, &[], &none).await;
        assert_eq!(status, code(Code::PermissionDenied), "{method}: {message}");
        let permitted = Scope::ALL.iter().filter(|scope| {
            let service = method.split('/').nth(1).unwrap_or_default();
            scope_fits(**scope, service, method)
        });
        for scope in Scope::ALL {
            let (status, message) = bearer(&server, method, &[], &token(&[scope], None)).await;
            let is_refused = status == code(Code::PermissionDenied) && message.contains("scope");
            let is_permitted = permitted.clone().any(|permitted| *permitted == scope);
            assert_eq!(is_refused, !is_permitted, "{method} with {scope}: {status} {message}");
        }
    }
}

/// What the operator's page promises, said a second time.
fn scope_fits(scope: Scope, service: &str, method: &str) -> bool {
    let reads =
        ["Get", "List", "Check"].iter().any(|verb| method.rsplit('/').next().is_some_and(|m| m.starts_with(verb)));
    match service {
        "danube.ProducerService" | "irongate.v1.PublishService" | "irongate.v1.LoadService" => scope == Scope::Produce,
        "danube.ConsumerService" | "irongate.v1.BrowseService" => scope == Scope::Consume,
        "irongate.transforms.v1.TransformService" if method.ends_with("/DryRunTopicTransforms") => {
            scope == Scope::Produce
        }
        "danube.Discovery" | "irongate.v1.HostService" => true,
        "danube_schema.SchemaRegistry" => reads || scope == Scope::Schemas,
        "irongate.v1.TopicService" if method.ends_with("/ListTopics") || method.ends_with("/DescribeTopic") => true,
        _ => scope == Scope::Admin,
    }
}

#[tokio::test]
async fn expired_foreign_and_forged_tokens_are_unauthenticated() {
    let server = guarded().await;
    let all = Scope::ALL;
    let foreign = TokenSecret::new(&[b'x'; 32]).expect("32 bytes");
    let good = token(&all, None);
    let (head, rest) = good.split_once('.').expect("three parts");
    let (claims, signature) = rest.split_once('.').expect("three parts");
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let widened = token(&all, Some(&["own"]));
    let widened = format!("{head}.{claims}.{}", widened.rsplit('.').next().expect("a signature"));
    let cases = [
        (format!("Bearer {}", token_of(&secret(), &all, None, now_s() - 3600)), "the token has expired"),
        (format!("Bearer {}", token_of(&foreign, &all, None, now_s() + 600)), "not signed with this server's secret"),
        (format!("Bearer {unsigned}"), "not a JSON Web Token signed with HS256"),
        (format!("Bearer {unsigned}{signature}"), "not a JSON Web Token signed with HS256"),
        (format!("Bearer {widened}"), "not signed with this server's secret"),
        ("Bearer x".to_owned(), "not a JSON Web Token"),
        (format!("Basic {good}"), "not one Bearer token"),
        (good.clone(), "not one Bearer token"),
        (format!("Bearer {good}\r\nAuthorization: Bearer {good}"), "not one Bearer token"),
    ];
    for (authorization, sentence) in cases {
        let (status, message) = call(&server, "/irongate.v1.HostService/GetHostInfo", &[], Some(&authorization)).await;
        let message = message.replace("%20", " ").replace("%27", "'");
        assert_eq!(status, code(Code::Unauthenticated), "{authorization}: {message}");
        assert!(message.contains(sentence), "{message}, not {sentence}");
        assert!(!message.contains(claims) && !message.contains(signature), "a token in {message}");
    }
    assert_eq!(bearer(&server, "/irongate.v1.HostService/GetHostInfo", &[], &good).await.0, 0);
    assert_eq!(server.get("/healthz", "").await.status, 200, "the host is healthy and asks nobody");
}

/// Methods of the whole host, whatever they are asked.
const HOST_WIDE: [&str; 8] = [
    "/irongate.backup.v1.BackupService/Backup",
    "/irongate.pipelines.v1.PipelineService/DeployPipeline",
    "/irongate.pipelines.v1.PipelineService/ListPipelines",
    "/irongate.pipelines.v1.PipelineService/PausePipeline",
    "/irongate.pipelines.v1.PipelineService/ResumePipeline",
    "/irongate.pipelines.v1.PipelineService/RollbackPipeline",
    "/irongate.pipelines.v1.PipelineService/RemovePipeline",
    "/irongate.transforms.v1.TransformService/DryRunPipeline",
];

/// Requests that touch a foreign topic or namespace, or what belongs to none.
fn foreign_requests(consumer_id: u64) -> Vec<(&'static str, Vec<u8>)> {
    let topic = FOREIGN.to_owned();
    let id = Some(MsgId { topic_name: topic.clone(), ..MsgId::default() });
    let named = |name: &str| admin::NamespaceRequest { name: name.into() }.encode_to_vec();
    let topic_named = admin::TopicRequest { name: topic.clone() }.encode_to_vec();
    let lookup = danube::TopicLookupRequest { topic: topic.clone(), ..Default::default() }.encode_to_vec();
    // One field 1 with the topic: all of these messages begin with it.
    let first = v1::DescribeTopicRequest { topic: topic.clone() }.encode_to_vec();
    let producer = danube::ProducerRequest { topic_name: topic.clone(), ..Default::default() };
    let message = danube::StreamMessage { msg_id: id.clone(), ..Default::default() };
    let consumer =
        danube::ConsumerRequest { topic_name: topic.clone(), subscription: "s".into(), ..Default::default() };
    let ack = danube::AckRequest { msg_id: id.clone(), ..Default::default() };
    let nack = danube::NackRequest { msg_id: id, ..Default::default() };
    let browse = v1::BrowseRequest { topics: vec!["/own/t".into(), topic], ..Default::default() };
    let mut requests = vec![
        ("/danube.ProducerService/CreateProducer", producer.encode_to_vec()),
        ("/danube.ProducerService/SendMessage", message.encode_to_vec()),
        ("/danube.ConsumerService/Subscribe", consumer.encode_to_vec()),
        (
            "/danube.ConsumerService/ReceiveMessages",
            danube::ReceiveRequest { request_id: 1, consumer_id }.encode_to_vec(),
        ),
        ("/danube.ConsumerService/Ack", ack.encode_to_vec()),
        ("/danube.ConsumerService/Nack", nack.encode_to_vec()),
        ("/danube.Discovery/TopicLookup", lookup.clone()),
        ("/danube.Discovery/TopicPartitions", lookup),
        ("/danube_schema.SchemaRegistry/RegisterSchema", vec![]),
        ("/danube_schema.SchemaRegistry/DeleteSchemaVersion", vec![]),
        ("/danube_schema.SchemaRegistry/SetCompatibilityMode", vec![]),
        ("/danube_schema.SchemaRegistry/ConfigureTopicSchema", first.clone()),
        ("/danube_schema.SchemaRegistry/UpdateTopicValidationPolicy", first.clone()),
        ("/danube_schema.SchemaRegistry/GetTopicSchemaConfig", first.clone()),
        ("/danube_admin.BrokerAdmin/ListBrokers", vec![]),
        ("/danube_admin.BrokerAdmin/GetLeaderBroker", vec![]),
        ("/danube_admin.BrokerAdmin/UnloadBroker", vec![]),
        ("/danube_admin.BrokerAdmin/ActivateBroker", vec![]),
        ("/danube_admin.BrokerAdmin/GetClusterBalance", vec![]),
        ("/danube_admin.BrokerAdmin/TriggerRebalance", vec![]),
        ("/danube_admin.NamespaceAdmin/GetNamespaceTopics", named("other")),
        ("/danube_admin.NamespaceAdmin/GetNamespacePolicies", named("other")),
        ("/danube_admin.NamespaceAdmin/CreateNamespace", named("new")),
        ("/danube_admin.NamespaceAdmin/DeleteNamespace", named("other")),
        ("/danube_admin.TopicAdmin/ListNamespaceTopics", named("other")),
        ("/danube_admin.TopicAdmin/ListBrokerTopics", vec![]),
        ("/danube_admin.TopicAdmin/CreateTopic", topic_named.clone()),
        ("/danube_admin.TopicAdmin/CreatePartitionedTopic", topic_named.clone()),
        ("/danube_admin.TopicAdmin/DeleteTopic", topic_named.clone()),
        ("/danube_admin.TopicAdmin/UnloadTopic", topic_named.clone()),
        ("/danube_admin.TopicAdmin/ListSubscriptions", topic_named.clone()),
        ("/danube_admin.TopicAdmin/Unsubscribe", first.clone()),
        ("/danube_admin.TopicAdmin/SetSubscriptionFailurePolicy", first.clone()),
        ("/danube_admin.TopicAdmin/GetSubscriptionFailurePolicy", first.clone()),
        ("/danube_admin.TopicAdmin/SetSubscriptionDispatchConfig", first.clone()),
        ("/danube_admin.TopicAdmin/GetSubscriptionDispatchConfig", first.clone()),
        ("/danube_admin.TopicAdmin/DescribeTopic", topic_named),
        ("/irongate.v1.PublishService/Publish", first.clone()),
        ("/irongate.v1.LoadService/Run", first.clone()),
        ("/irongate.v1.BrowseService/Browse", browse.encode_to_vec()),
        ("/irongate.transforms.v1.TransformService/SetTopicTransforms", first.clone()),
        ("/irongate.transforms.v1.TransformService/ListTopicTransforms", first.clone()),
        ("/irongate.transforms.v1.TransformService/ClearTopicTransforms", first.clone()),
        ("/irongate.transforms.v1.TransformService/DryRunTopicTransforms", first.clone()),
        ("/irongate.v1.TopicService/DescribeTopic", first.clone()),
        ("/irongate.v1.TopicService/CreateTopic", first.clone()),
        ("/irongate.v1.TopicService/DeleteTopic", first.clone()),
        ("/irongate.v1.TopicService/TruncateTopic", first.clone()),
        ("/irongate.v1.TopicService/SetTopicRetention", first),
    ];
    requests.extend(HOST_WIDE.map(|method| (method, Vec::new())));
    requests
}

/// Methods that name no topic; what they list is the caller's own, or schemas, which everybody may read.
const NAMESPACELESS: [&str; 9] = [
    OPEN,
    "/danube_schema.SchemaRegistry/GetSchema",
    "/danube_schema.SchemaRegistry/GetLatestSchema",
    "/danube_schema.SchemaRegistry/ListVersions",
    "/danube_schema.SchemaRegistry/CheckCompatibility",
    "/danube_schema.SchemaRegistry/ListSubjects",
    "/danube_admin.BrokerAdmin/ListNamespaces",
    "/irongate.v1.TopicService/ListTopics",
    "/irongate.v1.HostService/GetHostInfo",
];

#[tokio::test]
async fn a_token_for_another_namespace_is_refused_at_every_method() {
    let server = guarded().await;
    for topic in [FOREIGN, "/own/t"] {
        let create = v1::CreateTopicRequest { topic: topic.into(), dispatch_strategy: 1, ..Default::default() };
        server.broker.create_topic(create).await.expect("created");
    }
    let consumer = danube::ConsumerRequest {
        topic_name: FOREIGN.into(),
        subscription: "s".into(),
        consumer_name: "c".into(),
        ..Default::default()
    };
    let consumer_id = server.broker.subscribe(consumer).await.expect("subscribed").consumer_id;
    let (own, other) = (token(&Scope::ALL, Some(&["own"])), token(&Scope::ALL, Some(&["own", "other", "new"])));
    let foreign = foreign_requests(consumer_id);
    for (path, body) in &foreign {
        let (status, message) = bearer(&server, path, body, &own).await;
        assert_eq!(status, code(Code::PermissionDenied), "{path}: {message}");
        assert!(message.contains("app"), "{path}: {message}");
    }
    let bound = |(status, message): (i32, String)| {
        status == code(Code::PermissionDenied) && message.contains("namespaces") && message.contains("and%20no%20other")
    };
    let (path, body) = &foreign[6];
    assert!(!bound(bearer(&server, path, body, &other).await), "its own namespace");
    let covered: BTreeSet<&str> = foreign.iter().map(|(path, _)| *path).chain(NAMESPACELESS).collect();
    let known = methods();
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(covered, known, "every method is tried here, or said to name no topic");
    let names = |topics: Vec<(String, danube::DispatchStrategy)>| topics.len();
    assert_eq!(names(server.broker.namespace_topics("other").expect("there")), 1, "nothing was created or deleted");
}

#[tokio::test]
async fn before_a_cluster_the_same_is_refused() {
    let cluster = TestServer::start().await;
    for topic in [FOREIGN, "/own/t"] {
        let create = v1::CreateTopicRequest { topic: topic.into(), dispatch_strategy: 1, ..Default::default() };
        cluster.broker.create_topic(create).await.expect("created");
    }
    let guarded = ServerConfig { token_secrets: vec![secret()], ..ServerConfig::default() };
    let url = cluster.url();
    let config = UpstreamConfig { admin: Some(url.parse().expect("a URI")), ..crate::upstream::config(&url) };
    let front = Front::with(config, guarded).await;
    let mut subscribe = tonic::Request::new(danube::ConsumerRequest {
        topic_name: FOREIGN.into(),
        subscription: "s".into(),
        consumer_name: "c".into(),
        ..Default::default()
    });
    let bearer_of_all = format!("Bearer {}", token(&Scope::ALL, None)).parse().expect("a header");
    subscribe.metadata_mut().insert("authorization", bearer_of_all);
    let mut consumers = danube::consumer_service_client::ConsumerServiceClient::new(front.channel().await);
    let consumer_id = consumers.subscribe(subscribe).await.expect("subscribed").into_inner().consumer_id;
    let own = token(&Scope::ALL, Some(&["own"]));
    for (path, body) in foreign_requests(consumer_id) {
        let (status, message) = status(&front.post(path, &body, &own).await);
        assert_eq!(status, code(Code::PermissionDenied), "{path}: {message}");
        assert!(message.contains("app"), "refused here, not by the cluster: {path}: {message}");
    }
}

#[tokio::test]
async fn lists_hold_what_is_the_callers_own() {
    let server = guarded().await;
    for topic in [FOREIGN, "/own/t", "/own-2/t"] {
        let create = v1::CreateTopicRequest { topic: topic.into(), ..Default::default() };
        server.broker.create_topic(create).await.expect("created");
    }
    let mut client = v1::topic_service_client::TopicServiceClient::new(server.channel().await);
    let mut list = async |token: String| {
        let mut request = tonic::Request::new(v1::ListTopicsRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let listed = client.list_topics(request).await.expect("listed").into_inner();
        (listed.topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>(), listed.namespaces)
    };
    assert_eq!(list(token(&[Scope::Produce], Some(&["own"]))).await, (vec!["/own/t".into()], vec!["own".into()]));
    assert_eq!(list(token(&[Scope::Produce], None)).await.0.len(), 3);
}

#[tokio::test]
async fn dead_letters_do_not_go_to_a_namespace_that_the_token_is_not_for() {
    let server = guarded().await;
    server
        .broker
        .create_topic(v1::CreateTopicRequest { topic: "/own/t".into(), dispatch_strategy: 1, ..Default::default() })
        .await
        .expect("created");
    let policy = admin::SubscriptionFailurePolicy { dead_letter_topic: Some(FOREIGN.into()), ..Default::default() };
    let request = admin::SetSubscriptionFailurePolicyRequest {
        topic: "/own/t".into(),
        subscription: "s".into(),
        failure_policy: Some(policy),
    };
    let path = "/danube_admin.TopicAdmin/SetSubscriptionFailurePolicy";
    let (status, message) =
        bearer(&server, path, &request.encode_to_vec(), &token(&[Scope::Admin], Some(&["own"]))).await;
    assert_eq!(status, code(Code::PermissionDenied), "{message}");
    assert!(server.broker.lookup(FOREIGN).is_err(), "the topic was not created");
}

#[tokio::test]
async fn a_page_from_a_listed_origin_may_show_a_token_and_reads_the_refusal() {
    let allowed_origins = vec!["https://tools.example".parse().expect("an origin")];
    let config = ServerConfig { token_secrets: vec![secret()], allowed_origins, ..ServerConfig::default() };
    let server = TestServer::start_with(config, |_| {}).await;
    let address = server.address;
    let preflight = format!(
        "OPTIONS /irongate.v1.HostService/GetHostInfo HTTP/1.1\r\nHost: {address}\r\nOrigin: https://tools.example\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n"
    );
    let asked = server.exchange(preflight.as_bytes()).await;
    assert_eq!(asked.status, 200);
    assert!(asked.header("access-control-allow-headers").contains("authorization"), "{asked:?}");
    let call = format!(
        "POST /irongate.v1.HostService/GetHostInfo HTTP/1.1\r\nHost: {address}\r\nOrigin: https://tools.example\r\n\
         Content-Type: application/grpc-web+proto\r\nContent-Length: 5\r\nConnection: close\r\n\r\n\0\0\0\0\0"
    );
    let refused = server.exchange(call.as_bytes()).await;
    assert_eq!(status(&refused).0, code(Code::Unauthenticated));
    assert_eq!(refused.header("access-control-allow-origin"), "https://tools.example");
    assert!(refused.header("content-type").starts_with("application/grpc-web"), "{refused:?}");
}

/// Danube answers FAILED_PRECONDITION there; a client that was given a token may use an open host.
#[tokio::test]
async fn a_token_is_not_looked_at_where_none_is_asked_for() {
    let server = TestServer::start().await;
    for authorization in ["Bearer nonsense", "Basic nonsense"] {
        let path = "/irongate.v1.HostService/GetHostInfo";
        assert_eq!(call(&server, path, &[], Some(authorization)).await.0, code(Code::Ok), "{authorization}");
    }
}
