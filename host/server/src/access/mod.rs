//! Who may call what. A token says in scopes which calls its bearer may make and, where it is
//! bound to namespaces, on which topics. Tokens are checked once for each call, in front of
//! every service (`guard.rs`); the topic that a request names is checked where it is decoded,
//! in the services. Without secrets everything is open to whoever passes the gate.

mod guard;
mod hs256;
mod scope;
mod token;

pub(crate) use guard::Guard;
pub use scope::Scope;
pub use token::{Grant, TokenError, TokenSecret};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use scope::Need;
use std::sync::Arc;
use token::Refused;
use tonic::{Request, Status};

/// What a server asks of those who call it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// Tokens signed with any of these are good; empty: none are asked for.
    secrets: Arc<[TokenSecret]>,
}

/// Who calls, as their token says. Travels in the request's extensions.
#[derive(Clone)]
struct Caller(Arc<Grant>);

impl Access {
    pub(crate) fn new(secrets: Vec<TokenSecret>) -> Self {
        Self { secrets: secrets.into() }
    }

    fn is_open(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Who makes a call to `path`, if anybody needs to be known; a status where they may not.
    fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Option<Caller>, Status> {
        let need = Need::of(path);
        if self.is_open() || need == Need::Nothing {
            return Ok(None);
        }
        let grant = self.verify(headers).map_err(|refused| Status::unauthenticated(refused.to_string()))?;
        if !need.is_met_by(&grant.scopes) {
            let sentence = format!("the token of {} has not the scope for this call, {need}", grant.name);
            return Err(Status::permission_denied(sentence));
        }
        Ok(Some(Caller(Arc::new(grant))))
    }

    fn verify(&self, headers: &HeaderMap) -> Result<Grant, Refused> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(Refused::Missing)?;
        if values.next().is_some() {
            return Err(Refused::NoBearer);
        }
        let text = value.to_str().map_err(|_| Refused::NoBearer)?;
        let (scheme, token) = text.split_once(' ').ok_or(Refused::NoBearer)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refused::NoBearer);
        }
        let mut refused = Refused::Signature;
        for secret in self.secrets.iter() {
            match secret.verify(token.trim_start()) {
                Err(Refused::Signature) => {}
                Err(other) => refused = other,
                Ok(grant) => return Ok(grant),
            }
        }
        Err(refused)
    }

    /// The namespaces that the caller is bound to; `None`: to none in particular.
    pub(crate) fn namespaces<'a, T>(&self, request: &'a Request<T>) -> Result<Option<&'a [String]>, Status> {
        if self.is_open() {
            return Ok(None);
        }
        Ok(caller(request)?.namespaces.as_deref())
    }

    /// Refuses a topic outside the caller's namespaces.
    pub(crate) fn topic<T>(&self, request: &Request<T>, topic: &str) -> Result<(), Status> {
        if self.is_open() {
            return Ok(());
        }
        let grant = caller(request)?;
        if grant.namespaces.is_none() {
            return Ok(());
        }
        // A name without a namespace is no topic's; the broker would say so, but need not be asked.
        let namespace = topic.strip_prefix('/').and_then(|rest| rest.split_once('/')).map_or("", |(name, _)| name);
        within(grant, namespace)
    }

    /// Refuses a namespace that is not the caller's.
    pub(crate) fn namespace<T>(&self, request: &Request<T>, namespace: &str) -> Result<(), Status> {
        if self.is_open() { Ok(()) } else { within(caller(request)?, namespace) }
    }

    /// Refuses callers that are bound to namespaces, where what they ask for is everybody's.
    pub(crate) fn everywhere<T>(&self, request: &Request<T>, what: &str) -> Result<(), Status> {
        if self.is_open() {
            return Ok(());
        }
        let grant = caller(request)?;
        match &grant.namespaces {
            None => Ok(()),
            Some(own) => Err(Status::permission_denied(format!(
                "{what} belongs to no namespace, and the token of {} is for {} alone",
                grant.name,
                own.join(", ")
            ))),
        }
    }
}

fn within(grant: &Grant, namespace: &str) -> Result<(), Status> {
    let Some(own) = &grant.namespaces else { return Ok(()) };
    if own.iter().any(|one| one == namespace) {
        return Ok(());
    }
    let sentence = format!("the token of {} is for the namespaces {} and no other", grant.name, own.join(", "));
    Err(Status::permission_denied(sentence))
}

/// The guard has seen every request of a server that is not open.
fn caller<T>(request: &Request<T>) -> Result<&Grant, Status> {
    match request.extensions().get::<Caller>() {
        Some(Caller(grant)) => Ok(grant),
        None => Err(Status::internal("the request passed no guard")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

    fn request(namespaces: Option<&[&str]>) -> Request<()> {
        let namespaces = namespaces.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let grant = Grant { name: "billing".into(), scopes: vec![], namespaces, issued_at_s: 0, expires_at_s: 0 };
        let mut request = Request::new(());
        request.extensions_mut().insert(Caller(Arc::new(grant)));
        request
    }

    fn closed() -> Access {
        Access::new(vec![TokenSecret::new(SECRET).expect("long enough")])
    }

    #[test]
    fn a_token_for_namespaces_reaches_their_topics_alone() {
        let bound = request(Some(&["orders", "default"]));
        closed().topic(&bound, "/orders/new").expect("its own");
        closed().namespace(&bound, "default").expect("its own");
        for topic in ["/billing/new", "/orders-2/new", "orders/new", "x/orders/new", "//orders/new", "/orders", ""] {
            let status = closed().topic(&bound, topic).expect_err(topic);
            assert_eq!(status.code(), Code::PermissionDenied, "{topic}");
            assert_eq!(status.message(), "the token of billing is for the namespaces orders, default and no other");
        }
        let status = closed().everywhere(&bound, "a schema subject").expect_err("everybody's");
        assert!(status.message().starts_with("a schema subject belongs to no namespace"), "{status}");
    }

    #[test]
    fn a_token_for_no_namespace_reaches_none() {
        closed().topic(&request(Some(&[])), "//x").expect_err("no namespace at all");
    }

    #[test]
    fn a_token_for_all_reaches_all_and_a_request_without_guard_nothing() {
        closed().topic(&request(None), "/any/topic").expect("everywhere");
        closed().everywhere(&request(None), "a schema subject").expect("everywhere");
        assert_eq!(closed().topic(&Request::new(()), "/any/topic").expect_err("unguarded").code(), Code::Internal);
        Access::default().topic(&Request::new(()), "/any/topic").expect("an open server");
    }
}
