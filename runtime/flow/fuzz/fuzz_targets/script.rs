//! What an input means. Every input means something:
//!
//! ```text
//! 0                                                      the project's number, then one step on each line
//! >login                                                 begins a flow; >profile as whoever signed in last, at first jane
//! continue_with_login_identifier {"email":"jane@x.de"}   an action of the flow that began last, with its inputs
//! verify_passcode {"code":"$code"}                       $code: from the last mail; $totp: of the secret that was shown
//! +60                                                    a minute passes
//! =jane:token                                            the trusted-device cookie from now on
//! !back@no-uuid {"csrf_token":7}                         an action string and a body as they are
//! ```

/// So that one input takes no longer than some tens of milliseconds, without its hashes.
const MOST_STEPS: usize = 24;

pub(crate) struct Script<'a> {
    pub(crate) project: u8,
    pub(crate) steps: Vec<Step<'a>>,
}

pub(crate) enum Step<'a> {
    Begin(&'static str),
    Act { action: &'a [u8], inputs: &'a [u8] },
    Wait(u32),
    Cookie(&'a [u8]),
    Raw { action: &'a [u8], body: &'a [u8] },
}

impl<'a> Script<'a> {
    pub(crate) fn parse(data: &'a [u8]) -> Self {
        let mut lines = data.split(|byte| *byte == b'\n');
        let project = lines.next().and_then(<[u8]>::first).copied().unwrap_or(b'0');
        Self { project, steps: lines.filter(|line| !line.is_empty()).take(MOST_STEPS).map(Step::parse).collect() }
    }
}

impl<'a> Step<'a> {
    fn parse(line: &'a [u8]) -> Self {
        match line {
            [b'>', b'r', ..] => Self::Begin("registration"),
            [b'>', b'p', ..] => Self::Begin("profile"),
            [b'>', ..] => Self::Begin("login"),
            [b'+', seconds @ ..] => {
                let seconds = std::str::from_utf8(seconds).ok().and_then(|text| text.trim().parse().ok());
                Self::Wait(seconds.unwrap_or(1))
            }
            [b'=', cookie @ ..] => Self::Cookie(cookie),
            [b'!', rest @ ..] => {
                let (action, body) = halves(rest);
                Self::Raw { action, body }
            }
            _ => {
                let (action, inputs) = halves(line);
                Self::Act { action, inputs }
            }
        }
    }
}

/// Before and after the first blank.
fn halves(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| *byte == b' ') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, b""),
    }
}
