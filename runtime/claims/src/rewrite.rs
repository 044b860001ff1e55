//! Makes a parsed template one that can be trusted with a login.
//!
//! The library knows no methods with arguments, prints objects as Go prints maps, and counts only the turns of a `range`. So what
//! it has parsed is changed before it runs: methods become calls, and everything that moves text is told through a guard, which
//! takes its cost from the budget.

use gotmpl::parse::{
    BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Number, Parser, PipeNode, Pos, SmolStr,
};

use crate::{
    path::Path,
    user::{FIELDS, METHODS, PASS, PLAIN, TEXT},
};

/// The longest template, in bytes.
const LONGEST: usize = 4 * 1024;
/// The most blocks and parentheses around anything: each takes some kilobytes of the stack.
const DEEPEST: usize = 24;
/// What calling a function costs beside what it moves.
const CALL: usize = 16;
/// The most digits of a width of `printf`.
const WIDEST: usize = 3;

/// Print whatever they are given, objects as their JSON.
const PRINTING: [&str; 6] = ["print", "printf", "println", "html", "js", "urlquery"];
/// Know numbers, texts and booleans.
const PLAIN_ONLY: [&str; 9] = ["eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice"];
/// Know what is true, of everything.
const LOGIC: [&str; 3] = ["and", "or", "not"];

/// Parses the text and changes it. What is wrong says what to do.
pub(crate) fn template(text: &str) -> Result<ListNode, String> {
    if text.len() > LONGEST {
        return Err(format!("is {} bytes long; write at most {LONGEST}", text.len()));
    }
    // The library stops at an `end` or `else` that closes nothing, as if the text ended there.
    let (marked, _) = parse(&format!("{text}\u{1}{{{{true}}}}"))?;
    if !matches!(marked.nodes.as_slice(), [.., Node::Text(mark), Node::Action(_)] if mark.text.ends_with('\u{1}')) {
        return Err("is no template: has an `end` or `else` too many".to_owned());
    }
    let (mut tree, defined) = parse(text)?;
    if !defined.is_empty() {
        return Err(NO_DEFINITIONS.to_owned());
    }
    Rewriter { depth: 0 }.list(&mut tree)?;
    Ok(tree)
}

fn parse(text: &str) -> Result<(ListNode, Vec<DefineNode>), String> {
    Parser::new(text, "{{", "}}").and_then(Parser::parse).map_err(|error| {
        let error = error.to_string();
        format!("is no template: line and column {}", error.trim_start_matches("template: "))
    })
}

const NO_DEFINITIONS: &str = "uses `define`, `block` or `template`, which may call themselves without end; \
                              write the text where it belongs";

type Checked = Result<(), String>;

struct Rewriter {
    /// Of blocks and parentheses around what is looked at.
    depth: usize,
}

impl Rewriter {
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == DEEPEST {
            return Err(format!(
                "is nested deeper than {DEEPEST} blocks, `else if`s and parentheses; write it flatter"
            ));
        }
        self.depth += 1;
        let done = inner(self);
        self.depth -= 1;
        done
    }

    fn list(&mut self, list: &mut ListNode) -> Checked {
        list.nodes.iter_mut().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &mut Node) -> Checked {
        match node {
            Node::Action(action) => {
                let prints = action.pipe.decl.is_empty();
                self.pipe(&mut action.pipe, if prints { TEXT } else { PASS })
            }
            Node::If(branch) | Node::With(branch) => self.deeper(|inner| inner.branch(branch, PASS)),
            Node::Range(branch) => self.deeper(|inner| inner.branch(branch, PLAIN)),
            Node::List(inner) => self.deeper(|deeper| deeper.list(inner)),
            Node::Template(_) | Node::Define(_) => Err(NO_DEFINITIONS.to_owned()),
            Node::Text(_) | Node::Break(_) | Node::Continue(_) => Ok(()),
        }
    }

    fn branch(&mut self, branch: &mut BranchNode, guard: &str) -> Checked {
        self.pipe(&mut branch.pipe, guard)?;
        self.list(&mut branch.body)?;
        branch.else_body.as_mut().map_or(Ok(()), |list| self.list(list))
    }

    /// A pipeline whose end goes through `guard`.
    fn pipe(&mut self, pipe: &mut PipeNode, guard: &str) -> Checked {
        let cost = CALL + self.inner_pipe(pipe)?;
        pipe.commands.push(guard_command(pipe.pos, guard, cost));
        Ok(())
    }

    /// What its own text costs each time.
    fn inner_pipe(&mut self, pipe: &mut PipeNode) -> Result<usize, String> {
        let mut cost = 0;
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (at, mut command) in std::mem::take(&mut pipe.commands).into_iter().enumerate() {
            let (guard, more) = self.command(&mut command)?;
            if let Some(guard) = guard.filter(|_| at > 0) {
                commands.push(guard_command(command.pos, guard, 1));
            }
            cost += more;
            commands.push(command);
        }
        pipe.commands = commands;
        Ok(cost)
    }

    /// The guard of what is piped into it, and its cost.
    fn command(&mut self, command: &mut CommandNode) -> Result<(Option<&'static str>, usize), String> {
        let pos = command.pos;
        let Some((first, arguments)) = command.args.split_first_mut() else { return Ok((None, 0)) };
        let is_method = is_method(first);
        let (guard, mut cost) = if let Expr::Identifier(_, name) = first {
            (function(name, arguments)?, CALL)
        } else if is_method {
            check_path(arguments)?;
            (Some(PLAIN), CALL + self.receiver(first)?)
        } else {
            (None, self.expression(first)?)
        };
        for argument in arguments.iter_mut() {
            cost += self.expression(argument)?;
            if let Some(guard) = guard
                && !matches!(argument, Expr::String(..) | Expr::Number(..) | Expr::Bool(..) | Expr::Nil(..))
            {
                let guarded = std::mem::replace(argument, Expr::Nil(pos));
                *argument = in_parentheses(pos, vec![call(pos), guard_of(pos, guard), number(pos, 1), guarded]);
            }
        }
        if is_method {
            command.args.insert(0, call(pos));
        }
        Ok((guard, cost))
    }

    /// An argument, or a value that stands alone.
    fn expression(&mut self, expression: &mut Expr) -> Result<usize, String> {
        let pos = expression.pos();
        if is_method(expression) {
            let cost = self.receiver(expression)?;
            let method = std::mem::replace(expression, Expr::Nil(pos));
            *expression = in_parentheses(pos, vec![call(pos), method]);
            return Ok(CALL + cost);
        }
        Ok(match expression {
            Expr::String(_, text) => 1 + text.len(),
            Expr::Pipe(_, pipe) => self.deeper(|inner| inner.inner_pipe(pipe))?,
            // A function without arguments.
            Expr::Identifier(_, name) => {
                function(name, &[])?;
                CALL
            }
            other => self.receiver(other)?,
        })
    }

    /// What a field is taken of.
    fn receiver(&mut self, expression: &mut Expr) -> Result<usize, String> {
        let (fields, cost) = match expression {
            Expr::Field(_, fields) | Expr::Variable(_, _, fields) => (fields, 0),
            Expr::Chain(_, inner, fields) => (fields, self.expression(inner)?),
            _ => return Ok(1),
        };
        if let Some(unknown) = fields.iter().find(|field| !FIELDS.contains(&field.as_str())) {
            return Err(format!("names `.{unknown}`, which is not there; there are .{}", FIELDS.join(", .")));
        }
        Ok(cost + fields.len() + 1)
    }
}

fn function(name: &str, arguments: &[Expr]) -> Result<Option<&'static str>, String> {
    if name == "printf" {
        let Some(Expr::String(_, format)) = arguments.first() else {
            return Err("uses `printf` without its format behind it; write one, as in `printf \"%s\"`".to_owned());
        };
        check_format(format)?;
    }
    match name {
        name if PRINTING.contains(&name) => Ok(Some(TEXT)),
        name if PLAIN_ONLY.contains(&name) => Ok(Some(PLAIN)),
        name if LOGIC.contains(&name) => Ok(None),
        name => {
            let known = [&PRINTING[..], &PLAIN_ONLY[..], &LOGIC[..]].concat().join(", ");
            Err(format!("uses the function `{name}`, which is not there; there are {known}"))
        }
    }
}

fn check_format(format: &str) -> Checked {
    for verb in format.split('%').skip(1) {
        let end = verb.find(|c: char| !"+-# 0123456789.[]*".contains(c)).unwrap_or(verb.len());
        let (options, _) = verb.split_at(end);
        if options.contains('*') || options.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > WIDEST) {
            return Err("uses `printf` with a width that is not written out or has more than 3 digits".to_owned());
        }
    }
    Ok(())
}

/// A path that is written out is tried right away.
fn check_path(arguments: &[Expr]) -> Checked {
    let parts: Option<Vec<&str>> =
        arguments.iter().map(|part| if let Expr::String(_, part) = part { Some(&**part) } else { None }).collect();
    match parts.as_deref() {
        None | Some([]) => Ok(()),
        Some(parts) => Path::parse(&parts.join(".")).map(drop),
    }
}

fn is_method(expression: &Expr) -> bool {
    let (Expr::Field(_, fields) | Expr::Variable(_, _, fields) | Expr::Chain(_, _, fields)) = expression else {
        return false;
    };
    fields.last().is_some_and(|field| METHODS.contains(&field.as_str()))
}

fn call(pos: Pos) -> Expr {
    Expr::Identifier(pos, SmolStr::new_static("call"))
}

fn guard_of(pos: Pos, guard: &str) -> Expr {
    Expr::Variable(pos, SmolStr::new_static("$"), vec![guard.into()])
}

fn guard_command(pos: Pos, guard: &str, cost: usize) -> CommandNode {
    CommandNode { pos, args: vec![call(pos), guard_of(pos, guard), number(pos, cost)] }
}

fn number(pos: Pos, number: usize) -> Expr {
    Expr::Number(pos, Number::Int(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn in_parentheses(pos: Pos, args: Vec<Expr>) -> Expr {
    let commands = vec![CommandNode { pos, args }];
    Expr::Pipe(pos, PipeNode { pos, decl: Vec::new(), commands, is_assign: false })
}
