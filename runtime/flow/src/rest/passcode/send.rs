//! `POST /passcode/login/initialize` (§13.4).

use std::time::Duration;

use hanko_credentials::{Passcode, Purpose, Subject, passcode::Charset};
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EmailId, FlowId, RequestMeta, UserId, audit::Actor};
use hanko_notify::mail::{Message, Template};
use hanko_store::users::Account;

use super::{About, Code, Sent};
use crate::{
    effect::Effect,
    rest::{
        call::{Call, Change, actor},
        emails::Addition,
        kept::{Stored, keep},
        limit::{self, Quota},
        refusal::{Outcome, RestError, refuse, refuse_saying},
        strangers,
        users::SignUp,
    },
    rules::claim,
    sessions::Valid,
    tenant::Tenant,
};

/// A code that came too late is told from one that never was for so long.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// To whom a code is to be mailed.
#[derive(Clone, Copy, Debug)]
pub struct Recipient {
    /// The user.
    pub user: UserId,
    /// Which of its addresses.
    pub email: Option<EmailId>,
    /// The address of a sign-up as the browser's cookie tells it, where no other is named. `Err`: the cookie is no id.
    pub cookie: Option<Result<EmailId, ()>>,
}

/// Whom a user id means.
enum Known {
    Account(Box<Account>),
    /// An account that waits for its address to be proven.
    New(SignUp),
    Stranger(Option<EmailAddress>),
}

/// What will be mailed.
struct Letter {
    email: EmailId,
    address: EmailAddress,
    template: Template,
    /// What its code does; `None`: it has none.
    is: Option<fn(EmailAddress) -> About>,
}

/// Mails a code. `session`: whoever is signed in already may ask for codes of its own account only.
pub async fn send_passcode(
    tenant: &Tenant,
    recipient: Recipient,
    session: Option<&Valid>,
    request: &RequestMeta,
) -> (Option<Quota>, Outcome<Sent>) {
    let call = Call::new(tenant, request);
    let known = match find(call, recipient.user).await {
        Ok(known) => known,
        Err(error) => return (None, Err(error)),
    };
    match limit::passcode(call, recipient.user).await {
        Ok(Some(quota)) if quota.exceeded => (Some(quota), Err(refuse(429))),
        Ok(quota) => match send(call, recipient, known, session).await {
            Err(RestError::Limited(mails)) => (Some(mails), Err(refuse(429))),
            outcome => (quota, outcome),
        },
        Err(error) => (None, Err(error)),
    }
}

async fn find(call: Call<'_>, user: UserId) -> Outcome<Known> {
    let (inner, id) = (call.inner(), FlowId(user.0));
    // All are looked for, whoever it is.
    let account = inner.store.account(user).await?;
    let new = Stored::<SignUp>::load(call, id).await?;
    let asked = Stored::<strangers::Asked>::load(call, id).await?;
    match (account, new, asked) {
        (Some(account), ..) => Ok(Known::Account(Box::new(account))),
        (None, Some(new), _) => Ok(Known::New(new.value)),
        (None, None, asked) if asked.is_some() || strangers::is_one(inner, user) => {
            Ok(Known::Stranger(asked.map(|asked| asked.value.address)))
        }
        _ => {
            call.refused(AuditKind::PasscodeLoginInitFailed, Actor::none(), "unknown user").await?;
            Err(refuse(400))
        }
    }
}

async fn send(call: Call<'_>, to: Recipient, known: Known, session: Option<&Valid>) -> Outcome<Sent> {
    let named = match (to.email, to.cookie) {
        (Some(email), _) => Some(email),
        // Read only where nothing else says which address is meant.
        (None, Some(cookie)) if !has_main_address(&known) => {
            Some(cookie.map_err(|()| refuse_saying(400, "failed to parse emailId as uuid"))?)
        }
        (None, _) => None,
    };
    let letter = match &known {
        Known::Account(account) => Some(to_account(call, account, named, session).await?),
        Known::New(new) => Some(to_newcomer(call, new, named).await?),
        Known::Stranger(address) => {
            let own = strangers::email_of(call.inner(), to.user);
            if let Some(other) = named.filter(|email| *email != own) {
                return Err(elsewhere(call, other).await?);
            }
            address.clone().map(|address| Letter {
                email: own,
                address,
                template: Template::EmailLoginAttempted,
                is: None,
            })
        }
    };
    if session.is_some_and(|session| session.user() != to.user) {
        return Err(refuse(403));
    }
    let (user, actor) = match &known {
        Known::Account(account) => (Some(account.user.id), actor(account)),
        _ => (None, Actor::none()),
    };
    // A stranger whose address is forgotten has limits of its own kind, so that nothing tells it from others.
    let address = letter.as_ref().map_or_else(|| to.user.to_string(), |letter| letter.address.key().to_owned());
    limit::mail(call, &address, user).await?;
    post(call, to.user, letter, actor).await
}

fn has_main_address(known: &Known) -> bool {
    match known {
        Known::Account(account) => account.primary_email().is_some(),
        Known::Stranger(_) => true,
        Known::New(_) => false,
    }
}

async fn to_account(
    call: Call<'_>,
    account: &Account,
    named: Option<EmailId>,
    session: Option<&Valid>,
) -> Outcome<Letter> {
    let Some(id) = named.or(account.user.primary_email) else {
        return Err(refuse_saying(400, "an emailId needs to be specified"));
    };
    if let Some(email) = account.emails.iter().find(|email| email.id == id) {
        let address = EmailAddress::parse(&email.address).map_err(|_| not_available())?;
        let own = session.is_some_and(|session| session.user() == account.user.id);
        // Next to a proven address an unproven one signs nobody in; who is signed in may prove it.
        return Ok(if own || claim::names(account, email) {
            Letter { email: id, address, template: Template::Login, is: Some(About::Login) }
        } else {
            Letter { email: id, address, template: Template::EmailLoginAttempted, is: None }
        });
    }
    if let Some(waiting) = Stored::<Addition>::load(call, FlowId(id.0)).await? {
        let Addition { user, address } = waiting.value;
        if user != account.user.id || session.is_none() {
            return Err(refuse(403));
        }
        let found = claim::find(&call.inner().store, address).await?;
        return Ok(proof(id, &found, About::Addition));
    }
    Err(elsewhere(call, id).await?)
}

/// An address that is not the user's: somebody else's, or nobody's.
async fn elsewhere(call: Call<'_>, id: EmailId) -> Outcome<RestError> {
    let waits = Stored::<Addition>::load(call, FlowId(id.0)).await?.is_some();
    let belongs = call.inner().store.email_by_id(id).await?.is_some();
    Ok(if waits || belongs { refuse(403) } else { not_available() })
}

async fn to_newcomer(call: Call<'_>, new: &SignUp, named: Option<EmailId>) -> Outcome<Letter> {
    let Some(email) = named else { return Err(refuse_saying(400, "an emailId needs to be specified")) };
    if email != new.email {
        return Err(not_available());
    }
    let found = claim::find(&call.inner().store, new.address.clone()).await?;
    Ok(proof(email, &found, About::SignUp))
}

/// An address that is to be proven, unless it names an account: then its owner is told that somebody tried.
fn proof(email: EmailId, found: &claim::Found, is: fn(EmailAddress) -> About) -> Letter {
    let address = found.address.clone();
    if found.is_taken(true) {
        Letter { email, address, template: Template::EmailRegistrationAttempted, is: None }
    } else {
        Letter { email, address, template: Template::EmailVerification, is: Some(is) }
    }
}

fn not_available() -> RestError {
    refuse_saying(400, "the specified emailId is not available")
}

/// Draws the code, remembers it and promises the mail. Without a letter there is nobody to mail to, and everything else is the same.
async fn post(call: Call<'_>, user: UserId, letter: Option<Letter>, actor: Actor) -> Outcome<Sent> {
    let (inner, settings) = (call.inner(), call.settings());
    let (ttl, expires_at) = (settings.email.passcode_ttl, call.now + settings.email.passcode_ttl);
    let id = FlowId::random(&inner.random);
    let email = letter.as_ref().map_or_else(|| strangers::email_of(inner, user), |letter| letter.email);
    let (mut about, mut passcode) = (About::Nothing, Passcode::unusable(&inner.random, Purpose::Login, "", expires_at));
    let mut mail = None;
    if let Some(Letter { address, template, is, .. }) = letter {
        let (language, service) = (call.request.language.as_str(), settings.service_name.as_str());
        mail = Some(match is {
            Some(is) => {
                let purpose = if template == Template::Login { Purpose::Login } else { Purpose::EmailVerification };
                let subject = Subject { tenant: call.tenant.id(), user, flow: id };
                let (key, random, charset) = (&inner.passcode_key, &inner.random, Charset::Numeric);
                let (code, issued) =
                    Passcode::issue(key, random, charset, purpose, &subject, address.key(), expires_at);
                (about, passcode) = (is(address.clone()), issued);
                let seconds = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
                Message::code(template, address, language, service, code, seconds, expires_at)
            }
            None => Message::notice(template, address, language, service),
        });
    }
    let mut effects: Vec<Effect> = mail.map(Effect::Mail).into_iter().collect();
    effects.push(Effect::Audit(AuditEntry::new(AuditKind::PasscodeLoginInitSucceeded, actor)));
    let sent = Sent { id, ttl: ttl.as_secs(), created_at: call.now };
    let code = Code { passcode, user, email, about, ttl: sent.ttl, created_at: sent.created_at };
    let spend = vec![keep(call, id, &code, expires_at + REMEMBERED)?];
    call.commit_alone(Change { spend, effects, ..Change::default() }).await?;
    Ok(sent)
}
