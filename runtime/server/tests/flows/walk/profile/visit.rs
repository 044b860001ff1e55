//! One run of the profile beside the model of it.

use hanko_domain::FlowId;
use serde_json::{Map, Value, json};

use super::{
    model::{Run, Shown, Told, World},
    moves::Way,
    offers::offers,
    people::{Client, Guest, NEW_PASSWORD, claims, me},
};
use crate::{
    support::{Answer, Flow, TestApp},
    walk::{
        check::names,
        tables::message,
        visit::{Context, Move},
    },
};

pub type ProfileMove = (String, Way);

/// Somebody on the way through the profile.
pub struct Visit<'a> {
    pub app: &'a TestApp,
    pub world: &'a World<'a>,
    pub run: Run,
    pub client: Client,
    pub flow: Flow<'a>,
    pub path: Vec<Move<Way>>,
    /// The stranger has lost what was not theirs.
    released: bool,
}

impl<'a> Visit<'a> {
    pub async fn begin(app: &'a TestApp, world: &'a World<'a>, guest: &Guest) -> Self {
        let Guest { client, run } = guest.clone();
        let flow = Flow::begin_with(app, "/profile", &[("cookie", &client.cookie)]).await;
        Self { app, world, run, client, flow, path: Vec::new(), released: false }
    }

    /// What can be done now; the way back comes first.
    pub fn moves(&self, clients: &[Way]) -> Vec<ProfileMove> {
        let names = offers(self.world.settings, &self.run);
        let ways = names.keys().flat_map(|action| {
            let ways = match action.as_str() {
                "register_client_capabilities" => clients.to_vec(),
                _ => self.world.ways(&self.run, action),
            };
            ways.into_iter().map(|way| (action.clone(), way))
        });
        let mut ways: Vec<ProfileMove> = ways.collect();
        ways.sort_by_key(|(action, _)| action != "back");
        // Two states of a step-up lead to each other.
        if self.run.history.len() > 3 {
            ways.retain(|(action, _)| !action.starts_with("continue_") && !action.starts_with("webauthn_generate_"));
        }
        ways
    }

    /// Performs an action and holds the answer against the model.
    pub async fn go(&mut self, (action, way): ProfileMove) -> Told {
        self.path.push((action.clone(), way.clone()));
        let before = self.flow.document();
        // Of several mails to one address the newest has to come last.
        let mails = action.starts_with("email_")
            || ["resend_passcode", "continue_to_passcode_confirmation"].contains(&action.as_str())
            || self.world.settings.step_up.enabled;
        if self.run.code.is_some() && mails {
            self.app.until_delivered().await;
        }
        let changes = self.run.changes;
        let inputs = self.client.inputs(self.app, self.world, &mut self.run, &action, &way).await;
        let told = self.run.act(self.world, &action, &way);
        self.flow.act(&action, inputs).await;
        if self.run.changes > changes && action.starts_with("password_") {
            self.client.password = NEW_PASSWORD;
        }
        let document = self.flow.document();
        let path = self.path.clone();
        let context = Context(&path, &document);
        self.check(&action, &told, &before);
        if told.raised {
            self.raised().await;
        }
        if self.run.changes > changes && self.run.at.state == "profile_init" {
            self.check_stored().await;
        }
        if self.run.at.state == "account_deleted" {
            assert_eq!(me(self.app, &self.client.cookie).await.status, 401);
        }
        drop(context);
        self.client.see(&document);
        told
    }

    fn check(&mut self, called: &str, told: &Told, before: &Value) {
        let answer = self.flow.answer.clone();
        let document = answer.json();
        let status = if told.status == 0 { 200 } else { told.status };
        assert_eq!((answer.status.as_u16(), &document["status"]), (status, &json!(status)));
        assert_eq!(document["name"], self.run.at.state);
        assert_ne!(before["csrf_token"], document["csrf_token"], "every answer has a new token");
        let mut members = vec!["actions", "csrf_token", "links", "name", "payload", "status"];
        if let Some(code) = told.error {
            members.insert(2, "error");
            assert_eq!(document["error"], json!({"code": code, "message": message(code)}));
        }
        assert_eq!(names(&document), members);
        if told.shown == Shown::Profile {
            self.run.account.learn(&document["payload"]["user"]);
        }
        self.check_actions(called, told, &document);
        self.check_payload(told, before, &document["payload"]);
        check_headers(&self.run, told, &answer);
        let text = answer.text();
        let stranger = self.world.stranger;
        for secret in [&stranger.id, &stranger.address, &stranger.email, &stranger.passkey, &stranger.session] {
            assert!(!text.contains(secret.as_str()), "{secret} is somebody else's");
        }
    }

    fn check_actions(&self, called: &str, told: &Told, document: &Value) {
        let mut expected = offers(self.world.settings, &self.run);
        let message = |input: &Value, code: &str| match (code, input["allowed_values"].as_array()) {
            ("value_invalid_error", Some(choices)) => {
                let values: Vec<&str> = choices.iter().map(|choice| choice["value"].as_str().unwrap()).collect();
                format!("{} Must be one of: {}", message(code), values.join(","))
            }
            _ => message(code).to_owned(),
        };
        if let (Some((name, code)), Some(inputs)) = (told.input, expected.get_mut(called)) {
            inputs[name]["error"] = json!({"code": code, "message": message(&inputs[name], code)});
            if let Some(value) = &told.value {
                inputs[name]["value"] = json!(value);
            }
            if code == "invalid_metadata_error" {
                let long = self.path.last().is_some_and(|(_, way)| *way == Way::Long);
                let cause = match long {
                    true => "metadata must not exceed character limit (3000)",
                    false => "patch metadata must be an object or null",
                };
                inputs[name]["error"]["cause"] = json!(cause);
            }
        }
        let shown = document["actions"].as_object().unwrap();
        let inputs: Map<String, Value> =
            shown.iter().map(|(name, action)| (name.clone(), action["inputs"].clone())).collect();
        assert_eq!(Value::Object(inputs), Value::Object(expected), "offers and inputs of {}", self.run.at.state);
        for (name, action) in shown {
            assert_eq!(names(action), ["action", "description", "href", "inputs"]);
            let href = action["href"].as_str().unwrap();
            let id = href.strip_prefix(&format!("/profile?action={name}%40")).unwrap();
            assert!(id.parse::<FlowId>().is_ok(), "{href}");
        }
    }

    fn check_payload(&mut self, told: &Told, before: &Value, payload: &Value) {
        match &told.shown {
            Shown::Nothing => assert_eq!(payload, &json!({})),
            Shown::Profile => self.check_profile(told, payload),
            Shown::Request(allowed) => {
                assert_eq!(names(payload), ["request_options"]);
                let list = payload["request_options"]["publicKey"]["allowCredentials"].as_array();
                assert_eq!(list.map(Vec::len), Some(*allowed), "{payload:#}");
            }
            Shown::Creation { key } => {
                assert_eq!(names(payload), ["creation_options"]);
                let options = &payload["creation_options"]["publicKey"];
                let account = &self.run.account;
                let selection = &options["authenticatorSelection"];
                assert_eq!(selection["residentKey"], if *key { "discouraged" } else { "required" });
                let name = account.username.as_deref().or(account.label());
                assert_eq!(
                    (&options["user"]["name"], &options["user"]["displayName"]),
                    (&json!(account.label()), &json!(name))
                );
                let excluded = options["excludeCredentials"].as_array().map_or(0, Vec::len);
                assert_eq!(excluded, account.passkeys.len() + account.keys.len());
            }
            Shown::Secret { same } => {
                assert_eq!(names(payload), ["otp_image_source", "otp_secret"]);
                assert_eq!(payload["otp_secret"].as_str().unwrap().len(), 32);
                assert_eq!(*same, before["payload"] == *payload);
            }
        }
    }

    /// §4.
    fn check_profile(&mut self, told: &Told, payload: &Value) {
        let settings = self.world.settings;
        self.run.account.check(settings, &payload["user"]);
        if !settings.session.show_on_profile {
            assert_eq!(names(payload), ["user"]);
            return;
        }
        assert_eq!(names(payload), ["sessions", "user"]);
        let sessions = payload["sessions"].as_array().unwrap();
        let current = sessions.iter().find(|session| session["current"] == true).unwrap();
        let same = current["id"] == self.run.session.as_str();
        assert_eq!(same, !told.raised, "a session goes on under a new id when it is raised");
        let others: Vec<&str> =
            sessions.iter().filter(|one| one["current"] == false).map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(others, self.run.account.others);
    }

    /// The session goes on under a new id with what was shown; the old one is dead.
    async fn raised(&mut self) {
        let old = std::mem::replace(&mut self.client.cookie, self.flow.answer.cookie());
        self.flow.headers = vec![("cookie".to_owned(), self.client.cookie.clone())];
        assert_eq!(me(self.app, &old).await.status, 401, "the old session");
        let claims = claims(self.app, &self.client.cookie).await;
        let acr = if self.run.aal2 { "aal2" } else { "aal1" };
        assert_eq!((&claims["auth_time"], &claims["acr"]), (&json!(self.run.proven_at), &json!(acr)));
        assert_eq!(claims["subject"], self.run.account.id.as_str());
        claims["session_id"].as_str().unwrap().clone_into(&mut self.run.session);
    }

    /// What the answer showed is what is stored, and nobody else has lost anything but what they only claimed.
    async fn check_stored(&mut self) {
        let shown = &self.flow.document()["payload"]["user"];
        assert_eq!(me(self.app, &self.client.cookie).await.json(), *shown);
        self.released |= self.run.account.emails.iter().any(|email| email.text == self.world.stranger.claimed);
        let mut expected = self.world.stranger.user.clone();
        let mut user = me(self.app, &self.world.stranger.cookie).await.json();
        if self.released {
            let emails = expected["emails"].as_array_mut().unwrap();
            emails.retain(|email| email["address"] != self.world.stranger.claimed.as_str());
            emails[0]["is_primary"] = json!(true);
            user["updated_at"] = expected["updated_at"].clone();
        }
        assert_eq!(user, expected);
    }
}

fn check_headers(run: &Run, told: &Told, answer: &Answer) {
    let cookies = answer.header("set-cookie");
    let lifetime = answer.header("x-session-lifetime");
    if told.raised {
        assert!(cookies.starts_with("hanko=") && !cookies.contains("Max-Age=0"), "{cookies}");
    } else if run.at.state == "account_deleted" {
        assert!(cookies.starts_with("hanko=;") && cookies.contains("Max-Age=0"), "{cookies}");
    } else {
        assert_eq!((cookies, lifetime), (String::new(), String::new()));
    }
}
