//! The end of the account.                                                     spec/flow-profile.md §6.1

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, audit::Actor};

use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Step, declaration::Nothing},
    rules::report,
};

pub(super) struct Delete;

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "account_delete";
    const DESCRIPTION: &'static str = "Deletes the account.";
    const LEADS_TO: &'static [&'static str] = &["account_deleted"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().allow_deletion
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        let account = cx.owner()?.clone();
        let deleted = report::deleted(cx.occasion(), &account);
        cx.audit(AuditEntry::new(AuditKind::UserDeleted, Actor::user(account.user.id)));
        cx.then(Effect::DeleteAccount(account.user.id));
        cx.then(deleted);
        cx.signed_out = true;
        Ok(Step::to("account_deleted"))
    }
}
