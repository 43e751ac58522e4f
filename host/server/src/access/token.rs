//! Tokens: JSON Web Tokens signed with HS256 under a secret that server and mint share, with
//! the claims of Danube's own and two more, `scopes` and `namespaces`. A token of Danube's that
//! lacks these permits nothing here. Where secrets come from is the command line's business.

use super::hs256;
use super::scope::Scope;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The shortest secret: as long as what HMAC-SHA-256 makes of it.
const SECRET_BYTES_MIN: usize = 32;

/// How far the clocks of mint and server may differ.
const CLOCK_SKEW_S: u64 = 30;

/// What tokens of this host name as their issuer.
const ISSUER: &str = "irongate";

/// What signs and verifies tokens. Never printed, not even by `Debug`.
#[derive(Clone)]
pub struct TokenSecret {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenSecret(..)")
    }
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// It could be guessed.
    #[error("the secret has {bytes} bytes, at least {SECRET_BYTES_MIN} are needed; irongate token secret makes one")]
    SecretTooShort {
        /// Its length.
        bytes: usize,
    },
    /// The operating system has no random numbers, or the token cannot be written.
    #[error("cannot make {what}")]
    Unmade {
        /// What was to be made.
        what: &'static str,
    },
}

/// What a token says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who it is for, as refusals name them.
    pub name: String,
    /// What it permits.
    pub scopes: Vec<Scope>,
    /// Where; `None`: everywhere.
    pub namespaces: Option<Vec<String>>,
    /// When it was made, in seconds since the epoch.
    pub issued_at_s: u64,
    /// When it ends, in seconds since the epoch.
    pub expires_at_s: u64,
}

/// Why a token is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("this server asks for a token; send it as authorization: Bearer TOKEN")]
    Missing,
    #[error("the authorization header is not one Bearer token")]
    NoBearer,
    #[error("the token is not a JSON Web Token signed with HS256")]
    Malformed,
    #[error("the token was not signed with this server's secret")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    TooEarly,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    principal_type: String,
    #[serde(default)]
    principal_name: String,
    #[serde(default)]
    iat: u64,
    exp: u64,
    #[serde(default)]
    scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespaces: Option<Vec<String>>,
}

impl TokenSecret {
    /// The bytes of a secret; line ends around them do not count.
    ///
    /// # Errors
    /// [`TokenError::SecretTooShort`].
    pub fn new(bytes: &[u8]) -> Result<Self, TokenError> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(TokenError::SecretTooShort { bytes: bytes.len() });
        }
        hs256::install();
        Ok(Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes) })
    }

    /// A new secret as text: 256 random bits in hexadecimal.
    ///
    /// # Errors
    /// [`TokenError::Unmade`] where there are no random numbers.
    pub fn generate() -> Result<String, TokenError> {
        let mut bytes = [0; SECRET_BYTES_MIN];
        let unmade = |_| TokenError::Unmade { what: "a secret: the system has no random numbers" };
        ring::rand::SystemRandom::new().fill(&mut bytes).map_err(unmade)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A token for `grant`.
    ///
    /// # Errors
    /// [`TokenError::Unmade`] where it cannot be signed.
    pub fn mint(&self, grant: &Grant) -> Result<String, TokenError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: grant.name.clone(),
            principal_type: "service_account".to_owned(),
            principal_name: grant.name.clone(),
            iat: grant.issued_at_s,
            exp: grant.expires_at_s,
            scopes: grant.scopes.clone(),
            namespaces: grant.namespaces.clone(),
        };
        let unmade = |_| TokenError::Unmade { what: "a token" };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(unmade)
    }

    pub(super) fn verify(&self, token: &str) -> Result<Grant, Refused> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = CLOCK_SKEW_S;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        let claims = decode::<Claims>(token, &self.decoding, &validation).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Refused::Signature,
            ErrorKind::ExpiredSignature => Refused::Expired,
            ErrorKind::ImmatureSignature => Refused::TooEarly,
            _ => Refused::Malformed,
        })?;
        let Claims { sub, principal_name, iat, exp, scopes, namespaces, .. } = claims.claims;
        let name = if principal_name.is_empty() { sub } else { principal_name };
        Ok(Grant { name, scopes, namespaces, issued_at_s: iat, expires_at_s: exp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use std::time::{SystemTime, UNIX_EPOCH};

    fn now_s() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after the epoch").as_secs()
    }

    fn secret() -> TokenSecret {
        TokenSecret::new(b"0123456789abcdef0123456789abcdef\n").expect("32 bytes")
    }

    fn grant(expires_at_s: u64) -> Grant {
        Grant {
            name: "billing".into(),
            scopes: vec![Scope::Produce, Scope::Schemas],
            namespaces: Some(vec!["orders".into()]),
            issued_at_s: 7,
            expires_at_s,
        }
    }

    fn signed(header: &str, claims: &str, key: &[u8]) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    #[test]
    fn what_is_minted_is_read_back() {
        let grant = grant(now_s() + 60);
        assert_eq!(secret().verify(&secret().mint(&grant).expect("a token")), Ok(grant));
    }

    #[test]
    fn expired_early_foreign_and_broken_tokens_are_told_apart() {
        let (now, key) = (now_s(), b"0123456789abcdef0123456789abcdef");
        let minted = |expires: u64| secret().mint(&grant(expires)).expect("a token");
        assert_eq!(secret().verify(&minted(now - CLOCK_SKEW_S - 5)), Err(Refused::Expired));
        secret().verify(&minted(now - CLOCK_SKEW_S / 2)).expect("clocks may differ a little");
        let foreign = TokenSecret::new(&[b'x'; 32]).expect("32 bytes");
        assert_eq!(foreign.verify(&minted(now + 60)), Err(Refused::Signature));
        let hs256 = r#"{"alg":"HS256","typ":"JWT"}"#;
        let claims = |more: &str| format!(r#"{{"exp":{},"scopes":["admin"]{more}}}"#, now + 60);
        let early = signed(hs256, &claims(&format!(r#","nbf":{}"#, now + 3600)), key);
        assert_eq!(secret().verify(&early), Err(Refused::TooEarly));
        assert_eq!(secret().verify(&signed(hs256, &claims(""), key)).expect("sound").scopes, [Scope::Admin]);
        let no_expiry = signed(hs256, r#"{"scopes":["admin"]}"#, key);
        let unknown_scope = signed(hs256, &claims("").replace("admin", "root"), key);
        for (header, what) in [("none", "alg none"), ("HS384", "another hash"), ("RS256", "another kind of key")] {
            let token = signed(&hs256.replace("HS256", header), &claims(""), key);
            assert_eq!(secret().verify(&token), Err(Refused::Malformed), "{what}");
        }
        let unsigned = format!("{}.", signed(hs256, &claims(""), key).rsplit_once('.').expect("three parts").0);
        assert!(secret().verify(&unsigned).is_err(), "no signature at all");
        for token in [&no_expiry, &unknown_scope, "", "a.b.c", "Bearer", "..", &"x".repeat(10_000)] {
            assert_eq!(secret().verify(token), Err(Refused::Malformed), "{token}");
        }
    }

    #[test]
    fn a_token_of_danubes_permits_nothing() {
        let claims = format!(r#"{{"iss":"danube","exp":{},"sub":"a","principal_name":"app"}}"#, now_s() + 60);
        let token = signed(r#"{"alg":"HS256"}"#, &claims, b"0123456789abcdef0123456789abcdef");
        let grant = secret().verify(&token).expect("well signed");
        assert_eq!((grant.name.as_str(), grant.scopes.len()), ("app", 0));
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_none_is_printed() {
        let error = TokenSecret::new(b"hunter2\n").expect_err("short");
        assert!(error.to_string().starts_with("the secret has 7 bytes, at least 32 are needed"), "{error}");
        assert_eq!(format!("{:?}", secret()), "TokenSecret(..)");
        let made = TokenSecret::generate().expect("random numbers");
        assert_eq!((made.len(), made == TokenSecret::generate().expect("more")), (64, false));
        TokenSecret::new(made.as_bytes()).expect("long enough");
    }
}
