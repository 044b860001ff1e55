//! What the API server refuses by itself, in CEL. Only rules that need no more than the object; everything else is found by
//! `hanko_model::resolve` and told in a condition.

use serde_json::{Value, json};

/// One rule at one place of the spec.
pub(crate) struct Rule {
    /// JSON pointer from the schema of the whole object.
    pub(crate) at: &'static str,
    /// The field to name, below that place; empty for the place itself.
    pub(crate) field: &'static str,
    /// The condition that must hold.
    pub(crate) rule: &'static str,
    /// What to do.
    pub(crate) message: &'static str,
}

const SPEC: &str = "/properties/spec";
const SETTINGS: &str = "/properties/spec/properties/settings";

/// Mail goes out: by a server, or by a receiver of `email.send`. The API server can estimate the cost of `has`, but not of `orValue([])`.
macro_rules! mail {
    () => {
        "(has(self.mail) || (has(self.webhooks) && self.?webhooks.?enabled.orValue(true) && has(self.webhooks.hooks) && \
         self.webhooks.hooks.exists(hook, 'email.send' in hook.events)))"
    };
}

/// All rules.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        at: SPEC,
        field: ".tenantId",
        rule: "has(oldSelf.tenantId) ? has(self.tenantId) && self.tenantId == oldSelf.tenantId : true",
        message: "tenantId is immutable once set: it is the tenant's identity in its database; create another project for another tenant",
    },
    Rule {
        at: "",
        field: ".spec.tenantId",
        rule: "has(oldSelf.spec.tenantId) || !has(self.spec.tenantId) || !has(oldSelf.status) || !has(oldSelf.status.tenantId) || \
               self.spec.tenantId.lowerAscii() == oldSelf.status.tenantId.lowerAscii()",
        message: "the tenant has an identity already; write the one in status.tenantId, or create another project for another tenant",
    },
    Rule {
        at: SPEC,
        field: ".hosts",
        rule: "has(self.hosts) && size(self.hosts) > 0",
        message: "name at least one host that leads to this tenant, such as auth.acme.example",
    },
    Rule {
        at: SPEC,
        field: ".replicas",
        rule: "!has(self.replicas) || self.replicas != 0",
        message: "replicas 0 is not possible; write suspend: true to stop the tenant",
    },
    Rule {
        at: SPEC,
        field: ".replicas",
        rule: "!has(self.replicas) || self.replicas <= 1 || (has(self.database) && has(self.database.postgres))",
        message: "several pods cannot share a SQLite file; write replicas: 1, or use database.postgres",
    },
    Rule {
        at: "/properties/spec/properties/hosts/items",
        field: "",
        rule: "self.size() > 0 && !self.contains('/') && !self.contains(':') && !self.contains('*')",
        message: "write the host name alone, without scheme, port, path or wildcard",
    },
    Rule {
        at: "/properties/spec/properties/publicUrl",
        field: "",
        rule: "isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getEscapedPath() in ['', '/'] && \
               url(self).getQuery().size() == 0 && !self.contains('@')",
        message: "write scheme, host and port only, such as https://auth.acme.example; a tenant owns whole hosts",
    },
    Rule {
        at: "/properties/spec/properties/origins/items",
        field: "",
        rule: "self.startsWith('android:apk-key-hash:') || (isURL(self) && url(self).getScheme() in ['https', 'http'] && \
               url(self).getEscapedPath() in ['', '/'] && url(self).getQuery().size() == 0 && !self.contains('@') && !self.contains('*'))",
        message: "write scheme, host and port of a page, such as https://app.acme.example, without path or wildcard",
    },
    Rule {
        at: "/properties/spec/properties/origins/items",
        field: "",
        rule: "!self.startsWith('http://') || self.matches('(?i)^http://(([^/:@?#]+[.])?localhost|127[.]0[.]0[.]1|[[]::1[]])(:[0-9]*)?/?$')",
        message: "write https: anyone on the network can read and change a page over http (http is for localhost and names below it)",
    },
    Rule {
        at: "/properties/spec/properties/database",
        field: "",
        rule: "!(has(self.sqlite) && has(self.postgres))",
        message: "names two databases; keep sqlite or postgres",
    },
    Rule {
        at: "/properties/spec/properties/mail/properties/smtp",
        field: ".credentialsRef",
        rule: "!(has(self.tls) && self.tls == 'none' && has(self.credentialsRef))",
        message: "credentials would be sent in clear text with tls: none; write tls: starttls or tls: implicit, or remove credentialsRef",
    },
    Rule {
        at: "/properties/spec/properties/clientIp",
        field: ".trustedProxies",
        rule: "!has(self.extractor) || self.extractor == 'direct' || (has(self.trustedProxies) && size(self.trustedProxies) > 0)",
        message: "trustedProxies is needed to believe a header; write the address ranges of your proxies",
    },
    Rule {
        at: "/properties/spec/properties/adminApi/properties/keys/items/properties/name",
        field: "",
        rule: "self.matches('^[a-z0-9-]+$') && self != 'generated'",
        message: "write lower-case letters, digits and dashes; `generated` is the key that is made for the project",
    },
    Rule {
        at: "/properties/spec/properties/adminApi/properties/keys/items",
        field: ".scopes",
        rule: "!has(self.scopes) || size(self.scopes) > 0",
        message: "names no right, so the key could do nothing; name some, or leave the list out for all",
    },
    Rule {
        at: "/properties/spec/properties/webhooks/properties/hooks/items/properties/name",
        field: "",
        rule: "self.matches('^[a-z0-9-]+$')",
        message: "write lower-case letters, digits and dashes",
    },
    Rule {
        at: "/properties/spec/properties/webhooks/properties/hooks/items/properties/callback",
        field: "",
        rule: "isURL(self) && url(self).getScheme() in ['https', 'http'] && !self.contains('#') && !self.matches('^[a-zA-Z]+://[^/?]*@')",
        message: "write an https or http URL without user name, password and fragment",
    },
    Rule {
        at: "/properties/spec/properties/keys/properties/rsaBits",
        field: "",
        rule: "self in [2048, 3072, 4096]",
        message: "write 2048, 3072 or 4096",
    },
    Rule {
        at: SPEC,
        field: ".settings",
        rule: concat!(
            "self.?settings.?password.?enabled.orValue(true) || self.?settings.?passkey.?enabled.orValue(true) || (",
            mail!(),
            " && self.?settings.?email.?enabled.orValue(true) && self.?settings.?email.?useForAuthentication.orValue(true))"
        ),
        message: "leaves no way to sign in; enable password, passkey, or mail with email.useForAuthentication",
    },
    Rule {
        at: SPEC,
        field: ".settings",
        rule: concat!(
            mail!(),
            " || !((self.?settings.?email.?enabled.orValue(true) && \
               (self.?settings.?email.?requireVerification.orValue(false) || self.?settings.?email.?useForAuthentication.orValue(false))) || \
               (self.?settings.?password.?enabled.orValue(true) && self.?settings.?password.?recovery.orValue(false)))"
        ),
        message: "email.requireVerification, email.useForAuthentication and password.recovery need mail; add spec.mail or a webhook for email.send, or write false",
    },
    Rule {
        at: SPEC,
        field: ".settings.securityNotifications",
        rule: concat!(
            mail!(),
            " || !self.?settings.?securityNotifications.?notifications.optMap(mails, \
               mails.?passwordRecovery.?enabled.orValue(false) || mails.?newSession.?enabled.orValue(false) || \
               mails.?passwordLimit.?enabled.orValue(false) || mails.?passwordUpdate.?enabled.orValue(false) || \
               mails.?primaryEmailUpdate.?enabled.orValue(false) || mails.?emailCreate.?enabled.orValue(false) || \
               mails.?emailDelete.?enabled.orValue(false) || mails.?passkeyCreate.?enabled.orValue(false) || \
               mails.?mfaCreate.?enabled.orValue(false) || mails.?mfaDelete.?enabled.orValue(false)).orValue(false)"
        ),
        message: "these mails need mail; add spec.mail or a webhook for email.send, or write false",
    },
    Rule {
        at: SETTINGS,
        field: ".password",
        rule: "!self.?password.?enabled.orValue(true) || \
               (self.?email.?enabled.orValue(true) && self.?email.?useAsLoginIdentifier.orValue(true)) || \
               (self.?username.?enabled.orValue(false) && self.?username.?useAsLoginIdentifier.orValue(true))",
        message: "a password has to know whose account it is, and login takes neither address nor username; enable username, write \
                  email.useAsLoginIdentifier: true, or password.enabled: false",
    },
    Rule {
        at: SETTINGS,
        field: ".account",
        rule: "!self.?account.?allowSignup.orValue(true) || \
               (self.?email.?enabled.orValue(true) && self.?email.?acquireOnRegistration.orValue(true)) || \
               (self.?username.?enabled.orValue(false) && self.?username.?acquireOnRegistration.orValue(true))",
        message: "registration asks for neither address nor username, and an account needs one of them; write acquireOnRegistration: true in \
                  email or in an enabled username, or allowSignup: false",
    },
    Rule {
        at: "/properties/spec/properties/settings/properties/account/properties/stepUp",
        field: ".actions",
        rule: "!self.?enabled.orValue(false) || !has(self.actions) || size(self.actions) > 0",
        message: "names no action, so nothing would ask for a fresh sign-in; name some, leave actions out, or write enabled: false",
    },
    Rule {
        at: "/properties/spec/properties/settings/properties/username",
        field: "",
        rule: "self.?minLength.orValue(3) <= self.?maxLength.orValue(32)",
        message: "no username is that long and that short at once; lower minLength (default 3) or raise maxLength (default 32)",
    },
    Rule {
        at: "/properties/spec/properties/settings/properties/mfa",
        field: ".optional",
        rule: "self.?optional.orValue(true) || !self.?enabled.orValue(true) || self.?totp.?enabled.orValue(true) || \
               self.?securityKeys.?enabled.orValue(true)",
        message: "demands a second factor, and there is none; enable totp or securityKeys, or write true",
    },
    Rule {
        at: "/properties/spec/properties/settings/properties/mfa",
        field: ".optional",
        rule: "self.?optional.orValue(true) || !self.?enabled.orValue(true) || self.?acquireOnRegistration.orValue(true) || \
               self.?acquireOnLogin.orValue(false)",
        message: "demands a second factor that nobody is asked to create; write acquireOnLogin: true or acquireOnRegistration: true, or true here",
    },
];

/// Puts the rules into the schema of the whole object.
pub(crate) fn install(schema: &mut Value) {
    for Rule { at, field, rule, message } in RULES {
        let Some(place) = schema.pointer_mut(at).and_then(Value::as_object_mut) else { continue };
        let rules = place.entry("x-kubernetes-validations").or_insert(json!([]));
        if let Some(rules) = rules.as_array_mut() {
            rules.push(match *field {
                "" => json!({ "rule": rule, "message": message }),
                field => json!({ "rule": rule, "message": message, "fieldPath": field }),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_place() {
        let schema = crate::crd::object_schema();
        for Rule { at, rule, .. } in RULES {
            let rules = schema.pointer(at).and_then(|place| place.get("x-kubernetes-validations"));
            assert!(rules.is_some_and(|rules| rules.to_string().contains(&json!(rule).to_string())), "{at}: {rule}");
        }
    }
}
