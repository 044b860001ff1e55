//! How mail leaves.

use crate::{
    host::{host_name, is_address},
    problem::Findings,
    project::{Credentials, Mail},
    resolve::{
        mail_templates,
        reference::{check_key, check_object_name, check_ref},
    },
    spec::{CredentialsRef, MailSpec, SecretKeyRef, SmtpSpec, SmtpTls},
};

pub(super) fn resolve(spec: &MailSpec, service_name: &str, public_host: &str, findings: &mut Findings) -> Mail {
    let from_name = spec.from.name.clone().unwrap_or_else(|| service_name.to_owned());
    if from_name.trim().is_empty() || from_name.chars().any(char::is_control) {
        findings.add(
            "spec.mail.from.name",
            "is empty or holds control characters; write the name users know, or leave it out",
        );
    }
    findings.ok("spec.mail.from.address", check_address(&spec.from.address));
    if let Some(address) = &spec.reply_to {
        findings.ok("spec.mail.replyTo", check_address(address));
    }
    let SmtpSpec { host, port, tls, credentials_ref, ca_ref, helo_name } = &spec.smtp;
    if !is_address(host) {
        findings.ok("spec.mail.smtp.host", host_name(host));
    }
    let tls = tls.unwrap_or(if *port == Some(465) { SmtpTls::Implicit } else { SmtpTls::Starttls });
    let port = port.unwrap_or(if tls == SmtpTls::Implicit { 465 } else { 587 });
    if port == 0 {
        findings.add("spec.mail.smtp.port", "0 is not a port; write 465, 587 or another one, or leave it out");
    }
    if tls == SmtpTls::None && credentials_ref.is_some() {
        findings.add(
            "spec.mail.smtp.credentialsRef",
            "would be sent in clear text with `tls: none`; write `tls: starttls` or `tls: implicit`, or remove the credentials",
        );
    }
    if let (SmtpTls::None, Some(_)) = (tls, ca_ref) {
        findings.add("spec.mail.smtp.caRef", "has no use with `tls: none`; remove one of the two");
    }
    if let Some(reference) = ca_ref {
        check_ref("spec.mail.smtp.caRef", reference, findings);
    }
    if let Some(name) = helo_name {
        findings.ok("spec.mail.smtp.heloName", host_name(name));
    }
    Mail {
        from_address: spec.from.address.clone(),
        from_name,
        reply_to: spec.reply_to.clone(),
        host: host.clone(),
        port,
        tls,
        credentials: credentials_ref.as_ref().map(|reference| credentials(reference, findings)),
        ca_ref: ca_ref.clone(),
        helo_name: helo_name.clone().unwrap_or_else(|| public_host.to_owned()),
        templates: spec.templates.as_ref().map(|spec| mail_templates::resolve(spec, findings)).unwrap_or_default(),
    }
}

fn credentials(reference: &CredentialsRef, findings: &mut Findings) -> Credentials {
    let path = "spec.mail.smtp.credentialsRef";
    check_object_name(&format!("{path}.name"), &reference.name, findings);
    let keys = reference.keys.clone().unwrap_or_default();
    let mut key = |given: Option<String>, default: &str| {
        let key = given.unwrap_or_else(|| default.to_owned());
        check_key(&format!("{path}.keys.{default}"), &key, findings);
        SecretKeyRef { name: reference.name.clone(), key }
    };
    Credentials { username: key(keys.username, "username"), password: key(keys.password, "password") }
}

pub(super) fn check_address(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("`{text}` {why}; write one address such as `login@acme.example`"));
    let Some((local, domain)) = text.rsplit_once('@') else {
        return wrong("is not a mail address");
    };
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c);
    if local.is_empty() || local.len() > 64 || local.contains(forbidden) {
        return wrong("is not a mail address");
    }
    if let Err(reason) = host_name(domain) {
        return wrong(&format!("has no usable domain ({reason})"));
    }
    Ok(())
}
