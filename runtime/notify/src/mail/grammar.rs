//! How much of Jinja a project's template may use: values, conditions, loops over what is there, and blocks of the layout. What
//! could make much of little (concatenation, arithmetic, variables, macros) is left out, so that no template can exhaust the process.

use std::collections::BTreeSet;

use minijinja::{
    machinery::{
        Token,
        ast::{BinOpKind, Call, CallArg, Expr, Stmt, UnaryOpKind},
        parse, tokenize,
    },
    syntax::SyntaxConfig,
};

use super::look::Part;

/// Filters, none with arguments.
pub(super) const FILTERS: [&str; 3] = ["upper", "lower", "trim"];
/// Functions; `super` is the layout's own content of a block.
const FUNCTIONS: [&str; 4] = ["t", "code_block", "button", "super"];

/// Refuses what a template may not use, and values that its mail does not have, wherever they stand in it.
pub(super) fn check(source: &str, part: Part, known: &BTreeSet<&str>) -> Result<(), String> {
    check_shape(source)?;
    let template = parse(source, part.as_str(), SyntaxConfig::default()).map_err(|error| explain(&error))?;
    let mut reader = Reader { part, known, bound: Vec::new() };
    reader.statement(&template)
}

/// Refuses what is nested so deeply, or strung together so long, that reading it could exhaust a thread's stack.
fn check_shape(source: &str) -> Result<(), String> {
    let (mut length, mut depth, mut alternatives) = (0_usize, 0_usize, 0_usize);
    for token in tokenize(source, false, SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| explain(&error))?;
        length += 1;
        match token {
            Token::TemplateData(_) | Token::VariableStart | Token::BlockStart => length = 0,
            Token::Ident("if" | "for" | "block") if length == 1 => depth += 1,
            Token::Ident("endif" | "endfor" | "endblock") if length == 1 => depth = depth.saturating_sub(1),
            Token::Ident("elif") if length == 1 => alternatives += 1,
            _ => {}
        }
        if length > LONGEST || depth > DEEPEST || alternatives > ALTERNATIVES {
            return Err(format!("is too much at once (line {}); write it in smaller pieces", span.start_line));
        }
    }
    Ok(())
}

/// What the engine says, in one line.
pub(super) fn explain(error: &minijinja::Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let reason = source.or(error.detail().map(str::to_owned)).unwrap_or_else(|| error.kind().to_string());
    match error.line() {
        Some(line) => format!("{reason} (line {line})"),
        None => reason,
    }
}

/// Words and signs between `{{` and `}}`, or `{%` and `%}`.
const LONGEST: usize = 100;
/// `if`, `for` and `block` within each other.
const DEEPEST: usize = 20;
/// All `elif` of a template.
const ALTERNATIVES: usize = 50;

struct Reader<'a> {
    part: Part,
    known: &'a BTreeSet<&'a str>,
    /// Names that loops around this place give.
    bound: Vec<String>,
}

fn refused(what: &str, line: u32) -> Result<(), String> {
    Err(format!("{what} cannot be used in a mail's template (line {line})"))
}

impl Reader<'_> {
    fn all(&mut self, statements: &[Stmt<'_>]) -> Result<(), String> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Result<(), String> {
        match statement {
            Stmt::Template(template) => self.all(&template.children),
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.all(&condition.true_body)?;
                self.all(&condition.false_body)
            }
            Stmt::ForLoop(repeat) => {
                let Expr::Var(name) = &repeat.target else {
                    return refused("several names in a loop", repeat.span().start_line.into());
                };
                self.expression(&repeat.iter)?;
                self.bound.push(name.id.to_owned());
                let body = repeat
                    .filter_expr
                    .iter()
                    .try_for_each(|filter| self.expression(filter))
                    .and_then(|()| self.all(&repeat.body));
                self.bound.pop();
                body?;
                self.all(&repeat.else_body)
            }
            Stmt::Block(block) => self.all(&block.body),
            Stmt::Extends(extends) => {
                let layout = match self.part {
                    Part::Html => "layout",
                    Part::Text => "layout.txt",
                    Part::Subject => return refused("`extends` of a subject", extends.span().start_line.into()),
                };
                match &extends.name {
                    Expr::Const(name) if name.value.as_str() == Some(layout) => Ok(()),
                    _ => Err(format!(
                        "only `{{% extends \"{layout}\" %}}` is possible here (line {})",
                        extends.span().start_line
                    )),
                }
            }
            Stmt::Include(other) => refused("`include`", other.span().start_line.into()),
            Stmt::Set(other) => refused("`set`", other.span().start_line.into()),
            _ => Err("only values, `if`, `for`, `extends` and `block` can be used in a mail's template".to_owned()),
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) -> Result<(), String> {
        match expression {
            Expr::Var(variable) => {
                let name = variable.id;
                if self.known.contains(name) || name == "loop" || self.bound.iter().any(|bound| bound == name) {
                    return Ok(());
                }
                let known = self.known.iter().copied().collect::<Vec<_>>().join(", ");
                Err(format!(
                    "there is no value `{name}` in this mail (line {}); there are {known}",
                    variable.span().start_line
                ))
            }
            Expr::Const(_) => Ok(()),
            Expr::GetAttr(get) => self.expression(&get.expr),
            Expr::UnaryOp(operation) if matches!(operation.op, UnaryOpKind::Not) => self.expression(&operation.expr),
            Expr::BinOp(operation)
                if matches!(operation.op, BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Eq | BinOpKind::Ne) =>
            {
                self.expression(&operation.left)?;
                self.expression(&operation.right)
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr)?;
                compare.ops.iter().try_for_each(|operation| self.expression(&operation.expr))
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr)?;
                self.expression(&choice.true_expr)?;
                choice.false_expr.iter().try_for_each(|other| self.expression(other))
            }
            Expr::Filter(filter) if FILTERS.contains(&filter.name) && filter.args.is_empty() => {
                filter.expr.iter().try_for_each(|inner| self.expression(inner))
            }
            Expr::Filter(filter) => {
                Err(format!("there is no filter `{}`; there are {}", filter.name, FILTERS.join(", ")))
            }
            Expr::Call(call) => self.call(call),
            _ => Err("only values, comparisons, `and`, `or` and `not` can be used in a mail's template".to_owned()),
        }
    }

    fn call(&mut self, call: &Call<'_>) -> Result<(), String> {
        match &call.expr {
            Expr::Var(name) if FUNCTIONS.contains(&name.id) => {}
            _ => return Err(format!("there is no such function; there are {}", FUNCTIONS.join(", "))),
        }
        call.args.iter().try_for_each(|argument| match argument {
            CallArg::Pos(expression) => self.expression(expression),
            _ => Err("a function takes plain values only".to_owned()),
        })
    }
}
