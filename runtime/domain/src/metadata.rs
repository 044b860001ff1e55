//! What applications keep about a user (`spec/admin-api.md` §6).

/// One of the three documents.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Category {
    /// For everybody to read, for the backend to write.
    Public,
    /// For the backend alone.
    Private,
    /// For everybody to read and the user to write.
    Unsafe,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Unsafe];

    /// As in `public metadata`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Unsafe => "unsafe",
        }
    }

    /// The wire's member.
    pub fn member(self) -> &'static str {
        match self {
            Self::Public => "public_metadata",
            Self::Private => "private_metadata",
            Self::Unsafe => "unsafe_metadata",
        }
    }
}

/// All three: JSON texts as they were stored, unread (`spec/storage.md` §3.18). A user without a row has none of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// For everybody to read, for the backend to write.
    pub public: Option<String>,
    /// For the backend alone.
    pub private: Option<String>,
    /// For everybody to read and the user to write.
    pub unsafe_: Option<String>,
}

impl Metadata {
    /// The text of a category.
    pub fn of(&self, category: Category) -> Option<&str> {
        match category {
            Category::Public => self.public.as_deref(),
            Category::Private => self.private.as_deref(),
            Category::Unsafe => self.unsafe_.as_deref(),
        }
    }
}
