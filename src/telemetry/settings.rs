//! The variables of OpenTelemetry that say where traces go, and of W3C Trace Context that say what they belong to.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// For one attempt, where nothing else is said.
const TIMEOUT: u64 = 10_000;

/// What whoever started this process was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    pub trace: [u8; 16],
    pub span: [u8; 8],
}

/// Where traces go, and as whose.
#[derive(Debug)]
pub struct Settings {
    pub url: Url,
    /// May be secret.
    pub headers: HeaderMap,
    pub timeout: Duration,
    /// Of the resource: `service.name` among them.
    pub resource: Vec<(String, String)>,
    pub parent: Option<Parent>,
}

impl Settings {
    /// Out of the environment; none where nobody asks for traces, or whoever started this does not sample its own.
    ///
    /// # Errors
    /// What is wrong, without the values that may be secret.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Settings>, String> {
        let get = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let either = |what: &str| {
            let own = format!("OTEL_EXPORTER_OTLP_TRACES_{what}");
            let all = format!("OTEL_EXPORTER_OTLP_{what}");
            get(&own).map(|text| (own, text)).or_else(|| Some((all.clone(), get(&all)?)))
        };
        let on = |name: &str| get(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let Some((named, address)) = either("ENDPOINT") else { return Ok(None) };
        if on("OTEL_SDK_DISABLED") || get("OTEL_TRACES_EXPORTER").is_some_and(|text| text == "none") {
            return Ok(None);
        }
        if let Some((name, protocol)) = either("PROTOCOL").filter(|(_, text)| !text.starts_with("http/")) {
            return Err(format!("{name} is {protocol}, and tenure sends http/json only"));
        }
        let mut url = Url::parse(&address).map_err(|error| format!("{named} is not an address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{named} begins with {}:, not with http: or https:", url.scheme()));
        }
        if !named.contains("TRACES") {
            let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        let headers = either("HEADERS").map(|(name, text)| headers(&name, &text)).transpose()?.unwrap_or_default();
        let timeout = match either("TIMEOUT") {
            Some((name, text)) => text.parse().map_err(|_| format!("{name} is no number of milliseconds"))?,
            None => TIMEOUT,
        };
        let mut resource = match get("OTEL_RESOURCE_ATTRIBUTES") {
            Some(text) => pairs(&text).ok_or("OTEL_RESOURCE_ATTRIBUTES is no list of key=value")?,
            None => Vec::new(),
        };
        let named = resource.iter().any(|(key, _)| key == "service.name");
        match get("OTEL_SERVICE_NAME") {
            Some(name) => {
                resource.retain(|(key, _)| key != "service.name");
                resource.push(("service.name".to_owned(), name));
            }
            None if !named => resource.push(("service.name".to_owned(), "tenure".to_owned())),
            None => {}
        }
        // One that cannot be read counts as none, as the specification says.
        let parent = get("TRACEPARENT").and_then(|text| parent(&text));
        if parent.is_some_and(|(_, sampled)| !sampled) {
            return Ok(None);
        }
        let (timeout, parent) = (Duration::from_millis(timeout), parent.map(|(parent, _)| parent));
        Ok(Some(Settings { url, headers, timeout, resource, parent }))
    }
}

fn headers(name: &str, text: &str) -> Result<HeaderMap, String> {
    let wrong = || format!("{name} is no list of key=value");
    let mut headers = HeaderMap::new();
    for (key, value) in pairs(text).ok_or_else(wrong)? {
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.append(HeaderName::from_bytes(key.as_bytes()).map_err(|_| wrong())?, value);
    }
    Ok(headers)
}

/// `a=b,c=d%2Ce`.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let all = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    all.map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((key.trim().to_owned(), value.into_owned())).filter(|(key, _)| !key.is_empty())
    })
    .collect()
}

/// `00-TRACE-SPAN-FLAGS`, and whether it is sampled.
fn parent(text: &str) -> Option<(Parent, bool)> {
    let parts: Vec<&str> = text.split('-').collect();
    let (version, rest) = parts.split_first()?;
    let [trace, span, flags, more @ ..] = rest else { return None };
    let [version] = hex::<1>(version)?;
    if version == 0xff || version == 0 && !more.is_empty() {
        return None;
    }
    let (trace, span, [flags]) = (hex::<16>(trace)?, hex::<8>(span)?, hex::<1>(flags)?);
    (trace != [0; 16] && span != [0; 8]).then_some((Parent { trace, span }, flags & 1 == 1))
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if text.len() != 2 * N || !text.as_bytes().iter().all(digits) {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::read(|name| variables.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned()))
    }

    const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

    #[test]
    fn the_path_is_added_to_what_is_for_all_signals() {
        let url = |variables: &[(&str, &str)]| read(variables).unwrap().unwrap().url.to_string();
        assert_eq!(url(&[(ALL, "http://127.0.0.1:4318")]), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(url(&[(ALL, "https://otlp.acme.example/otlp/")]), "https://otlp.acme.example/otlp/v1/traces");
        let own = [(ALL, "http://a"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/x")];
        assert_eq!(url(&own), "http://b/x");
    }

    #[test]
    fn nobody_asks_for_traces() {
        for more in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), (ALL, " ")] {
            assert!(read(&[more, (ALL, "http://a")]).unwrap().is_none(), "{more:?}");
        }
        let unsampled = ("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        assert!(read(&[(ALL, "http://a"), unsampled]).unwrap().is_none());
        assert!(read(&[]).unwrap().is_none());
    }

    #[test]
    fn what_is_wrong_is_said_without_what_may_be_secret() {
        let error = |name: &'static str, text: &'static str| read(&[(name, text), (ALL, "http://a")]).unwrap_err();
        assert_eq!(error(ALL, "ftp://x"), "OTEL_EXPORTER_OTLP_ENDPOINT begins with ftp:, not with http: or https:");
        assert!(error(ALL, "collector").starts_with("OTEL_EXPORTER_OTLP_ENDPOINT is not an address"));
        assert_eq!(
            error("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and tenure sends http/json only"
        );
        for text in ["hunter2", "a b=hunter2", "a=hunter2%0a", "a=%ff"] {
            assert_eq!(error("OTEL_EXPORTER_OTLP_HEADERS", text), "OTEL_EXPORTER_OTLP_HEADERS is no list of key=value");
        }
        let settings = read(&[(ALL, "http://a"), ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2")]);
        let settings = settings.unwrap().unwrap();
        assert_eq!(settings.headers["authorization"], "Bearer hunter2");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn a_parent_is_taken_where_it_is_one() {
        let of = |text: &str| parent(text).map(|(parent, sampled)| (parent.trace[0], parent.span[0], sampled));
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert_eq!(of(&format!("00-{trace}-{span}-01")), Some((0x0a, 0xb7, true)));
        assert_eq!(of(&format!("cc-{trace}-{span}-01-what-else")), Some((0x0a, 0xb7, true)));
        let zeros = "0".repeat(32);
        for wrong in [
            "".to_owned(),
            "00".to_owned(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{zeros}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-b7ad6b716920333\u{e4}-01"),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
    }
}
