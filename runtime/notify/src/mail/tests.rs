use hanko_domain::{EmailAddress, Secret, TenantId, UserId};
use hanko_keys::MasterKeys;
use hanko_model::document::{Unknown, parse};
use hanko_store::{DatabaseUrl, PoolSize, Store, TenantStore};

use super::*;

const MAIL: &str = "mail: {from: {address: noreply@acme.example}, smtp: {host: mail.acme.example}}";

/// A tenant with an empty database.
struct House {
    tenant: TenantStore,
    sealer: Sealer,
    random: Random,
    folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("test.db")), PoolSize(1)).unwrap();
        store.migrate().await.unwrap();
        let random = Random::system();
        let id = TenantId::random(&random);
        let entry = MasterKeys::generate(&random);
        let keys = MasterKeys::from_entries([(entry.0, entry.1.into_bytes())]).unwrap();
        Self { tenant: store.tenant(id), sealer: Sealer::new(&keys, id).unwrap(), random, folder }
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    async fn enqueue(&self, project: &Project, message: &Message) -> Result<Option<EventId>, EnqueueError> {
        let mut work = self.tenant.begin().await.unwrap();
        let now = Timestamp::from_seconds(1_790_000_000);
        let done = enqueue(&mut work, &self.sealer, project, message, &RequestMeta::default(), now, &self.random).await;
        work.commit().await.unwrap();
        done
    }
}

fn project(spec: &str) -> Project {
    let text = format!(
        "{{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {{name: acme}}, spec: {{hosts: [auth.acme.example]{spec}}}}}"
    );
    hanko_model::resolve(&parse(&text, Unknown::Refuse).unwrap().documents[0]).unwrap()
}

fn kim() -> EmailAddress {
    EmailAddress::parse("kim@fern.example").unwrap()
}

#[tokio::test]
async fn a_security_notification_is_noted_in_the_audit_log_with_its_recipient_masked() {
    let house = House::new().await;
    let owner = UserId::random(&house.random);
    let message = Message::notice(Template::PasswordUpdate, kim(), "de", "Acme").about(owner);
    assert!(house.enqueue(&project(&format!(", {MAIL}")), &message).await.unwrap().is_some());
    let row = house.tenant.newest_audit_rows(9).await.unwrap().remove(0);
    assert_eq!((row.kind.as_str(), row.actor_user), ("security_notification_sent", Some(owner.0)));
    let details = serde_json::json!({
        "template": "password_update", "email_address": "k*****@fern.example", "delivered_by_hanko": "true",
    });
    assert_eq!(serde_json::to_value(&row.details).unwrap(), details);
}

#[tokio::test]
async fn mails_to_visitors_are_no_notifications() {
    let house = House::new().await;
    let project = project(&format!(", {MAIL}"));
    let until = Timestamp::from_seconds(1_790_000_300);
    let code = Message::code(Template::Login, kim(), "de", "Acme", Secret::new("482913".into()), 300, until);
    house.enqueue(&project, &code).await.unwrap();
    house.enqueue(&project, &Message::notice(Template::EmailLoginAttempted, kim(), "", "Acme")).await.unwrap();
    assert!(house.tenant.newest_audit_rows(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_without_mail_promises_none() {
    let house = House::new().await;
    let message = Message::notice(Template::PasswordUpdate, kim(), "de", "Acme");
    assert_eq!(house.enqueue(&project(""), &message).await.unwrap(), None);
    assert!(house.tenant.newest_audit_rows(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_without_mail_whose_webhook_takes_mails_promises_them() {
    let house = House::new().await;
    let message = Message::notice(Template::PasswordUpdate, kim(), "de", "Acme");
    let hook = "webhooks: {hooks: [{name: mails, callback: 'https://mails.acme.example/', events: [email.send]}]}";
    assert!(house.enqueue(&project(&format!(", {hook}")), &message).await.unwrap().is_some());
    let row = house.tenant.newest_audit_rows(9).await.unwrap().remove(0);
    assert_eq!(row.details["delivered_by_hanko"], "false");
}

#[tokio::test]
async fn a_message_that_contradicts_itself_is_not_taken() {
    let house = House::new().await;
    let project = project(&format!(", {MAIL}"));
    let secret = Secret::new("482913".to_owned());
    let code = Message::code(Template::EmailLoginAttempted, kim(), "", "Acme", secret, 300, Timestamp(0));
    let refused = house.enqueue(&project, &code).await.unwrap_err();
    assert_eq!(refused.to_string(), "the mail email_login_attempted must not carry a code");
    let refused = house.enqueue(&project, &Message::notice(Template::Login, kim(), "", "Acme")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the mail login must carry a code");
    let notice = Message::notice(Template::EmailCreate, kim(), "", "Acme").with_old_address(kim());
    assert_eq!(
        house.enqueue(&project, &notice).await.unwrap_err().to_string(),
        "the mail email_create lacks what it tells"
    );
}

#[tokio::test]
async fn an_event_is_written_down_sealed() {
    let house = House::new().await;
    let payload = serde_json::json!({"emails": ["kim@fern.example"]});
    let mut work = house.tenant.begin().await.unwrap();
    let (request, now) = (RequestMeta::default(), Timestamp::from_seconds(1_790_000_000));
    let kind = EventKind::UserCreate;
    events::record(&mut work, &house.sealer, kind, &payload, &request, now, &house.random).await.unwrap();
    work.commit().await.unwrap();
    let written: Vec<u8> = ["test.db", "test.db-wal"].iter().flat_map(|name| house.file(name)).collect();
    let holds = |text: &str| written.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("user.create"));
    assert!(!holds("kim@fern.example"));
}
