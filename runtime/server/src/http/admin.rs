//! The frame of the Admin API (`spec/admin-api.md` §§1, 3): who may call, what is written down of a call, and how paths, queries
//! and bodies are read there.
//!
//! A handler names its part of the API with [`by::By`], first of its arguments: no route answers without a key. Then it takes what
//! it needs: [`query::Query`] and [`page::Page`] of a list, [`input::Wrapped`] or [`input::Body`] where path and body are bound.
//! Calls that read and calls that are refused are counted by [`counted`], so that none of them waits for the database.

pub(crate) mod by;
pub(crate) mod counted;
pub(crate) mod ids;
pub(crate) mod input;
pub(crate) mod key;
pub(crate) mod keys;
pub(crate) mod page;
pub(crate) mod pretty;
pub(crate) mod query;

use http::Uri;

/// What stands in a path for an empty part, which no router knows (`spec/admin-api.md` §1.8). A path that spells it out means the same.
pub(crate) const EMPTY_SEGMENT: &str = "\0";

/// A path as the router knows it: without the prefix `/admin`, and with every empty part between two others filled in.
/// `None`: it is so already.
pub(crate) fn routed(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let own = match path.strip_prefix("/admin") {
        Some("") => "/",
        // What the platform asks of the process is no part of the API.
        Some(rest) if rest.starts_with('/') && !rest.starts_with("/-/") => rest,
        _ => path,
    };
    let filled = if own.contains("//") { own.replace("//", "/%00/") } else { own.to_owned() };
    // Two gaps in a row share a slash.
    let filled = if filled.contains("//") { filled.replace("//", "/%00/") } else { filled };
    if filled == path {
        return None;
    }
    let target = uri.query().map_or_else(|| filled.clone(), |query| format!("{filled}?{query}"));
    target.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_goes_and_empty_parts_are_filled_in() {
        for (path, expected) in [
            ("/users", "/users"),
            ("/admin/users", "/users"),
            ("/admin/users?page=2", "/users?page=2"),
            ("/admin", "/"),
            ("/admin/", "/"),
            ("/administrators", "/administrators"),
            ("/admin/admin/users", "/admin/users"),
            ("/admin/-/revision", "/admin/-/revision"),
            ("/-/revision", "/-/revision"),
            ("/users//emails", "/users/%00/emails"),
            ("/admin/users//emails//x", "/users/%00/emails/%00/x"),
            ("/users///emails", "/users/%00/%00/emails"),
            ("/users/", "/users/"),
        ] {
            let uri: Uri = path.parse().unwrap();
            assert_eq!(routed(&uri).unwrap_or(uri).to_string(), expected, "{path}");
        }
    }
}
