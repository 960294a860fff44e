//! The one way out to providers. It follows no redirect, repeats no call, and logs no body, header or number.
//!
//! A failure proves one of two things. [`NoResponse::Before`] says that no byte of the request left, so that the call may
//! be made again. After any other failure ([`NoResponse::After`]) only a receipt or a person can settle the message.

mod more;

pub use more::ResponseStart;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Once},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Method, Request, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
    redirect, retry,
};
use tracing::debug;

use crate::secret::Secret;

/// No answer that a provider documents is longer; a longer one is not read to its end.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A page of a listing: a hundred templates in Hindi, escaped, stay below.
pub const LISTING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Limits of the client.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// For the name, the connection and TLS together. Shorter than `total_timeout`, so that a host that cannot be
    /// reached is told apart from one that does not answer.
    pub connect_timeout: Duration,
    /// For the whole call, its answer included.
    pub total_timeout: Duration,
    /// Idle connections kept to one host.
    pub idle_per_host_max: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// What the program calls itself.
    pub user_agent: String,
    /// Whether plain `http` and addresses inside the own network may be called: the sandbox, tests, a gateway next
    /// door. Off, a base URL that a member typed cannot reach what only this machine can see.
    pub local_targets: bool,
    /// Only this machine may be called, whatever an account says: a rehearsal reaches nothing but its stand-ins.
    pub this_machine_only: bool,
    /// Hosts, in lower case, that may be called by plain `http` and inside the own network without `local_targets`.
    pub allowed_hosts: Vec<String>,
}

/// Calls that a process may have under way unless told otherwise. So many connections to one host stay open between
/// them: to open one anew costs far more than the call.
pub const CALLS_AT_ONCE: usize = 384;

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
            idle_per_host_max: CALLS_AT_ONCE,
            idle_timeout: Duration::from_secs(60),
            user_agent: concat!("munadi/", env!("CARGO_PKG_VERSION")).to_owned(),
            local_targets: false,
            this_machine_only: false,
            allowed_hosts: Vec::new(),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}. Are the system's CA certificates installed?")]
pub struct HttpError(#[source] reqwest::Error);

/// The client; cheap to clone, one pool of connections.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    local_targets: bool,
    this_machine_only: bool,
    allowed_hosts: Arc<[String]>,
}

/// The answer to a request. Its body may be cut short; the status holds all the same.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The body, at most [`ANSWER_BYTES_MAX`] bytes, for a `GET` [`LISTING_BYTES_MAX`].
    pub body: Bytes,
    /// Whether the body was received to its end.
    pub whole: bool,
    /// The header `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why nothing came back, and what that proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoResponse {
    /// The address cannot be called at all; nothing left.
    Never(&'static str),
    /// Nothing left: no name, refused connection, no TLS.
    Before(&'static str),
    /// The request may have left.
    After(&'static str),
}

impl Http {
    /// A client with these limits. Makes ring the process's TLS provider, unless there is one.
    ///
    /// # Errors
    /// When the system's CA certificates cannot be read.
    pub fn new(settings: HttpSettings) -> Result<Http, HttpError> {
        static RING: Once = Once::new();
        RING.call_once(|| {
            // An error means that there is one already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.total_timeout)
            .pool_max_idle_per_host(settings.idle_per_host_max)
            .pool_idle_timeout(settings.idle_timeout)
            .user_agent(settings.user_agent)
            .tcp_nodelay(true)
            .http1_only()
            .no_proxy()
            .referer(false)
            .redirect(redirect::Policy::none())
            // No provider has an idempotency key: a call is never made a second time behind our back. What hyper still
            // does is to move a request that was never written from a dead idle connection to a live one;
            // tests/it/http.rs proves that a written one stays written once.
            .retry(retry::never());
        let allowed_hosts: Arc<[String]> = settings.allowed_hosts.into();
        if !settings.local_targets {
            builder = builder.dns_resolver(PublicOnly { but: allowed_hosts.clone() });
        }
        let client = builder.build().map_err(HttpError)?;
        let HttpSettings { local_targets, this_machine_only, .. } = settings;
        Ok(Http { client, local_targets, this_machine_only, allowed_hosts })
    }

    /// Posts a JSON body.
    ///
    /// # Errors
    /// [`NoResponse`] when there is no status; see there for what it proves.
    pub async fn post(
        &self,
        to: &Endpoint,
        body: Vec<u8>,
        key: Option<KeyHeader<'_>>,
    ) -> Result<Answer, NoResponse> {
        let mut request = self.request(Method::POST, to.0.clone(), key)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        self.answer(request, ANSWER_BYTES_MAX).await
    }

    /// Posts a JSON body with further headers.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn post_with(
        &self,
        to: &Endpoint,
        body: Vec<u8>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Answer, NoResponse> {
        let mut request = self.request(Method::POST, to.0.clone(), None)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.headers_mut().extend(headers);
        *request.body_mut() = Some(body.into());
        self.answer(request, ANSWER_BYTES_MAX).await
    }

    /// Gets; `query` is appended, values escaped.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn get(
        &self,
        from: &Endpoint,
        query: &[(&str, &str)],
        key: Option<KeyHeader<'_>>,
    ) -> Result<Answer, NoResponse> {
        let mut url = from.0.clone();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.request(Method::GET, url, key)?;
        self.answer(request, LISTING_BYTES_MAX).await
    }

    /// Makes a call of any kind, with limits of its own.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Answer, NoResponse> {
        let mut url = ask.to.0.clone();
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let mut request = self.request(ask.method, url, ask.key)?;
        if let Some(body) = ask.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        *request.timeout_mut() = Some(ask.patience);
        self.answer(request, ask.bytes_max).await
    }

    fn request(&self, method: Method, url: Url, key: Option<KeyHeader<'_>>) -> Result<Request, NoResponse> {
        if self.this_machine_only && !is_this_machine(&url) {
            return Err(NoResponse::Never("A rehearsal calls nobody but the stand-ins on this machine"));
        }
        if !self.local_targets && !is_named(&self.allowed_hosts, url.host_str()) {
            may_leave(&url)?;
        }
        let mut request = Request::new(method, url);
        if let Some((name, secret)) = key {
            let mut value = HeaderValue::from_str(secret.expose())
                .map_err(|_| NoResponse::Never("The key holds a character that no header can carry"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }

    async fn answer(&self, request: Request, bytes_max: usize) -> Result<Answer, NoResponse> {
        let response = self.client.execute(request).await.map_err(silence)?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (body, whole) = read(response, bytes_max).await;
        Ok(Answer { status, body, whole, retry_after })
    }
}

/// Whether an address is a loopback address in so many digits; a name may lead anywhere.
fn is_this_machine(url: &Url) -> bool {
    let ip = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    ip.is_some_and(|ip| ip.is_loopback())
}

/// A request of any method.
pub struct Ask<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The address that is called.
    pub to: &'a Endpoint,
    /// The query that is appended to the address; values are escaped.
    pub query: &'a [(&'a str, &'a str)],
    /// The body as JSON; `None` for no body.
    pub body: Option<Vec<u8>>,
    /// The header that carries the key.
    pub key: Option<KeyHeader<'a>>,
    /// The longest time for the whole exchange, the answer included.
    pub patience: Duration,
    /// Longest answer that is read to its end, in bytes.
    pub bytes_max: usize,
}

/// How and where; not what is said.
impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ask({} {})", self.method, self.to.as_str())
    }
}

/// A header that carries a key.
pub type KeyHeader<'a> = (HeaderName, &'a Secret);

/// Reads up to the limit. One chunk, the usual case, is kept as it came.
async fn read(mut response: Response, bytes_max: usize) -> (Bytes, bool) {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Err(_) => return (joined(first, rest), false),
            Ok(Some(chunk)) => {
                let room = bytes_max - first.len().max(rest.len());
                if chunk.len() > room {
                    return (joined(first, rest), false);
                }
                if first.is_empty() && rest.is_empty() {
                    first = chunk;
                } else {
                    if rest.is_empty() {
                        rest.extend_from_slice(&first);
                    }
                    rest.extend_from_slice(&chunk);
                }
            }
        }
    }
    (joined(first, rest), true)
}

fn joined(first: Bytes, rest: BytesMut) -> Bytes {
    if rest.is_empty() { first } else { rest.freeze() }
}

/// What a failed call proves. Only a failure to connect proves that nothing left.
fn silence(error: reqwest::Error) -> NoResponse {
    let error = error.without_url();
    // The whole chain names a wrong certificate or host; the caller that decides to wait logs it once.
    debug!(cause = %causes(&error), "a provider gave no answer");
    if error.is_builder() {
        return NoResponse::Never("The address is none that can be called");
    }
    if error.is_connect() {
        if let Some(refused) = refused_address(&error) {
            return NoResponse::Never(refused);
        }
        return NoResponse::Before(match (error.is_dns(), error.is_timeout()) {
            (true, _) => "The provider's name could not be resolved",
            (_, true) => "The provider could not be reached in time",
            _ => "The connection to the provider was refused or not secure",
        });
    }
    NoResponse::After(if error.is_timeout() {
        "The provider did not answer in time"
    } else {
        "The connection was cut before the provider answered"
    })
}

fn causes(error: &reqwest::Error) -> String {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn refused_address(error: &reqwest::Error) -> Option<&'static str> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<NotPublic>() {
            return Some(NOT_PUBLIC);
        }
        source = inner.source();
    }
    None
}

/// An address of a provider, read once.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a typed address was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no address of a provider; use one such as https://api.example.in/v1")]
pub struct EndpointError(String);

impl Endpoint {
    /// Reads an absolute `http` or `https` address without user, password, query or fragment.
    ///
    /// # Errors
    /// When it is none, or has one of these.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let wrong = || EndpointError(text.chars().take(200).collect());
        let url = Url::parse(text.trim()).map_err(|_| wrong())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
            return Err(wrong());
        }
        Ok(Endpoint(url))
    }

    /// Reads an absolute `http` or `https` address to which something is posted; it may have a query.
    ///
    /// # Errors
    /// When it is none, or has a user, a password or a fragment.
    pub fn parse_target(text: &str) -> Result<Endpoint, EndpointError> {
        let mut bare =
            Url::parse(text.trim()).map_err(|_| EndpointError(text.chars().take(200).collect()))?;
        let url = bare.clone();
        bare.set_query(None);
        Endpoint::parse(bare.as_str()).map(|_| Endpoint(url))
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The address below this one; each segment is escaped.
    pub fn join(&self, segments: &[&str]) -> Endpoint {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Endpoint(url)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({})", self.0)
    }
}

const NOT_PUBLIC: &str = "The address lies inside the own network; this installation does not allow that";

/// A name that leads into the own network.
#[derive(Debug, thiserror::Error)]
#[error("{NOT_PUBLIC}")]
struct NotPublic;

/// Refuses what the resolver never sees: literal addresses, and plain `http`, which would show the key on the way.
fn may_leave(url: &Url) -> Result<(), NoResponse> {
    if url.scheme() != "https" {
        return Err(NoResponse::Never("The address has to begin with https://"));
    }
    let host = url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) if !is_public(ip) => Err(NoResponse::Never(NOT_PUBLIC)),
        _ => Ok(()),
    }
}

/// Whether a host is one of these.
fn is_named(hosts: &[String], host: Option<&str>) -> bool {
    host.is_some_and(|host| hosts.iter().any(|named| named == host))
}

/// Resolves names and hands on public addresses only; the connection is made to exactly these, so that a second look-up
/// cannot lead elsewhere.
struct PublicOnly {
    /// Hosts whose addresses are handed on wherever they lie.
    but: Arc<[String]>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = is_named(&self.but, Some(name.as_str()));
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> =
                found.iter().copied().filter(|a| anywhere || is_public(a.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the open internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation()
                || a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
                || (a == 192 && b == 0 && c == 0) // RFC 6890
                || (a == 198 && (b == 18 || b == 19))) // benchmarks, RFC 2544
        }
        IpAddr::V6(ip) => {
            let s = ip.segments();
            if let Some(v4) = ip.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            // Global unicast is 2000::/3. Within it, Teredo, ORCHID and documentation (2001::/23, 2001:db8::/32) and
            // 6to4 (2002::/16) can hide a private address.
            (s[0] & 0xe000) == 0x2000
                && !(s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8))
                && s[0] != 0x2002
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "13.234.0.1", "2606:4700::1111"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_address_with_a_password_or_a_query_is_not_taken() {
        for wrong in [
            "",
            "backend.aisensy.com",
            "ftp://x.example",
            "https://u:p@x.example",
            "https://x.example/?a=b",
            "https://x.example/#f",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
        let base = Endpoint::parse("https://x.example/campaign/t1/api/").unwrap();
        assert_eq!(base.join(&["v2"]).as_str(), "https://x.example/campaign/t1/api/v2");
        assert_eq!(base.join(&["a/../b?"]).as_str(), "https://x.example/campaign/t1/api/a%2F..%2Fb%3F");
    }
}
