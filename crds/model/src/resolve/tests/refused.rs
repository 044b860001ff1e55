//! What cannot work is refused, all at once, each with its path and what to do.

use super::*;
use crate::Problem;

fn problems(spec: &str) -> Vec<Problem> {
    resolve(&document(spec)).expect_err(spec).0
}

#[test]
fn what_cannot_work_is_refused_with_path_and_reason() {
    for (spec, path, part) in [
        ("{}", "spec.hosts", "name at least one host"),
        ("{hosts: [auth.acme.example, Auth.Acme.Example]}", "spec.hosts[1]", "stands here twice"),
        ("{hosts: [127.0.0.1]}", "spec.hosts[0]", "IP address"),
        ("{hosts: ['auth.acme.example:8000']}", "spec.hosts[0]", "has a port"),
        ("{hosts: ['*.acme.example']}", "spec.hosts[0]", "wildcard"),
        (&with("publicUrl: auth.acme.example"), "spec.publicUrl", "is not a URL"),
        (&with("publicUrl: 'ftp://auth.acme.example'"), "spec.publicUrl", "neither https nor http"),
        (&with("publicUrl: 'https://auth.acme.example/hanko'"), "spec.publicUrl", "has a path"),
        (&with("publicUrl: 'https://auth.acme.example?a=b'"), "spec.publicUrl", "query"),
        (&with("publicUrl: 'https://user:geheim@auth.acme.example'"), "spec.publicUrl", "user name or password"),
        (&with("publicUrl: 'https://login.acme.example'"), "spec.publicUrl", "not one of `spec.hosts`"),
        (&with("origins: ['*']"), "spec.origins[0]", "wildcard"),
        (&with("origins: ['https://*.acme.example']"), "spec.origins[0]", "wildcard"),
        (&with("origins: ['null']"), "spec.origins[0]", "sandboxed"),
        (&with("origins: ['http://app.acme.example']"), "spec.origins[0]", "write https"),
        (&with("origins: ['https://app.acme.example/path']"), "spec.origins[0]", "has a path"),
        (&with("origins: ['https://user@app.acme.example']"), "spec.origins[0]", "user name"),
        (&with("origins: [app.acme.example]"), "spec.origins[0]", "is not a URL"),
        (&with("origins: ['ios:bundle-id:x']"), "spec.origins[0]", "neither https nor http"),
        (&with("origins: ['android:apk-key-hash:short']"), "spec.origins[0]", "43 characters"),
        (
            "{hosts: [auth.fern.example, auth.moor.example]}",
            "spec.settings.webauthn.relyingParty.id",
            "share no domain",
        ),
        (&with("origins: ['https://app.other.example']"), "spec.settings.webauthn.relyingParty.id", "share no domain"),
        (
            &with("settings: {webauthn: {relyingParty: {id: example}}}"),
            "spec.settings.webauthn.relyingParty.id",
            "public suffix",
        ),
        (
            &with("settings: {webauthn: {relyingParty: {id: app.acme.example}}}"),
            "spec.settings.webauthn.relyingParty.id",
            "nor above it",
        ),
        (
            &with("settings: {webauthn: {relyingParty: {id: 'https://acme.example'}}}"),
            "spec.settings.webauthn.relyingParty.id",
            "is a URL",
        ),
        (
            &with("settings: {session: {cookie: {domain: moor.example}}}"),
            "spec.settings.session.cookie.domain",
            "nor above it",
        ),
        (
            &with("settings: {session: {cookie: {domain: example}}}"),
            "spec.settings.session.cookie.domain",
            "public suffix",
        ),
        (
            "{hosts: [auth.fern.co.uk], settings: {session: {cookie: {domain: co.uk}}}}",
            "spec.settings.session.cookie.domain",
            "public suffix",
        ),
        (
            "{hosts: [localhost], settings: {session: {cookie: {domain: localhost}}}}",
            "spec.settings.session.cookie.domain",
            "public suffix",
        ),
        (
            &with("settings: {session: {cookie: {domain: 127.0.0.1}}}"),
            "spec.settings.session.cookie.domain",
            "IP address",
        ),
        (
            "{hosts: [auth.fern.test, auth.moor.test], settings: {webauthn: {relyingParty: {id: fern.test}}, session: {cookie: {domain: fern.test}}}}",
            "spec.settings.session.cookie.domain",
            "host `auth.moor.test`",
        ),
        (
            "{hosts: [a.acme.localhost], publicUrl: 'http://a.acme.localhost', settings: {session: {cookie: {sameSite: none}}}}",
            "spec.settings.session.cookie.sameSite",
            "needs https",
        ),
        (
            "{hosts: [a.acme.localhost], publicUrl: 'http://a.acme.localhost', settings: {session: {cookie: {name: __Secure-x}}}}",
            "spec.settings.session.cookie.name",
            "needs https",
        ),
        (
            &with("settings: {session: {cookie: {name: __Host-x, domain: acme.example}}}"),
            "spec.settings.session.cookie.name",
            "allows no `domain`",
        ),
        (
            &with("settings: {session: {cookie: {name: 'a b'}}}"),
            "spec.settings.session.cookie.name",
            "not the name of a cookie",
        ),
        (&with("settings: {session: {lifespan: 30d}}"), "spec.settings.session.lifespan", "no unit for days"),
        (&with("settings: {session: {lifespan: '-1h'}}"), "spec.settings.session.lifespan", "negative"),
        (&with("settings: {session: {lifespan: 0s}}"), "spec.settings.session.lifespan", "shorter than a second"),
        (
            &with("settings: {session: {idleTimeout: 5ms}}"),
            "spec.settings.session.idleTimeout",
            "shorter than a second",
        ),
        (&with("settings: {session: {idleTimeout: never}}"), "spec.settings.session.idleTimeout", "not a duration"),
        (
            &with("settings: {session: {lifespan: 24h, renewal: {enabled: true}}}"),
            "spec.settings.session.renewal.absoluteLifespan",
            "write at least `24h`",
        ),
        (
            &with("settings: {session: {lifespan: 1h, renewal: {absoluteLifespan: 12h}}}"),
            "spec.settings.session.renewal.absoluteLifespan",
            "renewal.enabled: true",
        ),
        (&with("settings: {session: {audience: ['']}}"), "spec.settings.session.audience[0]", "is empty"),
        (&with("settings: {session: {issuer: ''}}"), "spec.settings.session.issuer", "is empty"),
        (&with("settings: {service: {name: ' '}}"), "spec.settings.service.name", "is empty"),
        (
            &with("settings: {rateLimiter: {passwordLimits: {tokens: 5, interval: 1ms}}}"),
            "spec.settings.rateLimiter.passwordLimits.interval",
            "second",
        ),
        (
            &with("settings: {email: {requireVerification: true}}"),
            "spec.settings.email.requireVerification",
            "add `spec.mail`",
        ),
        (
            &with("settings: {email: {useForAuthentication: true}}"),
            "spec.settings.email.useForAuthentication",
            "add `spec.mail`",
        ),
        (&with("settings: {password: {recovery: true}}"), "spec.settings.password.recovery", "add `spec.mail`"),
        (
            &with("settings: {password: {enabled: false}, passkey: {enabled: false}}"),
            "spec.settings",
            "no way to sign in",
        ),
        (&with("keys: {rsaBits: 1024}"), "spec.keys.rsaBits", "2048, 3072 or 4096"),
        (&with("keys: {masterKeyRef: {name: ../other}}"), "spec.keys.masterKeyRef.name", "not the name of an object"),
        (
            &with("keys: {masterKeyRef: {name: db}}, database: {postgres: {urlRef: {name: db, key: url}}}"),
            "spec.keys.masterKeyRef.name",
            "Secret of its own",
        ),
        (&with("clientIp: {extractor: xRealIp}"), "spec.clientIp.trustedProxies", "is needed"),
        (&with("clientIp: {trustedProxies: [10.0.0.0/8]}"), "spec.clientIp.extractor", "believes no proxy"),
        (
            &with("clientIp: {extractor: xRealIp, trustedProxies: [10.0.0.1]}"),
            "spec.clientIp.trustedProxies[0]",
            "not an address range",
        ),
        (&with("database: {sqlite: {}, postgres: {urlRef: {name: a, key: b}}}"), "spec.database", "two databases"),
        (&with("database: {sqlite: {size: lots}}"), "spec.database.sqlite.size", "not a quantity"),
        (&with("database: {sqlite: {size: '0'}}"), "spec.database.sqlite.size", "holds nothing"),
        (
            &with("database: {postgres: {urlRef: {name: ..., key: url}}}"),
            "spec.database.postgres.urlRef.name",
            "not the name of an object",
        ),
        (
            &with("database: {postgres: {urlRef: {name: db, key: ../url}}}"),
            "spec.database.postgres.urlRef.key",
            "not a key",
        ),
        (
            &with("database: {postgres: {urlRef: {name: db, key: ..}}}"),
            "spec.database.postgres.urlRef.key",
            "not a key",
        ),
        (
            &with("database: {postgres: {urlRef: {name: db, key: a/b}}}"),
            "spec.database.postgres.urlRef.key",
            "not a key",
        ),
        (&with("replicas: 0"), "spec.replicas", "suspend: true"),
        (&with("replicas: 2"), "spec.replicas", "SQLite"),
        (&with("resources: {requests: {cpu: fast}}"), "spec.resources.requests.cpu", "not a quantity"),
        (
            &with("resources: {requests: {memory: 1Gi}, limits: {memory: 64Mi}}"),
            "spec.resources.requests.memory",
            "above the limit",
        ),
        (
            &with("exposure: {ingress: {className: 'a b'}}"),
            "spec.exposure.ingress.className",
            "not the name of an object",
        ),
        (&with("mail: {from: {address: acme}, smtp: {host: a.b}}"), "spec.mail.from.address", "not a mail address"),
        (
            &with("mail: {from: {address: 'a@b@c.d'}, smtp: {host: a.b}}"),
            "spec.mail.from.address",
            "not a mail address",
        ),
        (&with("mail: {from: {address: 'a@b_c'}, smtp: {host: a.b}}"), "spec.mail.from.address", "no usable domain"),
        (
            &with("mail: {from: {address: a@b.c, name: \"x\\r\\nBcc: y\"}, smtp: {host: a.b}}"),
            "spec.mail.from.name",
            "control characters",
        ),
        (&with("mail: {from: {address: a@b.c}, smtp: {host: 'a.b:25'}}"), "spec.mail.smtp.host", "has a port"),
        (
            &with("mail: {from: {address: a@b.c}, smtp: {host: a.b, tls: none, credentialsRef: {name: s}}}"),
            "spec.mail.smtp.credentialsRef",
            "clear text",
        ),
        (
            &with(
                "mail: {from: {address: a@b.c}, smtp: {host: a.b, credentialsRef: {name: s, keys: {password: ../x}}}}",
            ),
            "spec.mail.smtp.credentialsRef.keys.password",
            "not a key",
        ),
    ] {
        let problems = problems(spec);
        let [problem] = &problems[..] else { panic!("{spec}: one problem is expected\n{}", Problems(problems)) };
        assert_eq!(problem.path, path, "{spec}: {problem}");
        assert!(problem.message.contains(part), "{spec}: {problem}");
        assert_eq!(problem.document, "tenants/acme");
        assert!(!problem.message.contains("geheim"), "a secret is never quoted");
    }
}

#[test]
fn all_problems_come_at_once() {
    let spec = "{hosts: [a.acme.example], replicas: 0, origins: ['*'], keys: {rsaBits: 1}, settings: {session: {limit: 0, lifespan: x}}}";
    let paths: Vec<String> = problems(spec).into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "spec.keys.rsaBits",
            "spec.origins[0]",
            "spec.replicas",
            "spec.settings.session.lifespan",
            "spec.settings.session.limit"
        ]
    );
}

#[test]
fn a_name_that_could_leave_its_folder_is_refused() {
    for (namespace, name, path) in [
        ("tenants", "../x", "metadata.name"),
        ("..", "acme", "metadata.namespace"),
        ("a/b", "acme", "metadata.namespace"),
        ("a.b", "acme", "metadata.namespace"),
    ] {
        let document =
            Document { namespace: namespace.into(), name: name.into(), ..document("{hosts: [a.acme.example]}") };
        let problems = resolve(&document).expect_err(path).0;
        assert!(problems.iter().any(|problem| problem.path == path), "{}", Problems(problems));
    }
}
