//! What the guide to claims shows is what the templates do.

use std::{fs, path::Path};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Sample {
    user_id: String,
    email: SampleEmail,
    username: String,
    name: String,
    public_metadata: Value,
    unsafe_metadata: Value,
}

#[derive(Deserialize)]
struct SampleEmail {
    address: String,
    is_primary: bool,
    is_verified: bool,
}

#[test]
fn every_example_gives_the_claim_beside_it() {
    // Asked when it runs: checkouts share one target folder, so the program may have been compiled in another one.
    let guide = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/guides/claims.md");
    let guide = fs::read_to_string(guide).unwrap();
    let block = |language: &str, nth: usize| {
        let rest = guide.split(&format!("```{language}\n")).nth(nth + 1).unwrap();
        rest.split("```").next().unwrap()
    };

    let project: Value = serde_saphyr::from_str(block("yaml", 0)).unwrap();
    let documents = parse(&project.to_string(), Unknown::Refuse).unwrap().documents;
    let project = resolve(&documents[0]).unwrap();
    assert_eq!(check(&project), []);
    let template = ClaimTemplate::compile(&project.settings.session.jwt_template).unwrap();

    let sample: Sample = serde_json::from_str(block("json", 0)).unwrap();
    let SampleEmail { address, is_primary, is_verified } = sample.email;
    let jane = User {
        user_id: sample.user_id,
        email: Some(Email { address, is_primary, is_verified }),
        username: sample.username,
        name: sample.name,
        public_metadata: Some(sample.public_metadata),
        unsafe_metadata: Some(sample.unsafe_metadata),
        ..User::default()
    };
    assert_eq!(template.evaluate(&jane).dropped, []);
    let poor: Value = serde_json::from_str(block("json", 1)).unwrap();
    let evaluated = template.evaluate(&nobody());
    assert_eq!(Value::Object(evaluated.claims), poor);
    assert!(
        evaluated.dropped.iter().any(|(_, reason)| reason.contains("asks for `.Address` of something that has none"))
    );

    let (for_jane, for_nobody) = guide.split_once("## When something is missing").unwrap();
    let mut count = 0;
    for (part, user) in [(for_jane, &jane), (for_nobody, &nobody())] {
        for row in part.lines().filter(|line| line.starts_with("| `")) {
            let row = row.replace("\\|", "¦");
            let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let claim: Value = serde_json::from_str(cells[2]).unwrap_or_else(|error| panic!("{row}: {error}"));
            assert_eq!(of(&cells[1].replace('¦', "|"), user), Ok(claim), "{row}");
            count += 1;
        }
    }
    assert_eq!(count, 35);
}
