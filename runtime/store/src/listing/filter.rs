//! The conditions of a query in SQL.

use hanko_domain::{Category, TenantId, Timestamp};
use serde_json::{Map, Value};

use super::{Range, UserQuery, pages::Key};
use crate::built::{Bound, Built, Dialect};

/// Adds from `FROM` to the end of `WHERE`; the users are called `u`.
pub(super) fn matching(mut built: Built, tenant: TenantId, query: &UserQuery) -> Built {
    if !query.is_everybody() {
        built = built.unprepared();
    }
    let tenant = || Bound::Id(tenant.0);
    built = built.words(" FROM users u");
    let parts: Vec<_> = [
        ("SELECT user_id FROM emails WHERE tenant_id = ", " AND address_key LIKE ", query.email.as_deref()),
        ("SELECT user_id FROM usernames WHERE tenant_id = ", " AND username_key LIKE ", query.username.as_deref()),
    ]
    .into_iter()
    .filter_map(|(select, like, part)| Some((select, like, part?)))
    .collect();
    let find = |built: Built, (select, like, part): &(&str, &str, &str)| {
        let pattern = built.pattern(part);
        built.words(select).value(tenant()).words(like).value(pattern)
    };
    // Whom either finds, each once.
    if let [email, username] = parts.as_slice() {
        built = find(find(built.words(" JOIN ("), email).words(" UNION "), username)
            .words(") named ON named.user_id = u.id");
    }
    let leaves: Vec<(Category, Leaf<'_>)> = query
        .metadata
        .iter()
        .flat_map(|(category, document)| leaves(document).into_iter().map(|leaf| (*category, leaf)))
        .collect();
    if !leaves.is_empty() {
        built = built.words(" JOIN user_metadata m ON m.tenant_id = u.tenant_id AND m.user_id = u.id");
    }
    built = built.words(" WHERE u.tenant_id = ").value(tenant()).words(" AND u.listed = TRUE");
    if !query.ids.is_empty() {
        built = built.words(" AND u.id IN ").list(query.ids.iter().map(|id| Bound::Id(id.0)));
    }
    // Here a planner may also go through the list and look at each one's, which is faster for what most have.
    if let [one] = parts.as_slice() {
        built = find(built.words(" AND u.id IN ("), one).words(")");
    }
    built = within(built, " AND u.created_at", query.created);
    built = within(built, " AND u.last_login_at", query.last_login);
    for (category, leaf) in leaves {
        built = leaf.contained(built, &format!("m.{}_metadata", category.as_str()));
    }
    built
}

fn within(mut built: Built, column: &str, Range { from, to }: Range) -> Built {
    for (operator, end) in [(" >= ", from), (" < ", to)] {
        if let Some(Timestamp(time)) = end {
            built = built.words(column).words(operator).value(Bound::Number(time));
        }
    }
    built
}

/// The rows from this one on, or before it.
pub(super) fn from(built: Built, ascending: bool, key: Key) -> Built {
    let (time, id) = (|| Bound::Number(key.created_at.0), || Bound::Id(key.id.0));
    // MariaDB and MySQL find no range of an index for a comparison of rows.
    let (at, beyond) = if ascending { (" >= ", " > ") } else { (" <= ", " < ") };
    let equal = if ascending { " >= " } else { " < " };
    match built.dialect {
        Dialect::Sqlite | Dialect::Postgres => built
            .words(" AND (u.created_at, u.id)")
            .words(equal)
            .words("(")
            .value(time())
            .words(", ")
            .value(id())
            .words(")"),
        Dialect::MySql => built
            .words(" AND u.created_at")
            .words(at)
            .value(time())
            .words(" AND (u.created_at")
            .words(beyond)
            .value(time())
            .words(" OR u.id")
            .words(equal)
            .value(id())
            .words(")"),
    }
}

impl Built {
    /// A pattern for whatever contains the part. A backslash means itself, also where it would take away another sign's meaning.
    fn pattern(&self, part: &str) -> Bound {
        Bound::Text(match self.dialect {
            Dialect::Sqlite => format!("%{part}%"),
            Dialect::Postgres | Dialect::MySql => format!("%{}%", part.replace('\\', "\\\\")),
        })
    }
}

/// A string, number, boolean or null in a document, and the members that lead to it.
struct Leaf<'a> {
    path: Vec<&'a str>,
    value: &'a Value,
}

fn leaves(document: &Value) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    let mut open = vec![Leaf { path: Vec::new(), value: document }];
    while let Some(Leaf { path, value }) = open.pop() {
        match value {
            Value::Object(members) => open.extend(members.iter().map(|(name, value)| {
                let path = path.iter().copied().chain([name.as_str()]).collect();
                Leaf { path, value }
            })),
            _ => leaves.push(Leaf { path, value }),
        }
    }
    leaves
}

impl Leaf<'_> {
    fn contained(&self, built: Built, column: &str) -> Built {
        let scalar = !matches!(self.value, Value::Array(_) | Value::Object(_));
        if !scalar || self.path.is_empty() || self.path.len() > UserQuery::DEEPEST {
            return built.words(" AND 1 = 0");
        }
        match built.dialect {
            Dialect::Postgres => {
                let metadata = format!("hanko_metadata({column}) @> hanko_metadata(");
                let (alone, element) =
                    (self.document(self.value.clone()), self.document(vec![self.value.clone()].into()));
                built
                    .words(" AND (")
                    .words(&metadata)
                    .value(Bound::Text(alone.to_string()))
                    .words(") OR ")
                    .words(&metadata)
                    .value(Bound::Text(element.to_string()))
                    .words("))")
            }
            // Strings are compared as they are written: in the form in which metadata is stored.
            Dialect::MySql => {
                let document = self.document(self.value.clone()).to_string();
                let document = document.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
                built.words(" AND JSON_CONTAINS(").words(column).words(", ").value(Bound::Text(document)).words(")")
            }
            Dialect::Sqlite => self.walked(built, column),
        }
    }

    /// The leaf in objects of its own.
    fn document(&self, leaf: Value) -> Value {
        self.path.iter().rev().fold(leaf, |inner, name| Value::Object(Map::from_iter([((*name).to_owned(), inner)])))
    }

    /// One `json_each` for each member on the way, and one for the elements of an array at its end.
    fn walked(&self, mut built: Built, column: &str) -> Built {
        built = built.words(&format!(" AND EXISTS (SELECT 1 FROM json_each({column}) j0"));
        for level in 1..=self.path.len() {
            let (outer, kind) = (level - 1, if level == self.path.len() { "array" } else { "object" });
            let nothing = if kind == "array" { "[null]" } else { "{}" };
            built = built.words(&format!(
                ", json_each(CASE j{outer}.type WHEN '{kind}' THEN j{outer}.value ELSE '{nothing}' END) j{level}"
            ));
        }
        for (level, name) in self.path.iter().enumerate() {
            let and = if level == 0 { " WHERE" } else { " AND" };
            built = built.words(&format!("{and} j{level}.key = ")).value(Bound::Text((*name).to_owned()));
        }
        let (member, element) = (self.path.len() - 1, self.path.len());
        for (open, level) in [(" AND (", member), (" OR ", element)] {
            let alias = format!("j{level}");
            let array = if level == element { format!("j{member}.type = 'array' AND ") } else { String::new() };
            built = self.equals(built.words(open).words("(").words(&array), &alias).words(")");
        }
        built.words("))")
    }

    fn equals(&self, built: Built, alias: &str) -> Built {
        match self.value {
            Value::String(text) => {
                built.words(&format!("{alias}.type = 'text' AND {alias}.value = ")).value(Bound::Text(text.clone()))
            }
            Value::Number(number) => built
                .words(&format!("{alias}.type IN ('integer', 'real') AND {alias}.value = CAST("))
                .value(Bound::Text(number.to_string()))
                .words(" AS NUMERIC)"),
            Value::Bool(true) => built.words(&format!("{alias}.type = 'true'")),
            Value::Bool(false) => built.words(&format!("{alias}.type = 'false'")),
            _ => built.words(&format!("{alias}.type = 'null'")),
        }
    }
}
