//! Rust text → the paths it names. Comments and literals are not text; `use` trees are spread out.

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    /// `::`
    Join,
    Mark(char),
}

/// A path as it stands in the text, made absolute where it is one of this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// From the root of the crate: `port::clock::Clock`.
    Own(Vec<String>),
    /// Of another crate: `tera::Tera`.
    Foreign(Vec<String>),
}

/// Every path of more than one name, and every `use`, in a file whose module is `module`.
pub(crate) fn paths(text: &str, module: &[&str]) -> Vec<Named> {
    let tokens = tokens(text);
    let mut named = Vec::new();
    // Inline modules, each with the depth of braces it began at.
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    for at in 0..tokens.len() {
        match &tokens[at] {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth -= 1;
                inline.pop_if(|(_, began)| *began == depth);
            }
            Token::Name(word) if word == "mod" => {
                if let (Some(Token::Name(name)), Some(Token::Mark('{'))) = (tokens.get(at + 1), tokens.get(at + 2)) {
                    inline.push((name.clone(), depth));
                }
            }
            Token::Name(_) if begins_path(&tokens, at) => {
                let mut spread = Vec::new();
                spread_out(&tokens, at, Vec::new(), &mut spread);
                let here = module.iter().copied().chain(inline.iter().map(|(name, _)| name.as_str()));
                let here = here.map(str::to_owned).collect::<Vec<_>>();
                named.extend(spread.into_iter().map(|path| absolute(path, &here)));
            }
            _ => {}
        }
    }
    named
}

fn begins_path(tokens: &[Token], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| &tokens[at]);
    let continues = before(1) == Some(&Token::Join) && matches!(before(2), Some(Token::Name(_) | Token::Mark('>')));
    let field = before(1) == Some(&Token::Mark('.'));
    let imported = [before(1), before(2)].contains(&Some(&Token::Name("use".to_owned())));
    !continues && !field && (tokens.get(at + 1) == Some(&Token::Join) || imported) && !in_tree(tokens, at)
}

/// Whether the name stands within the braces of a path that was spread out already.
fn in_tree(tokens: &[Token], at: usize) -> bool {
    let mut closed = 0;
    for back in (1..at).rev() {
        match &tokens[back] {
            Token::Mark('}') => closed += 1,
            Token::Mark('{') if closed > 0 => closed -= 1,
            Token::Mark('{') if tokens[back - 1] == Token::Join => return true,
            Token::Mark(';' | '{' | '(' | ')' | '=') => return false,
            _ => {}
        }
    }
    false
}

/// Adds every path of the tree that begins at `at`; gives the place behind it.
fn spread_out(tokens: &[Token], mut at: usize, mut path: Vec<String>, out: &mut Vec<Vec<String>>) -> usize {
    loop {
        match tokens.get(at) {
            Some(Token::Name(name)) => {
                path.push(name.clone());
                at += 1;
                if tokens.get(at) != Some(&Token::Join) {
                    break;
                }
            }
            Some(Token::Join) => at += 1,
            Some(Token::Mark('{')) => {
                at += 1;
                while !matches!(tokens.get(at), None | Some(Token::Mark('}'))) {
                    match tokens[at] {
                        Token::Mark(',') => at += 1,
                        Token::Name(ref word) if word == "as" => at += 2,
                        _ => at = spread_out(tokens, at, path.clone(), out),
                    }
                }
                return at + 1;
            }
            _ => {
                at += 1;
                break;
            }
        }
    }
    out.push(path);
    at
}

fn absolute(path: Vec<String>, here: &[String]) -> Named {
    let up = path.iter().take_while(|name| *name == "super").count();
    match path[0].as_str() {
        "crate" => Named::Own(path[1..].to_vec()),
        "self" => Named::Own([here, &path[1..]].concat()),
        "super" => Named::Own([&here[..here.len().saturating_sub(up)], &path[up..]].concat()),
        _ => Named::Foreign(path),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let chars = text.chars().collect::<Vec<_>>();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match char {
            '/' if next == Some('/') => at = line_end(&chars, at),
            '/' if next == Some('*') => at = comment_end(&chars, at),
            '"' => at = string_end(&chars, at),
            '\'' => at = quote_end(&chars, at),
            ':' if next == Some(':') => {
                tokens.push(Token::Join);
                at += 2;
            }
            _ if char.is_alphabetic() || char == '_' => {
                let end = (at..chars.len()).find(|at| !chars[*at].is_alphanumeric() && chars[*at] != '_');
                let end = end.unwrap_or(chars.len());
                let word = chars[at..end].iter().collect::<String>();
                let raw = matches!(word.as_str(), "r" | "br") && matches!(chars.get(end), Some('"' | '#'));
                if raw {
                    at = raw_string_end(&chars, end);
                } else {
                    tokens.push(Token::Name(word));
                    at = end;
                }
            }
            _ if char.is_whitespace() => at += 1,
            _ => {
                tokens.push(Token::Mark(char));
                at += 1;
            }
        }
    }
    tokens
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|at| chars[*at] == '\n').unwrap_or(chars.len())
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (1, at + 2);
    while depth > 0 && at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// `at` is the first `#` or quote of a raw string; `r#name` is a name.
fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at..].iter().take_while(|char| **char == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return at + hashes;
    }
    let close =
        |from: usize| chars[from] == '"' && chars[from + 1..].iter().take_while(|char| **char == '#').count() >= hashes;
    (at + hashes + 1..chars.len()).find(|from| close(*from)).map_or(chars.len(), |from| from + 1 + hashes)
}

/// The end of a character literal, or of the quote that begins a lifetime.
fn quote_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        // The escaped character itself may be a quote.
        (Some('\\'), _) => (at + 3..chars.len()).find(|at| chars[*at] == '\'').map_or(chars.len(), |end| end + 1),
        (_, Some('\'')) => at + 3,
        _ => at + 1,
    }
}
