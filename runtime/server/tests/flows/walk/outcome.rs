//! What an answer must say.

/// What the answer must be beside the state and its actions.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// 0: no error.
    pub status: u16,
    pub error: Option<&'static str>,
    /// Input errors of the action that was called.
    pub inputs: Vec<(&'static str, &'static str)>,
    /// The value of a preserved input.
    pub value: Option<String>,
    pub payload: Payload,
}

/// The members of `payload`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Payload {
    #[default]
    Nothing,
    /// `request_options`; with the number of allowed credentials where they are named.
    Request(Option<usize>),
    /// `creation_options` of a passkey or a security key.
    Creation {
        key: bool,
    },
    /// `otp_secret` and its picture; the same as in the answer before, or new ones.
    Secret {
        same: bool,
    },
    Success,
}

impl Outcome {
    /// The run goes onward and an error is told all the same.
    pub fn soft(&mut self, status: u16, error: &'static str) {
        self.status = status;
        self.error = Some(error);
    }

    /// Refuses the action.
    pub fn refuse(&mut self, status: u16, error: &'static str) -> Result<(), ()> {
        self.soft(status, error);
        Err(())
    }

    /// Refuses an input.
    pub fn input(&mut self, name: &'static str, error: &'static str) -> Result<(), ()> {
        self.inputs.push((name, error));
        self.refuse(400, "form_data_invalid_error")
    }
}
