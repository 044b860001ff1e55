//! The client of every request to the API server. It reads answers of any depth.
//!
//! The API server stores JSON nested up to 10 000 deep wherever a schema does not look inside: in the claims of a project's tokens, and
//! in `metadata.managedFields` of every object. `serde_json`, with which kube reads, gives up at 128 and offers kube no way to ask for
//! more, and a list or a watch that cannot be read shows nothing: one such object would hide all projects. So answers are cut before they
//! are read. What is left of a claim is still far deeper than a project may write, which its own condition then says.

use http::Response;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};
use kube::{Client, Config, client::ClientBuilder};
use tower::util::MapResponseLayer;

/// Lists and mappings around a value. More than any field of any object needs, less than `serde_json` reads.
const DEEPEST: usize = 100;

/// Makes the client.
///
/// # Errors
///
/// The configuration does not make a client.
pub(crate) fn client(config: Config) -> Result<Client, kube::Error> {
    Ok(ClientBuilder::try_from(config)?.with_layer(&MapResponseLayer::new(readable)).build())
}

fn readable<B: Body<Data = Bytes>>(answer: Response<B>) -> Response<impl Body<Data = Bytes, Error = B::Error>> {
    let mut cut = Cut::default();
    answer.map(|body| body.map_frame(move |frame| frame.map_data(|part| cut.pass(&part))))
}

/// Writes `null` for every list or mapping below [`DEEPEST`] others. Goes through JSON byte by byte, since a watch never ends and
/// its parts end anywhere.
#[derive(Default)]
struct Cut {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Cut {
    fn pass(&mut self, part: &[u8]) -> Bytes {
        let mut kept = Vec::with_capacity(part.len());
        for &byte in part {
            let around = self.depth;
            self.step(byte);
            if around.max(self.depth) <= DEEPEST {
                kept.push(byte);
            } else if around == DEEPEST {
                kept.extend_from_slice(b"null");
            }
        }
        kept.into()
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, extract::RawQuery, routing::get};
    use futures::{StreamExt, TryStreamExt};
    use kube::{
        Api, ResourceExt,
        api::{ListParams, WatchParams},
        core::{DynamicObject, WatchEvent},
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::resource;

    fn cut(text: &str, part: usize) -> String {
        let mut cut = Cut::default();
        let parts: Vec<_> = text.as_bytes().chunks(part).map(|part| cut.pass(part)).collect();
        String::from_utf8(parts.concat()).unwrap()
    }

    /// The rule itself.
    fn expected(value: &Value, around: usize) -> Value {
        match value {
            Value::Array(_) | Value::Object(_) if around == DEEPEST => Value::Null,
            Value::Array(items) => items.iter().map(|item| expected(item, around + 1)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), expected(member, around + 1))).collect()
            }
            other => other.clone(),
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![r#"[\[\]{}"\\,:a]{0,6}"#, any::<String>()];
        let leaf = prop_oneof![Just(json!(null)), any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
        leaf.prop_recursive(2, 6, 3, |inner| {
            let levels = prop_oneof![0..3_u32, 95..104_u32, 125..140_u32];
            (prop::collection::vec(inner, 0..3), levels, any::<u32>()).prop_map(|(items, levels, lists)| {
                (0..levels).fold(Value::from(items), |inner, level| {
                    let list = lists.rotate_left(level) & 1 == 1;
                    if list { json!([0, inner, "]"]) } else { json!({"a": "{", "}\\\"": inner, "b": {}}) }
                })
            })
        })
    }

    proptest! {
        #[test]
        fn exactly_what_is_too_deep_becomes_null_wherever_the_parts_end(value in any_json(), part in 1..40_usize) {
            let text = value.to_string();
            let cut = cut(&text, part);
            prop_assert_eq!(&cut, &expected(&value, 0).to_string());
            prop_assert!(serde_json::from_str::<Value>(&cut).is_ok());
        }
    }

    #[test]
    fn one_event_of_a_watch_does_not_reach_into_the_next() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let kept = "[".repeat(DEEPEST) + "null" + &"]".repeat(DEEPEST);
        assert_eq!(cut(&format!("{deep}\n{{\"a\":[]}}\n{deep}\n"), 7), format!("{kept}\n{{\"a\":[]}}\n{kept}\n"));
    }

    /// An API server with two projects, one of which is nested as deep as an API server allows.
    async fn api_server() -> Config {
        let nested = |open: &str, close: &str| open.repeat(9_000) + "1" + &close.repeat(9_000);
        let project = |name: &str, claim: &str, fields: &str| {
            format!(
                r#"{{"apiVersion":"hanko-operator.dev/v1alpha1","kind":"HankoProject","metadata":{{"name":"{name}","resourceVersion":"1",
                    "managedFields":[{{"manager":"x","fieldsV1":{fields}}}]}},
                    "spec":{{"settings":{{"session":{{"jwtTemplate":{{"claims":{{"x":{claim}}}}}}}}}}}}}"#
            )
            .replace('\n', "")
        };
        let projects = [project("deep", &nested("[", "]"), &nested(r#"{"f:x":"#, "}")), project("acme", "1", "{}")];
        let answer = async move |RawQuery(query): RawQuery| {
            if query.unwrap_or_default().contains("watch=true") {
                projects.map(|project| format!("{{\"type\":\"ADDED\",\"object\":{project}}}\n")).concat()
            } else {
                format!(r#"{{"metadata":{{"resourceVersion":"1"}},"items":[{}]}}"#, projects.join(","))
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/apis/hanko-operator.dev/v1alpha1/hankoprojects", get(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Config::new(address.parse().unwrap())
    }

    async fn listed(client: Client) -> Result<Vec<String>, kube::Error> {
        let api = Api::<DynamicObject>::all_with(client, &resource::project());
        Ok(api.list(&ListParams::default()).await?.iter().map(ResourceExt::name_any).collect())
    }

    async fn watched(client: Client) -> Result<Vec<String>, kube::Error> {
        let api = Api::<DynamicObject>::all_with(client, &resource::project());
        let events = api.watch(&WatchParams::default(), "0").await?.boxed();
        let names = events.try_filter_map(async |event| match event {
            WatchEvent::Added(project) => Ok(Some(project.name_any())),
            _ => Ok(None),
        });
        names.try_collect().await
    }

    #[tokio::test]
    async fn a_project_nested_without_end_hides_no_other() {
        let config = api_server().await;
        assert_eq!(listed(client(config.clone()).unwrap()).await.unwrap(), ["deep", "acme"]);
        assert_eq!(watched(client(config).unwrap()).await.unwrap(), ["deep", "acme"]);
    }

    /// When this fails, kube reads any depth, and this module may go.
    #[tokio::test]
    async fn without_the_cut_neither_a_list_nor_a_watch_would_be_read() {
        let config = api_server().await;
        let plain = Client::try_from(config).unwrap();
        assert!(matches!(listed(plain.clone()).await, Err(kube::Error::SerdeError(_))));
        assert!(watched(plain).await.is_err());
    }
}
